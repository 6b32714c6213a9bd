// The table of `ps`: the columns of ps(1), made by ocirt itself, which runs no program of the host's. Pure.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/user_names.h"
#include "runtime/lifecycle/processes.h"

namespace ocirt::cli {

struct ProcessColumn;
using ProcessColumns = std::vector<const ProcessColumn*>;

// The columns that ps options ask for: none, -e, -A, -f, -ef and the like: UID PID PPID C STIME TTY TIME CMD, as runc's
// default; -o LIST (also --format LIST; "pid,comm"): those. Errors (unsupported, naming it): any other word.
[[nodiscard]] Result<ProcessColumns> parse_ps_options(std::span<const std::string> words);

struct ProcessTableHost {
    UserNames users;
    std::chrono::system_clock::time_point now;
    std::chrono::milliseconds uptime{};
};

[[nodiscard]] std::string process_table(const ProcessColumns& columns,
                                        std::span<const lifecycle::ProcessInfo> processes,
                                        const ProcessTableHost& host);

}  // namespace ocirt::cli
