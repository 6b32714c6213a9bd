// `events`: what a container uses, again and again, and when it ran out of memory.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/cgroup/stats.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::lifecycle {

// Fault::wrong_state ("container not running") for one that is stopped; Fault::unsupported for one without cgroups.
[[nodiscard]] Result<cgroup::Stats> stats(const Container& container);

struct Counted {
    std::string id;
    std::chrono::steady_clock::time_point at;
    cgroup::Stats stats;
};
// Of one that runs or is paused; std::nullopt also where it is gone, has no cgroups or cannot be looked at.
[[nodiscard]] std::optional<Counted> stats_if_running(const std::string& root, const std::string& id);
// Of every such container below `root`, sorted by id.
[[nodiscard]] Result<std::vector<Counted>> stats_of_all(const std::string& root);

struct EventSink {
    std::function<Result<>(const cgroup::Stats&)> stats;
    std::function<Result<>()> oom;
};

// Tells the statistics at every interval and each out-of-memory event at once, until the container's init has ended.
// Errors as above; and the sink's own, which end it.
[[nodiscard]] Result<> watch(const Container& container, std::chrono::nanoseconds interval, const EventSink& sink);

}  // namespace ocirt::lifecycle
