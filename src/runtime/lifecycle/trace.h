// Where the time of a start went: from the stamps that init leaves in its report at every step.
#pragma once

#include <string>
#include <vector>

#include "runtime/plan/plan.h"
#include "runtime/plan/protocol.h"

namespace ocirt::lifecycle {

// One line for each step that has ended: "  412 us  +35 us  mount proc on /proc", counted from init's begin.
[[nodiscard]] std::vector<std::string> trace(const plan::Plan& plan, const plan::Report& report);

}  // namespace ocirt::lifecycle
