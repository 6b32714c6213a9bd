// A cgroup with all the cgroups below it, which the container may have made: any number, at any depth.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt::cgroup {

// The processes of `top` and of every cgroup below it, each once, ascending. What vanishes meanwhile is no error.
// Processes that this process cannot see (outside of its PID namespace) are left out.
[[nodiscard]] Result<std::vector<pid_t>> pids_below(const Fd& top);

// Removes the directory with every cgroup below it. true: it is gone, or never was there. false: a cgroup is busy
// (a process that has not quite ended yet, or one that lives): try again. Error: anything else.
[[nodiscard]] Result<bool> remove_tree(const std::string& path);

}  // namespace ocirt::cgroup
