// Annotations of config.json that change what ocirt does. docs/spec.md has the table, and why.
//
// In a cluster whoever may start a pod may write annotations: one that weakens a container is honoured only where the
// administrator says so, or where it gives no one more than they have (threats D7, D8).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/spec/config.h"

namespace ocirt::plan {

using spec::keep_original_groups;

// crun's: the name of a cgroup below the container's in the v2 tree. The process goes there once its cgroup namespace
// is made, and may do there as it likes; the limits stay on the container's own.
inline constexpr std::string_view delegate_cgroup = "run.oci.delegate-cgroup";

// crun's. Those that ocirt does not honour are warned of.
inline constexpr std::string_view annotation_prefix = "run.oci.";

// What this caller may have honoured, as lifecycle/annotations.h finds it out.
struct Annotations {
    std::vector<std::string> allowed{};
    std::string note{};  // why no others are, where it is worth knowing: the administrator's file could not be trusted
};

}  // namespace ocirt::plan
