// What a container shows of the host: bind mounts, masked files, devices of a user namespace, cgroups without a
// namespace. criu neither saves nor makes these; it is told a name for each when it dumps, and what is to be mounted
// for the name when it restores (criu(8), --external mnt[]).
//
// The names are the config's own destinations, never what these lead to in the rootfs: that an image, or a link in a
// rootfs, cannot make one mean another rests on criu's syntax being unable to hold them otherwise (threat F1), so a
// destination with one of its characters is refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "common/mount_table.h"
#include "runtime/plan/plan.h"

namespace ocirt::checkpoint {

struct ExternalMount {
    std::string name;                   // its destination as in the plan
    plan::Slot slot = plan::slot_none;  // of the plan's trees: what is mounted there
    bool recursive = false;             // with what is mounted below its source
    std::string pointer;                // who asked for it
};

// All that the plan attaches. Pure. Fault::unsupported for a destination that criu cannot be told of.
[[nodiscard]] Result<std::vector<ExternalMount>> external_mounts(const plan::Plan& plan);

// "mnt[key]:value", or an error where criu would read it in another way. Pure.
[[nodiscard]] Result<std::string> external_mount_option(const std::string& key, const std::string& value);

// For a dump: an option for each of `mounts` that is there in the container (it may have unmounted some) and for what
// is mounted below the recursive ones. `root` is the container's "/", `table` its mounts.
[[nodiscard]] Result<std::vector<std::string>> name_external_mounts(const std::vector<ExternalMount>& mounts,
                                                                    const Fd& root,
                                                                    const std::vector<MountEntry>& table);

}  // namespace ocirt::checkpoint
