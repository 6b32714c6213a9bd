#include "engines/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <system_error>

namespace ocirt::engines {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void run_at(const char* terminal, const char* line) {
    ::setsid();
    // The first terminal that a session's leader opens is its controlling one.
    const int number = ::open(terminal, O_RDWR);
    for (const int target : {0, 1, 2}) ::dup2(number, target);
    ::close_range(3, ~0U, 0);
    ::execl("/bin/sh", "sh", "-c", line, nullptr);
    ::_exit(127);
}

}  // namespace

Terminal::Terminal(const std::string& line) : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    std::array<char, 64> name{};
    if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0 ||
        ::ptsname_r(master_.get(), name.data(), name.size()) != 0)
        throw std::system_error(errno, std::generic_category(), "open a terminal");
    resize(100, 40);
    pid_ = ::fork();
    if (pid_ == 0) run_at(name.data(), line.c_str());
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
}

Terminal::~Terminal() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void Terminal::type(const std::string& text) const { (void)!::write(master_.get(), text.data(), text.size()); }

void Terminal::resize(unsigned short columns, unsigned short rows) const {
    const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

bool Terminal::read_until(Clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{.fd = master_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(left.count()) + 1) <= 0) return errno == EINTR;
    std::array<char, 4096> buffer;
    const ssize_t size = ::read(master_.get(), buffer.data(), buffer.size());
    if (size <= 0) return false;
    screen_.append(buffer.data(), static_cast<std::size_t>(size));
    return true;
}

bool Terminal::shows(const std::string& text, std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    for (;;) {
        if (const std::size_t found = screen_.find(text, seen_); found != std::string::npos) {
            seen_ = found + text.size();
            return true;
        }
        if (!read_until(until)) return false;
    }
}

int Terminal::wait(std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    while (read_until(until)) {}
    if (Clock::now() >= until) return -1;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

namespace {

// Asks for the window's size ("40 100") until it is that: engines tell it after the program has started.
bool shows_size(Terminal& terminal, const std::string& size) {
    for (int i = 0; i < 10; ++i) {
        terminal.type("stty size\n");
        if (terminal.shows("\n" + size, std::chrono::seconds(test::patience()))) return true;
    }
    return false;
}

// docker's client looks for changes only a moment after it has told the first size: one that comes between is lost.
bool follows_size(Terminal& terminal) {
    for (int i = 0; i < 10; ++i) {
        terminal.resize(76, 32);
        terminal.resize(77, 33);
        terminal.type("stty size\n");
        if (terminal.shows("\n33 77", std::chrono::seconds(test::patience()))) return true;
    }
    return false;
}

}  // namespace

void expect_shell_that_follows_size(Terminal& terminal, int status) {
    EXPECT_TRUE(shows_size(terminal, "40 100")) << terminal.screen();
    EXPECT_TRUE(follows_size(terminal)) << terminal.screen();
    terminal.type("exit " + std::to_string(status) + "\n");
    EXPECT_EQ(terminal.wait(), status);
}

}  // namespace ocirt::engines
