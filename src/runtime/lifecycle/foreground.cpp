#include "runtime/lifecycle/foreground.h"

#include <poll.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "common/syscall.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::lifecycle {
namespace {

// Signals that are about this process and not meant for the container.
constexpr std::array own_signals{SIGCHLD, SIGPIPE, SIGURG, SIGWINCH, SIGTTIN, SIGTTOU,
                                 SIGSEGV, SIGBUS,  SIGFPE, SIGILL,   SIGTRAP, SIGSYS};

}  // namespace

Result<Fd> block_signals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int signal : own_signals) ::sigdelset(&set, signal);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask", "block signals");
    Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("signalfd", "receive signals");
    return fd;
}

void forward_signals(const Fd& signals, const Fd& pidfd) {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof(info)) == sizeof(info))
        (void)sys::send_signal(pidfd, static_cast<int>(info.ssi_signo));
}

Result<int> wait_and_forward(const Fd& signals, const Fd& pidfd, NotifyRelay* notifications) {
    constexpr pollfd nothing{.fd = -1, .events = 0, .revents = 0};
    for (;;) {
        std::array<pollfd, 3> ready{pollfd{.fd = pidfd.get(), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = signals.get(), .events = POLLIN, .revents = 0},
                                    notifications == nullptr ? nothing : notifications->awaited()};
        const int timeout = notifications == nullptr ? -1 : notifications->timeout();
        if (::poll(ready.data(), ready.size(), timeout) < 0 && errno != EINTR) return fail_errno("poll", "wait");
        if ((ready[1].revents & POLLIN) != 0) forward_signals(signals, pidfd);
        if (notifications != nullptr) notifications->advance();
        if ((ready[0].revents & POLLIN) != 0) return reap(pidfd);
    }
}

}  // namespace ocirt::lifecycle
