#include "shim/reaper.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace ocirt::shim {
namespace {

Exit to_exit(const siginfo_t& info) {
    constexpr int signal_base = 128;
    return {.pid = info.si_pid,
            .status = info.si_code == CLD_EXITED ? info.si_status : signal_base + info.si_status,
            .at = std::chrono::system_clock::now()};
}

}  // namespace

Result<std::unique_ptr<Reaper>> Reaper::start(EventLoop& loop) {
    std::unique_ptr<Reaper> reaper(new Reaper(loop));
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGCHLD);
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return fail_errno("sigprocmask", "wait for processes");
    reaper->signals_ = Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!reaper->signals_) return fail_errno("signalfd", "wait for processes");
    TRY(loop.watch(reaper->signals_, EPOLLIN, [raw = reaper.get()](std::uint32_t) {
        signalfd_siginfo signal{};
        while (::read(raw->signals_.get(), &signal, sizeof(signal)) > 0) {}
        raw->sweep();
    }));
    return reaper;
}

Reaper::~Reaper() { loop_.forget(signals_); }

// Only one whose child has been reaped already has its end among the kept ones.
std::optional<Exit> Reaper::take_end(pid_t pid, const Fd& process) {
    siginfo_t info{};
    const auto id = static_cast<id_t>(process.get());
    const bool is_child = ::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG | __WALL) == 0;
    const auto kept = unclaimed_.extract(pid);
    if (is_child && info.si_pid != 0) return to_exit(info);
    if (is_child || !kept) return std::nullopt;
    return kept.mapped();
}

void Reaper::expect(pid_t pid, const Fd& process, Ended ended) {
    if (const std::optional<Exit> exit = take_end(pid, process)) return ended(*exit);
    expected_[pid] = std::move(ended);
}

void Reaper::release() {
    if (--holds_ == 0) unclaimed_.clear();
}

void Reaper::sweep() {
    siginfo_t info{};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL) == 0 && info.si_pid != 0) {
        const Exit exit = to_exit(info);
        if (const auto expected = expected_.extract(exit.pid))
            expected.mapped()(exit);
        else if (holds_ > 0)
            unclaimed_[exit.pid] = exit;
        info = {};
    }
}

}  // namespace ocirt::shim
