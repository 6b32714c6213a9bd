// `pause` and `resume`: all of a container's processes stand still, or go on.
#pragma once

#include "common/error.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::lifecycle {

// Fault::wrong_state ("container not running") unless it is created or running. Fault::timed_out, thawed again, where a
// process does not stand still.
[[nodiscard]] Result<> pause(Container& container);

// Fault::wrong_state ("container not paused") unless it is paused.
[[nodiscard]] Result<> resume(Container& container);

}  // namespace ocirt::lifecycle
