// A plan in words, and as JSON.
#pragma once

#include <string>
#include <string_view>

#include "runtime/plan/plan.h"

namespace ocirt::plan {

// "mountFs" for MountFs: the name in JSON and in traces.
[[nodiscard]] std::string_view op_name(const Action& action);

// What the step does, as a phrase that also begins an error line: "mount proc on /proc".
[[nodiscard]] std::string sentence(const Action& action);

// The whole plan as a story in three chapters: the parent, init while the container is created, init at start.
// Lines end with the JSON pointer that asked for them.
[[nodiscard]] std::string describe(const Plan& plan);

// The same as one JSON object; stable names, for tools and golden tests.
[[nodiscard]] std::string describe_json(const Plan& plan);

}  // namespace ocirt::plan
