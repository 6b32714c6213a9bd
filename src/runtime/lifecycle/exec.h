// One more process in a container that runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "common/log.h"
#include "runtime/lifecycle/init_process.h"
#include "runtime/plan/passed_fds.h"
#include "runtime/spec/process_overlay.h"

namespace ocirt::lifecycle {

struct ExecRequest {
    std::string root;  // of the state directories
    std::string id;
    std::string process_file{};         // --process: the whole process; else the container's own with `overlay` on it
    std::string process_text{};         // the whole process as JSON, in the place of a file
    spec::ProcessOverlay overlay{};     // without `user`:
    std::optional<std::string> user{};  // "USER[:GROUP]", names looked up in the container
    std::string pid_file{};
    bool tty = false;                    // a terminal, whatever the process file says
    std::string console_socket{};        // receives it; without one it is that of stdio here
    std::vector<std::string> cgroups{};  // cgroup/sub_cgroup.h; empty: the container's own
    plan::PassedFds passed{};
    std::string pidfd_socket{};  // receives a pidfd of the process
    bool detach = false;         // nothing waits for its end
    bool keep_console = false;   // this process holds its terminal all the same
    Parent parent = Parent::self;
    bool ignore_paused = false;  // it will stand still, as all of the container, until that is resumed
};

// A process that runs. Fields that its caller did not ask for are empty.
struct Executed {
    pid_t pid = 0;
    Fd pidfd;
    Fd console;  // the master end of its terminal, where this process is to hold it
    Fd signals;  // blocked since before it ran (foreground.h), unless detached
};

// As exec(), but nobody waits: the process belongs to itself.
[[nodiscard]] Result<Executed> execute(const ExecRequest& request, const Log& log);

// The process's exit status, or 128 plus the signal that ended it; 0 when detached, once it runs. The container may be
// created, too. On an error no process is left, nor a pid file. If the caller is killed before the program runs, the
// new process ends by itself; it has no record of its own.
// Errors: Fault::not_found, Fault::wrong_state, Fault::invalid_argument; program_not_found and program_not_executable.
[[nodiscard]] Result<int> exec(const ExecRequest& request, const Log& log);

}  // namespace ocirt::lifecycle
