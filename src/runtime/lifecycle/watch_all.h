// `events` without an id: all containers below a root, those that come and go meanwhile among them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/cgroup/stats.h"

namespace ocirt::lifecycle {

struct LifeEvent {
    enum class Kind { create, start, exit, remove };
    Kind kind{};
    std::string id;
    std::string time;                  // RFC 3339, UTC: when it was seen
    pid_t pid = 0;                     // of create and start
    std::optional<int> exit_status{};  // of exit, where a monitor has written it
};

// An error of theirs ends the watching.
struct AllSink {
    std::function<Result<>(const LifeEvent&)> life;
    std::function<Result<>(const std::string& id)> oom;
    std::function<Result<>(const std::string& id, const cgroup::Stats&)> stats;
};

// Until there is something to read from `until`. The root may come, and go, and come again. Of a container that exists
// at the beginning no creation or start is told that has been; one that was gone before it could be looked at is not
// told at all. Statistics are told at every interval of every container that has a process and cgroups.
// Raises this process's limit of open files: each container takes a few.
[[nodiscard]] Result<> watch_all(const std::string& root, std::chrono::nanoseconds interval, const Fd& until,
                                 const AllSink& sink);

}  // namespace ocirt::lifecycle
