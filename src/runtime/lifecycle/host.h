// This host and this user, as far as a plan depends on them.
#pragma once

#include "common/error.h"
#include "runtime/plan/make_plan.h"

namespace ocirt::lifecycle {

[[nodiscard]] Result<plan::Host> probe_host();

}  // namespace ocirt::lifecycle
