// `ps`: the processes of a container, as the host's /proc shows them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::lifecycle {

// The pids of every process in the container's cgroups, ascending, in this process's pid namespace. Of a container
// without cgroups its init alone. Fault::wrong_state ("container not running") for one that is stopped.
[[nodiscard]] Result<std::vector<pid_t>> pids(const Container& container);

// proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5).
struct ProcessInfo {
    pid_t pid = 0;
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    std::uint32_t uid = 0;  // effective
    std::uint32_t gid = 0;
    char state = '?';
    std::uint32_t terminal = 0;  // device number; 0: none
    std::chrono::milliseconds cpu_time{};
    std::chrono::milliseconds since_boot{};  // when it started
    std::int64_t priority = 0;
    std::int64_t nice = 0;
    std::uint64_t threads = 0;
    std::uint64_t virtual_size = 0;  // bytes
    std::uint64_t resident_size = 0;
    std::string name;
    std::string command_line;  // words joined by spaces; empty for a zombie or a process that erased it
};

// std::nullopt: the process has ended meanwhile.
[[nodiscard]] std::optional<ProcessInfo> read_process(pid_t pid);

// The line of /proc/PID/stat. Pure. `tick` and `page` are sysconf's.
[[nodiscard]] std::optional<ProcessInfo> parse_stat(std::string_view text, std::uint64_t ticks_per_second,
                                                    std::uint64_t page_size);

}  // namespace ocirt::lifecycle
