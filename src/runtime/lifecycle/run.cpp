#include "runtime/lifecycle/run.h"

#include <csignal>

#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/lifecycle/foreground.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/remove.h"
#include "runtime/lifecycle/start.h"
#include "runtime/lifecycle/terminal.h"
#include "runtime/lifecycle/trace.h"

namespace ocirt::lifecycle {

Result<int> run(const RunRequest& request, const Log& log) {
    const Fd signals = request.detach ? Fd{} : TRY(block_signals());
    CreateRequest wanted = request.create;
    wanted.start = true;
    wanted.console.keep = !request.detach;
    Created created = TRY(create(wanted));
    for (const plan::Warning& warning : created.prepared->plan.warnings)
        log.warning({.fault = Fault::invalid_config, .pointer = warning.pointer, .detail = warning.message});
    for (const Error& warning : created.warnings) log.warning(warning);

    const auto take_away = [&]() -> Result<> {
        const Result<Removed> removed = remove_ended(created.container);
        // Someone else's `delete` came before.
        if (!removed && removed.error().fault == Fault::not_found) return {};
        if (!removed) return std::unexpected(removed.error());
        for (const Error& warning : removed->warnings) log.warning(warning);
        return {};
    };
    Result<Fd> started = start_asked(created.container, std::move(created.asked));
    if (!started) {
        (void)sys::send_signal(created.pidfd, SIGKILL);
        (void)reap(created.pidfd);
        if (const Result<> removed = take_away(); !removed) log.warning(removed.error());
        return std::unexpected(std::move(started).error());
    }
    if (log.shows(LogLevel::debug))
        for (const std::string& line : trace(created.prepared->plan, created.report.report())) log.debug(line);
    const std::string& notify_address = request.create.notify_socket;
    if (request.detach) {
        TRY(await_ready(created.container, std::move(*started), created.pidfd, notify_address, log));
        return 0;
    }
    created.prepared.reset();  // while the program runs, not on its way
    created.container.directory.unlock();
    std::optional<NotifyRelay> relay = relay_in_foreground(std::move(*started), notify_address, log);
    NotifyRelay* const notifications = relay ? &*relay : nullptr;
    const int status = TRY(created.console ? wait_with_terminal(signals, created.pidfd, created.console, notifications)
                                           : wait_and_forward(signals, created.pidfd, notifications));
    if (relay) relay->finish();
    if (!request.keep) TRY(take_away());
    return status;
}

}  // namespace ocirt::lifecycle
