// The record of a container that is being made.
#pragma once

#include "runtime/lifecycle/create.h"
#include "runtime/state/record.h"

namespace ocirt::lifecycle {

// All that is known before there is a process: not complete yet.
// Its directories in the hierarchies, as the plan has them.
[[nodiscard]] std::vector<cgroup::Place> cgroup_places(const Prepared& prepared);

[[nodiscard]] state::Record new_record(const CreateRequest& request, const Prepared& prepared);

}  // namespace ocirt::lifecycle
