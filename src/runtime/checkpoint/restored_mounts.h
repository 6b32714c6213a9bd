// Whether what a restored container has mounted is what config.json asks for (threats F1, F2). An image tells criu what
// to mount where and how; this looks at what came of it, before a process runs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/mount_table.h"
#include "runtime/plan/plan.h"

namespace ocirt::checkpoint {

// What was laid out for criu: the tree of a slot, or what is mounted below it.
struct Source {
    plan::Slot slot = plan::slot_none;
    std::string device;
    std::string root;
    bool readonly = false;
};

// A mount that the plan makes.
struct PlannedMount {
    std::string target;
    std::string pointer;
    plan::Slot slot = plan::slot_none;  // of a tree
    std::string type;                   // of a filesystem
    bool readonly = false;
    bool optional = false;  // masked and read-only paths: not where the path does not exist
    bool mask = false;
};
// In the order of the plan, the root first. Pure.
[[nodiscard]] std::vector<PlannedMount> planned_mounts(const plan::Plan& plan);

// Where a planned mount's target leads in the restored container.
struct Found {
    bool exists = false;
    std::optional<std::uint64_t> mount;  // if it is a mount's root
};

struct MountJudgement {
    const std::vector<MountEntry>& restored;
    const std::vector<PlannedMount>& planned;
    const std::vector<Found>& found;  // of each of `planned`
    const std::vector<Source>& sources;
    const std::vector<MountEntry>& host;
    bool may_mount = false;  // CAP_SYS_ADMIN: the container may have changed its mounts by itself
};

// Pure. Errors: Fault::corrupted. Nothing of the host's filesystems may be mounted but what config.json names, nor
// writable where that is read-only. Without `may_mount` all that config.json asks for must be there, and nothing else.
[[nodiscard]] Result<> check_mounts(const MountJudgement& judgement);

}  // namespace ocirt::checkpoint
