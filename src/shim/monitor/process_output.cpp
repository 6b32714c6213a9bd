#include "shim/monitor/process_output.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ocirt::shim::monitor {
namespace {

// What a pipe holds at most, unless somebody has made it larger.
constexpr std::size_t read_size = std::size_t{64} << 10;
constexpr int reads_at_once = 8;
constexpr std::chrono::milliseconds closed_terminal_look{100};

}  // namespace

ProcessOutput::ProcessOutput(EventLoop& loop, Stream stream, Fd fd, Take take)
    : loop_(loop), stream_(stream), fd_(std::move(fd)), take_(std::move(take)) {
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
}

ProcessOutput::~ProcessOutput() {
    unwatch();
    if (timer_) loop_.cancel(*timer_);
}

void ProcessOutput::begin() {
    begun_ = true;
    watch();
}

void ProcessOutput::hold(bool hold) {
    held_ = hold;
    if (held_)
        unwatch();  // epoll tells of a hang-up even when asked for nothing
    else
        watch();
}

void ProcessOutput::watch() {
    if (!begun_ || held_ || ended_ || watched_ || timer_) return;
    watched_ = loop_.watch(fd_, EPOLLIN, [this](std::uint32_t events) { ready(events); }).has_value();
}

void ProcessOutput::unwatch() {
    if (std::exchange(watched_, false)) loop_.forget(fd_);
}

void ProcessOutput::ready(std::uint32_t events) {
    if ((events & EPOLLIN) == 0) {
        if (!read()) look_again_later();
        return;
    }
    for (int i = 0; i < reads_at_once && !held_; ++i)
        if (!read()) return;
}

// A terminal that nobody has open at the moment: somebody may open it again.
void ProcessOutput::look_again_later() {
    if (ended_ || ::isatty(fd_.get()) == 0) return;
    unwatch();
    timer_ = loop_.after(closed_terminal_look, [this] {
        timer_.reset();
        watch();
    });
}

bool ProcessOutput::read() {
    // Not on the stack, where every page would be touched: of a little output only the first is.
    static std::array<char, read_size> bytes;
    const ssize_t got = ended_ ? 0 : ::read(fd_.get(), bytes.data(), bytes.size());
    if (got > 0) {
        take_({bytes.data(), static_cast<std::size_t>(got)});
        return true;
    }
    if (got == 0) {
        ended_ = true;
        unwatch();
    }
    if (got < 0 && errno == EIO) look_again_later();
    return false;
}

}  // namespace ocirt::shim::monitor
