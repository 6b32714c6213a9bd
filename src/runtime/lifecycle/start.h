// `start`: tells init to go on, and waits until the user's program runs or it is known why not.
#pragma once

#include "common/error.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/report_page.h"

namespace ocirt::lifecycle {

// Fault::wrong_state unless the container is created; otherwise the error of the step that failed, told before the
// program runs. Runs the poststart hooks; when one fails the container is stopped (runtime.md, "Lifecycle", step 10).
[[nodiscard]] Result<> start(Container& container);

// The same for a container that this very process has just created: nothing to look up.
[[nodiscard]] Result<> start_created(Container& container);

}  // namespace ocirt::lifecycle
