// `kill`: a signal to a container's init, or to all of its processes.
#pragma once

#include "common/error.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::lifecycle {

// Fault::wrong_state ("container not running") unless it is created, running or paused; with `all` a stopped
// container's left-over processes are reached too. SIGKILL has a paused container go on, to die.
[[nodiscard]] Result<> kill(const Container& container, int signal, bool all);

}  // namespace ocirt::lifecycle
