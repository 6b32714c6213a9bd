// `start`: tells init to go on, and waits until the user's program runs or it is known why not.
#pragma once

#include <optional>
#include <string>

#include "common/error.h"
#include "common/fd.h"
#include "common/log.h"
#include "runtime/lifecycle/container.h"
#include "runtime/lifecycle/seccomp_agent.h"
#include "runtime/state/directory.h"

namespace ocirt::lifecycle {

// Fault::wrong_state unless the container is created; otherwise the error of the step that failed, told before the
// program runs. Runs the poststart hooks; when one fails the container is stopped (runtime.md, "Lifecycle", step 10).
// Where the container was created with a NOTIFY_SOCKET, and `notify_address` (notify_relay.h) is not empty, the program
// is waited for until it says that it is ready, or has ended. The lock is given back before that.
[[nodiscard]] Result<> start(Container& container, const std::string& notify_address, const Log& log);

// Its parts, for who has just created the container: the request may wait on start.sock before init is told that
// the container is created, so that init need not wait for it.
struct AskedToStart {
    Fd connection;
    std::optional<SeccompAgent> agent;  // where the filter has a listener: connected first, so that nothing has begun
};  // where there is none
[[nodiscard]] Result<AskedToStart> ask_to_start(const state::Directory& directory, const state::Record& record);
// The value is the socket where the container's notifications arrive, if it has one.
[[nodiscard]] Result<Fd> start_asked(Container& container, AskedToStart asked);
// `init` is a pidfd. A host that cannot be told is a warning: the container runs.
[[nodiscard]] Result<> await_ready(Container& container, Fd notifications, const Fd& init,
                                   const std::string& notify_address, const Log& log);

}  // namespace ocirt::lifecycle
