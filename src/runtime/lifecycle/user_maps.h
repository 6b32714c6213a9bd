// The ID maps of a new user namespace (user_namespaces(7)).
#pragma once

#include <sys/types.h>

#include "common/error.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

// Writes uid_map, gid_map and, for an unprivileged caller, setgroups of the process. A caller that is not root writes a
// map of its own single id itself, and has newuidmap(1) and newgidmap(1) write any other.
[[nodiscard]] Result<> write_user_maps(pid_t pid, const plan::UserNamespace& maps);

}  // namespace ocirt::lifecycle
