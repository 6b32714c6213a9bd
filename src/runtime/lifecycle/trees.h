// What init attaches and joins, opened by the parent: mount trees, namespaces, cgroup directories.
#pragma once

#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

// A descriptor on its way to init's table.
struct SlotFd {
    plan::Slot slot = plan::slot_none;
    Fd fd;
};

// The mount trees alone. `joined` are the namespaces that their ID mappings may name. Errors have the pointer of the
// mount.
[[nodiscard]] Result<std::vector<SlotFd>> open_planned_trees(const plan::Plan& plan,
                                                             const std::vector<SlotFd>& joined = {});

// Everything that Stage::trees carries. Errors have the pointer of the mount or namespace.
[[nodiscard]] Result<std::vector<SlotFd>> open_trees(const plan::Plan& plan);

// The container's own cgroup directories, for Stage::cgroup: `paths` by index of the host's hierarchies.
[[nodiscard]] Result<std::vector<SlotFd>> open_cgroup_trees(const plan::Plan& plan,
                                                            const std::vector<std::string>& paths);

}  // namespace ocirt::lifecycle
