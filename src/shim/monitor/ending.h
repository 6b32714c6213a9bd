// What is left behind for the manager when a container has ended.
#pragma once

#include <chrono>

#include "common/error.h"
#include "shim/monitor/options.h"

namespace ocirt::shim::monitor {

// PERSIST_DIR/exit, EXIT_DIR/ID and the exit file, each with the status in decimal digits, as far as they are given.
[[nodiscard]] Result<> write_exit_status(const Options& options, int status);

// PERSIST_DIR/oom and BUNDLE/oom, empty: memory ran out.
[[nodiscard]] Result<> write_oom_marks(const Options& options);

// Executes --exit-command, --exit-delay seconds from now, and waits for its end. It gets no descriptor of ours but
// stdio, its children are not ours, and it is as easy to kill as our caller was. Nothing where there is none.
void run_exit_command(const Options& options, int oom_score);

// Children that have ended, or do so within `patience`: what a runtime left behind. Until it is reaped a process keeps
// its PID namespace, and so its container, from ending, and not everywhere is there an init that does it.
void reap_children(std::chrono::milliseconds patience);

}  // namespace ocirt::shim::monitor
