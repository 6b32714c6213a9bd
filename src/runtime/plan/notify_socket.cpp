// Readiness and status of the program for the service manager that ocirt was started by (sd_notify(3)).
#include <linux/mount.h>

#include <algorithm>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

constexpr const char* asked_by = "NOTIFY_SOCKET";  // of the environment

}  // namespace

// The socket alone is bound, not a directory of the host's: whoever may mount in the container finds nothing to write
// to. It comes after the config's own mounts, which may cover /run.
void plan_notify_socket(Draft& draft) {
    if (draft.options.notify_socket.empty() || !draft.config.process) return;
    const auto sets_it = [](const std::string& line) { return line.starts_with("NOTIFY_SOCKET="); };
    // Whoever made the config sees to it, as Podman and conmon do.
    if (std::ranges::any_of(draft.config.process->env, sets_it)) return;
    const OpenTree<Hosted> socket{
        .slot = draft.next_slot++,
        .source = draft.options.notify_socket,
        .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
        .propagation = MS_PRIVATE,
    };
    plan_tree(draft, socket, asked_by);
    draft.add(AttachMount<Hosted>{.slot = socket.slot, .target = notify_path}, asked_by);
    plan_tree_attributes(draft, socket, notify_path, asked_by);
    draft.plan.notifies = true;
}

}  // namespace ocirt::plan
