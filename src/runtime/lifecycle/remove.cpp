#include "runtime/lifecycle/remove.h"

#include <csignal>

#include "common/syscall.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/systemd.h"
#include "runtime/lifecycle/hooks.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/root_mount.h"

namespace ocirt::lifecycle {
namespace {

using state::Status;

constexpr std::chrono::milliseconds lock_deadline = std::chrono::seconds(30);
constexpr std::chrono::milliseconds end_deadline = std::chrono::seconds(10);

Result<> end_init(const Container& container) {
    const Fd init = TRY(container.init());
    if (!init) return {};
    (void)sys::send_signal(init, SIGKILL);
    if (TRY(wait_for_end(init, end_deadline))) return {};
    return fail({.fault = Fault::timed_out,
                 .operation = "delete the container",
                 .object = "\"" + container.record.id + "\"",
                 .detail = "its process " + std::to_string(container.record.init.pid) + " does not end",
                 .hint = "it may be waiting for a device or a network filesystem; try again"});
}

// Processes that outlived init: those of a shared pid namespace, and whatever moved itself into the cgroup. A paused
// container is killed as well.
Result<> end_cgroup(const Container& container, std::vector<Error>& warnings) {
    const state::Record& record = container.record;
    if (!container.of_this_boot() || !record.use_cgroups || record.cgroups.empty()) return {};
    cgroup::Cgroup cgroup = cgroup::Cgroup::open(record.cgroups);
    // The kernel ends a pid namespace with its init: nobody of it is left.
    const bool ended = record.own_pid_namespace && record.complete;
    if (!ended && !TRY(cgroup.is_empty())) TRY(cgroup.kill_all(end_deadline));
    if (record.unit) {
        // Without systemd the empty cgroup can be removed as well: it finds its unit gone.
        Result<> stopped = cgroup::stop_unit(*record.unit);
        if (!stopped) warnings.push_back(std::move(stopped).error());
    }
    return cgroup.remove(end_deadline);
}

// Once init has ended: all but its directory.
Result<Removed> take_away(Container& container) {
    Removed removed;
    TRY(end_cgroup(container, removed.warnings));
    TRY(resctrl::remove(container.record.resctrl));
    if (container.of_this_boot()) TRY(unmount_root(container.record.rootfs, container.record.root_mount));
    if (container.record.complete) {
        const std::string state = spec_state(container.record, Status::stopped, false);
        for (Error& failure : run_poststop_hooks(container.record.poststop, state, container.record.bundle))
            removed.warnings.push_back(std::move(failure));
    }
    return removed;
}

Result<Removed> finish(Container& container) {
    Removed removed = TRY(take_away(container));
    TRY(container.directory.remove());
    return removed;
}

}  // namespace

Result<Removed> remove(Container& container, bool force) {
    TRY(container.lock(lock_deadline));
    const Status status = container.status();
    if (!force && (status == Status::running || status == Status::paused)) {
        Error refused = wrong_state(container, "delete the container", "stopped").error();
        refused.hint = "--force kills it first";
        return fail(std::move(refused));
    }
    if (status == Status::paused) TRY(cgroup::Cgroup::open(container.record.cgroups).thaw());
    TRY(end_init(container));
    return finish(container);
}

Result<Removed> remove_ended(Container& container) {
    TRY(container.directory.lock(lock_deadline));
    return finish(container);
}

Result<Place> make_room(const std::string& root, const std::string& id) {
    Container container = TRY(Container::open(root, id));
    TRY(container.lock(lock_deadline));
    if (container.status() != Status::stopped) return wrong_state(container, "replace the container", "stopped");
    Removed removed = TRY(take_away(container));
    TRY(container.directory.clear());
    return Place{.directory = std::move(container.directory), .warnings = std::move(removed.warnings)};
}

Result<> discard(const std::string& root, const std::string& id) {
    state::Directory directory = TRY(state::Directory::open(root, id));
    TRY(directory.lock(lock_deadline));
    return directory.remove();
}

}  // namespace ocirt::lifecycle
