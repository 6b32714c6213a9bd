// `exec --cgroup`: a cgroup below the container's, instead of the container's own.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/cgroup/cgroup.h"

namespace ocirt::cgroup {

// The container's places with what was asked for in their stead. Pure.
//
// Each of `words` is "CONTROLLER[,CONTROLLER…]:PATH" for the v1 hierarchies of these controllers, or one alone a plain
// "PATH" for every place (on v2 the only form). PATH is taken from the container's cgroup, with or without a leading
// "/"; ".." is refused: nothing beside or above the container's cgroup has a name (threat D10).
// Errors: Fault::invalid_argument.
[[nodiscard]] Result<std::vector<Place>> sub_cgroups(std::vector<Place> places, const std::vector<std::string>& words);

}  // namespace ocirt::cgroup
