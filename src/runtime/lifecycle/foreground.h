// Standing before a process in the foreground: its signals and its end.
#pragma once

#include "common/error.h"
#include "common/fd.h"
#include "runtime/lifecycle/notify_relay.h"

namespace ocirt::lifecycle {

// From here on a signal is not lost: it waits in this signalfd until the process can have it.
[[nodiscard]] Result<Fd> block_signals();

// Passes on what has come by now.
void forward_signals(const Fd& signals, const Fd& pidfd);

// Passes signals on to the process, our child, until it ends, and its notifications if there is a relay for them. Its
// exit status, or 128 plus the signal that ended it.
[[nodiscard]] Result<int> wait_and_forward(const Fd& signals, const Fd& pidfd, NotifyRelay* notifications = nullptr);

}  // namespace ocirt::lifecycle
