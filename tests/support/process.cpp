#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <system_error>
#include <thread>

namespace ocirt::test {
namespace {

[[noreturn]] void throw_errno(int errnum, const std::string& what) {
    throw std::system_error(errnum, std::generic_category(), what);
}

std::vector<pid_t>& processes() {
    static std::vector<pid_t> pids;
    return pids;
}

struct Pipe {
    Fd reading{};
    Fd writing{};
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno(errno, "pipe2");
    return {.reading = Fd(ends[0]), .writing = Fd(ends[1])};
}

// posix_spawn's two objects, destroyed at the end.
class SpawnActions {
   public:
    SpawnActions() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
        // The test's own blocked or ignored signals are not the program's.
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    void give(int ours, int theirs) { ::posix_spawn_file_actions_adddup2(&actions_, ours, theirs); }
    void change_directory(const std::string& path) { ::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()); }
    pid_t spawn(const std::vector<std::string>& args) {
        std::vector<char*> argv;
        for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
        argv.push_back(nullptr);
        pid_t pid = -1;
        const int error = ::posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
        if (error != 0) throw_errno(error, "start " + args.at(0));
        return pid;
    }

   private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

Process::Process(const Command& command) {
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Pipe err = make_pipe();
    SpawnActions actions;
    actions.give(in.reading.get(), STDIN_FILENO);
    actions.give(out.writing.get(), STDOUT_FILENO);
    actions.give(err.writing.get(), STDERR_FILENO);
    for (const auto& [ours, theirs] : command.descriptors) actions.give(ours, theirs);
    if (command.cwd) actions.change_directory(*command.cwd);
    if (!command.input.empty() && ::write(in.writing.get(), command.input.data(), command.input.size()) !=
                                      static_cast<ssize_t>(command.input.size()))
        throw_errno(errno, "write the input");
    pid_ = actions.spawn(command.args);
    processes().push_back(pid_);
    pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    out_.fd = std::move(out.reading);
    err_.fd = std::move(err.reading);
    for (const Fd* fd : {&out_.fd, &err_.fd}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
}

Process::~Process() {
    if (!pidfd_ || status_) return;
    signal(SIGKILL);
    reap();
}

void Process::signal(int number) const {
    if (!status_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

void Process::reap() {
    int status = 0;
    if (status_ || ::waitpid(pid_, &status, 0) != pid_) return;
    std::erase(processes(), pid_);
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void Process::Stream::read() {
    std::array<char, 16384> buffer;
    while (fd) {
        const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
        if (size > 0)
            text.append(buffer.data(), static_cast<std::size_t>(size));
        else if (size == 0)
            fd.reset();
        else
            return;  // EAGAIN: no more for now
    }
}

bool Process::poll_once(Clock::time_point until, bool also_exit) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 3> set = {{{.fd = out_.fd.get(), .events = POLLIN, .revents = 0},
                                  {.fd = err_.fd.get(), .events = POLLIN, .revents = 0},
                                  {.fd = also_exit && !status_ ? pidfd_.get() : -1, .events = POLLIN, .revents = 0}}};
    if (::poll(set.data(), set.size(), static_cast<int>(left.count()) + 1) <= 0) return errno == EINTR;
    if (set[2].revents != 0) reap();
    out_.read();
    err_.read();
    return true;
}

Finished Process::wait(std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    while (!status_ && poll_once(until, true)) {}
    if (status_) return {.status = *status_, .out = out_.text, .err = err_.text};
    signal(SIGKILL);
    reap();
    return {.status = -1, .out = out_.text, .err = err_.text + "\n(killed by the test: deadline passed)"};
}

bool Process::wait_for(const std::string& text, std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    while (!out_.text.contains(text)) {
        const bool ended = status_.has_value();
        if (ended && !out_.fd) return false;
        if (!poll_once(until, true)) return false;
    }
    return true;
}

Finished Process::drain(std::chrono::milliseconds limit) {
    const auto until = Clock::now() + limit;
    while ((out_.fd || err_.fd) && poll_once(until, false)) {}
    return {.status = status_.value_or(-1), .out = out_.text, .err = err_.text};
}

bool is_process(pid_t pid) { return std::ranges::find(processes(), pid) != processes().end(); }

bool is_alive(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(')');
    return name_end != std::string::npos && line[name_end + 2] != 'Z';
}

int asked(const char* variable, int usual) {
    const char* value = std::getenv(variable);
    return value == nullptr ? usual : std::max(1, std::atoi(value));
}

int patience() {
    static const int times = asked("OCIRT_TEST_PATIENCE", 1);
    return times;
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

Finished run(const Command& command) { return Process(command).wait(); }

}  // namespace ocirt::test
