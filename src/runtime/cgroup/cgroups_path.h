// Which cgroup a container gets, from `linux.cgroupsPath` (config-linux.md, "Cgroups Path"). Pure.
//
// As runc's cgroupfs manager does it:
//   absolute   the same path below the root of every hierarchy's mount
//   relative   below the runtime's own cgroup in each v1 hierarchy. In the v2 tree beside it: a cgroup that has
//   processes
//              (ours) cannot give its children controllers.
//   absent     the relative path "<id>". Inside another container, with or without a cgroup namespace, this stays
//   within
//              what that container may use.
// (crun takes relative and absent paths from the root; inside a container this leads to a cgroup that is not the
// container's to use.)
//
// systemd's form, "slice:prefix:name", is a plain relative name here, as in runc: the systemd manager has its own
// reading.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "runtime/cgroup/layout.h"

namespace ocirt::cgroup {

// The absolute host directories of the container's cgroup, one for each hierarchy of `layout` and in its order.
// Every path is clean: no "..", no "//", and below its hierarchy's mount point, never the mount point itself.
//
// Errors (invalid_config, pointer /linux/cgroupsPath): a path that leaves its root, names the root itself, has a
// newline or NUL in it (the kernel refuses such names), a component above 255 bytes, or is above 4,000 bytes in all.
[[nodiscard]] Result<std::vector<std::string>> container_paths(const Layout& layout, std::string_view cgroups_path,
                                                               std::string_view id);

// The container's own directory joined with a path below it, for `exec --cgroup`. Errors as above, with no pointer.
[[nodiscard]] Result<std::string> sub_cgroup_path(std::string_view container, std::string_view sub_cgroup);

}  // namespace ocirt::cgroup
