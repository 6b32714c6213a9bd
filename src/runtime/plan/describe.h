// A plan in words, and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/plan/plan.h"

namespace ocirt::plan {

// "mountFs" for MountFs: the name in JSON and in traces.
[[nodiscard]] std::string_view op_name(const Action& action);

// What the step does, as a phrase that also begins an error line: "mount proc on /proc".
[[nodiscard]] std::string sentence(const Action& action);

// "mount, pid" for CLONE_NEWNS | CLONE_NEWPID.
[[nodiscard]] std::string namespace_names(std::uint64_t clone_flags);

// The whole plan as a story: what the container is, then what the parent and init do, in the order in which they do it.
// Lines end with the JSON pointer that asked for them.
[[nodiscard]] std::string describe(const Plan& plan);

// The same as one JSON object; stable names, for tools and golden tests.
[[nodiscard]] std::string describe_json(const Plan& plan);

}  // namespace ocirt::plan
