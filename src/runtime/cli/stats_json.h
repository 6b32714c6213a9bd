// A container's statistics in the words of `runc events`: what monitors read.
#pragma once

#include <string>
#include <string_view>

#include "runtime/cgroup/stats.h"
#include "runtime/lifecycle/watch_all.h"

namespace ocirt::cli {

// One line: {"type":"stats","id":…,"data":{cpu, cpuset, memory, pids, blkio, hugetlb, intel_rdt, network_interfaces}}.
// runc 1.1's members, with psi and event_count of its newer versions; zeros are left out where runc leaves them out.
// Pure.
[[nodiscard]] std::string stats_event(std::string_view id, const cgroup::Stats& stats);

// {"type":"oom","id":…}
[[nodiscard]] std::string oom_event(std::string_view id);

// {"type":"create"|"start"|"exit"|"delete","id":…,"time":…}, with "pid" or "exit_status" where there is one.
[[nodiscard]] std::string life_event(const lifecycle::LifeEvent& event);

}  // namespace ocirt::cli
