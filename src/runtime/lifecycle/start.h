// `start`: tells init to go on, and waits until the user's program runs or it is known why not.
#pragma once

#include "common/error.h"
#include "common/fd.h"
#include "runtime/lifecycle/container.h"
#include "runtime/state/directory.h"

namespace ocirt::lifecycle {

// Fault::wrong_state unless the container is created; otherwise the error of the step that failed, told before the
// program runs. Runs the poststart hooks; when one fails the container is stopped (runtime.md, "Lifecycle", step 10).
[[nodiscard]] Result<> start(Container& container);

// Its two halves, for who has just created the container: the request may wait on start.sock before init is told that
// the container is created, so that init need not wait for it.
[[nodiscard]] Result<Fd> ask_to_start(const state::Directory& directory);
[[nodiscard]] Result<> start_asked(Container& container, Fd connection);

}  // namespace ocirt::lifecycle
