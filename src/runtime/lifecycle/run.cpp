#include "runtime/lifecycle/run.h"

#include <poll.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/remove.h"
#include "runtime/lifecycle/start.h"
#include "runtime/lifecycle/trace.h"

namespace ocirt::lifecycle {
namespace {

// Signals that are about this process and not meant for the container.
constexpr std::array own_signals{SIGCHLD, SIGPIPE, SIGURG, SIGWINCH, SIGTTIN, SIGTTOU,
                                 SIGSEGV, SIGBUS,  SIGFPE, SIGILL,   SIGTRAP, SIGSYS};

// From here on a signal is not lost: it waits until the container can have it.
Result<Fd> block_signals() {
    sigset_t set;
    ::sigfillset(&set);
    for (const int signal : own_signals) ::sigdelset(&set, signal);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_errno("sigprocmask", "block signals");
    Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("signalfd", "receive signals");
    return fd;
}

void forward(const Fd& signals, const Fd& pidfd) {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof(info)) == sizeof(info))
        (void)sys::send_signal(pidfd, static_cast<int>(info.ssi_signo));
}

Result<int> wait_and_forward(const Fd& signals, const Fd& pidfd) {
    std::array<pollfd, 2> ready{pollfd{.fd = pidfd.get(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = signals.get(), .events = POLLIN, .revents = 0}};
    for (;;) {
        if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return fail_errno("poll", "wait");
        if ((ready[1].revents & POLLIN) != 0) forward(signals, pidfd);
        if ((ready[0].revents & POLLIN) != 0) return reap(pidfd);
    }
}

}  // namespace

Result<int> run(const RunRequest& request, const Log& log) {
    const Fd signals = request.detach ? Fd{} : TRY(block_signals());
    CreateRequest wanted = request.create;
    wanted.start = true;
    Created created = TRY(create(wanted));
    for (const plan::Warning& warning : created.prepared->plan.warnings)
        log.warning({.fault = Fault::invalid_config, .pointer = warning.pointer, .detail = warning.message});

    const auto take_away = [&]() -> Result<> {
        const Result<Removed> removed = remove_ended(created.container);
        // Someone else's `delete` came before.
        if (!removed && removed.error().fault == Fault::not_found) return {};
        if (!removed) return std::unexpected(removed.error());
        if (!removed->hook_failure) log.warning(removed->hook_failure.error());
        return {};
    };
    Result<> started = start_asked(created.container, std::move(created.start_connection));
    if (!started) {
        (void)sys::send_signal(created.pidfd, SIGKILL);
        (void)reap(created.pidfd);
        if (const Result<> removed = take_away(); !removed) log.warning(removed.error());
        return std::unexpected(std::move(started).error());
    }
    if (log.shows(LogLevel::debug))
        for (const std::string& line : trace(created.prepared->plan, created.report.report())) log.debug(line);
    if (request.detach) return 0;
    created.prepared.reset();  // while the program runs, not on its way
    created.container.directory.unlock();
    const int status = TRY(wait_and_forward(signals, created.pidfd));
    if (!request.keep) TRY(take_away());
    return status;
}

}  // namespace ocirt::lifecycle
