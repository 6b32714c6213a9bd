// Becoming a monitor: what is checked and opened while the caller still listens, and the fork.
#pragma once

#include "common/error.h"
#include "shim/monitor/messages.h"
#include "shim/monitor/monitor.h"

namespace ocirt::shim::monitor {

// Returns twice. In the caller: 0 once there is a monitor; of a native one, once it has launched the container. In the
// monitor, at its end: the exit status of the process. Errors: what the options ask for cannot be; of a native one the
// runtime's, too.
[[nodiscard]] Result<int> begin(Monitor::Start& start, const Messages& messages);

// What the monitor of a native one says first to its caller, which is how the launch went: 0, or the error.
[[nodiscard]] Result<int> await_answer(const Fd& pipe);

}  // namespace ocirt::shim::monitor
