// The processes that criu has made, stopped before their first instruction, against config.json: namespaces, cgroups,
// mounts, credentials. What is decided is in runtime/checkpoint/restored_*.
#pragma once

#include <sys/types.h>

#include <vector>

#include "common/error.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/checkpoint/restored_mounts.h"
#include "runtime/lifecycle/create.h"

namespace ocirt::lifecycle {

// The process and all that descend from it and live, parents first.
[[nodiscard]] Result<std::vector<pid_t>> process_tree(pid_t top);

// Errors: Fault::corrupted for an image that asks for more than the config gives.
[[nodiscard]] Result<> check_restored(pid_t init, const Prepared& prepared, cgroup::Cgroup& cgroup,
                                      const std::vector<checkpoint::Source>& sources);

}  // namespace ocirt::lifecycle
