// `events`: what a container uses, again and again, and when it ran out of memory.
#pragma once

#include <chrono>
#include <functional>

#include "common/error.h"
#include "runtime/cgroup/stats.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::lifecycle {

// Fault::wrong_state ("container not running") for one that is stopped; Fault::unsupported for one without cgroups.
[[nodiscard]] Result<cgroup::Stats> stats(const Container& container);

struct EventSink {
    std::function<Result<>(const cgroup::Stats&)> stats;
    std::function<Result<>()> oom;
};

// Tells the statistics at every interval and each out-of-memory event at once, until the container's init has ended.
// Errors as above; and the sink's own, which end it.
[[nodiscard]] Result<> watch(const Container& container, std::chrono::nanoseconds interval, const EventSink& sink);

}  // namespace ocirt::lifecycle
