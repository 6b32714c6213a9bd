// Making the container, or the process in it: the runtime's work, in a process of its own that ends with the monitor.
// Where the runtime is ocirt itself nothing is executed: the same commands run in the fork.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "shim/monitor/options.h"

namespace ocirt::shim::monitor {

// The runtime's command line, its path first. `console_socket`: "" without a terminal. Pure.
[[nodiscard]] std::vector<std::string> runtime_words(const Options& options, const std::string& console_socket);

// How many descriptors from 3 on the runtime gets: its --preserve-fds, and `listen_fds` of the environment. Pure.
[[nodiscard]] unsigned passed_descriptors(const Options& options, const char* listen_fds);

// Whether the path is this very program's.
[[nodiscard]] bool is_own_program(const std::string& path);

struct Launch {
    const Options& options;
    std::vector<std::string> words;
    // The process's; where they are invalid stdin is /dev/null, and the others are the monitor's own.
    Fd input{};
    Fd output{};
    Fd error{};
    const Fd& start;  // a word is awaited there before the runtime runs, if it is valid
    int oom_score;    // the monitor's own before it changed it
};
// Its pid. Errors: the kernel's.
[[nodiscard]] Result<pid_t> launch(Launch launch);

}  // namespace ocirt::shim::monitor
