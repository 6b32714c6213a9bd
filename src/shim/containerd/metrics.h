// A container's statistics as containerd has them.
#pragma once

#include <span>
#include <string>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/stats.h"

namespace ocirt::shim {

// A serialized wire::Any: io.containerd.cgroups.v2.Metrics where the container's controllers are in the v2 tree, else
// v1's.
[[nodiscard]] std::string encode_metrics(const cgroup::Stats& stats, std::span<const cgroup::Place> places);

}  // namespace ocirt::shim
