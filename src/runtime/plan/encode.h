// A plan's steps as the block that init maps (layout.h).
#pragma once

#include <cstddef>
#include <vector>

#include "common/error.h"
#include "runtime/plan/plan.h"

namespace ocirt::plan {

// Fails with Fault::unsupported when the plan has more steps or bytes than the layout holds (threat D13: refused here,
// never truncated).
[[nodiscard]] Result<std::vector<std::byte>> encode(const std::vector<Step>& steps);

}  // namespace ocirt::plan
