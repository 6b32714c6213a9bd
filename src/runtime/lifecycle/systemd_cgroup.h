// A container's cgroup where systemd makes it (cgroup/systemd.h).
#pragma once

#include <sys/types.h>

#include <string>

#include "common/error.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/systemd.h"
#include "runtime/lifecycle/create.h"
#include "runtime/plan/make_plan.h"

namespace ocirt::lifecycle {

// What the plan of a unit depends on: whose systemd it is, and the host's device majors where systemd wants their
// names.
void probe_systemd(plan::Host& host);

// The majors of the host and their names; empty where it cannot be read.
[[nodiscard]] std::string read_proc_devices();

// Starts the plan's unit with the process in it, and takes over the cgroup where systemd has put it: the plan has its
// paths then. In v1's hierarchies, which systemd leaves alone, directories of the same path are made.
// On an error nothing of it is left.
[[nodiscard]] Result<cgroup::Cgroup> start_unit(cgroup::Systemd& systemd, Prepared& prepared, pid_t process);

}  // namespace ocirt::lifecycle
