// From a container's config to the plan of one more process in it: pure, as make_plan is.
//
// The steps join instead of make: the container's cgroups first (init writes itself into v1's, and the v2 tree's is
// where it is born), then all of its namespaces at once through a pidfd of its init, then a process of its own inside
// the pid namespace. Only then can the container see it, and it has nothing open but stdio, the channel and the report.
// From the program's lookup on, the steps are a container's own.
#pragma once

#include <cstdint>
#include <string>

#include "common/error.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/passed_fds.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/security_modules.h"
#include "runtime/spec/config.h"

namespace ocirt::plan {

struct ExecOptions {
    std::string id{};
    std::string process_pointer = "/process";  // where the process stands in its document; "" where it is all of it
    bool rootless = false;
    bool no_new_keyring = false;
    std::uint32_t task_files = 0;  // v1 cgroups that init enters by itself: Plan::task_files is the first one's slot
    PassedFds passed{};
    Annotations annotations{};
    SecurityModules modules{};
};

// `config` is the container's, with the process to execute in place of its own. Of the result only these count: steps,
// oom_score_adj, initial_affinity, seccomp_listener, task_files, warnings. Stage::trees brings slot_container, the task
// files, and slot_root (the container's root as it is now) where the container has no mount namespace of its own. Fails
// with Fault::invalid_config or Fault::unsupported and the pointer of the value that cannot be planned.
[[nodiscard]] Result<Plan> make_exec_plan(const spec::Config& config, const ExecOptions& options);

}  // namespace ocirt::plan
