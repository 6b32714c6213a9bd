// `update`: other limits for a container.
#pragma once

#include "common/error.h"
#include "runtime/lifecycle/container.h"
#include "runtime/spec/config.h"

namespace ocirt::lifecycle {

// Only what `resources` has changes, and where one value is refused, nothing. Device rules that are those the container
// has already are not written again: engines hand over the config's whenever a limit changes, and hooks may have
// allowed a device since. Fault::wrong_state ("container not running") for one that is stopped; otherwise
// make_resource_plan's and Cgroup::update's errors, with pointers below /linux/resources.
[[nodiscard]] Result<std::vector<cgroup::Warning>> update(Container& container, const spec::Resources& resources);

}  // namespace ocirt::lifecycle
