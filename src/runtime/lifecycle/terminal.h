// A container's terminal in the foreground: what is typed here reaches it, what it prints appears here.
#pragma once

#include "common/error.h"
#include "common/fd.h"
#include "runtime/lifecycle/notify_relay.h"

namespace ocirt::lifecycle {

// Before the process can write: it has this terminal's size, and carriage returns are added where its lines are shown,
// not twice.
void prepare_console(const Fd& console);

// As wait_and_forward (foreground.h), for a process whose terminal's master end is `console`. Where stdio has a
// terminal, it is raw meanwhile and its size is the container's; it is as it was before on every way out. Without one,
// stdin and stdout are passed on all the same, and the end of stdin is the terminal's end-of-file character.
// What the process had printed at its end is passed on before this returns.
[[nodiscard]] Result<int> wait_with_terminal(const Fd& signals, const Fd& pidfd, const Fd& console,
                                             NotifyRelay* notifications = nullptr);

}  // namespace ocirt::lifecycle
