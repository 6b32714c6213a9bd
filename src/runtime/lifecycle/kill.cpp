#include "runtime/lifecycle/kill.h"

#include <cerrno>
#include <csignal>

#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"

namespace ocirt::lifecycle {

Result<> kill(const Container& container, int signal, bool all) {
    if (all && container.of_this_boot() && container.record.use_cgroups && !container.record.cgroups.empty())
        return cgroup::Cgroup::open(container.record.cgroups).signal_all(signal);
    const Fd init = TRY(container.init());
    if (!container.record.complete || !init) return wrong_state(container, "kill the container", "running");
    Result<> sent = sys::send_signal(init, signal);
    // v1 delivers SIGKILL only to the thawed.
    if (sent && signal == SIGKILL && container.record.use_cgroups && container.status() == state::Status::paused)
        TRY(cgroup::Cgroup::open(container.record.cgroups).thaw());
    if (!sent && sent.error().errnum == ESRCH) return wrong_state(container, "kill the container", "running");
    return sent;
}

}  // namespace ocirt::lifecycle
