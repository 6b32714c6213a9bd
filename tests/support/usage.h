// What a process costs, as the host's /proc shows it.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace ocirt::test {

// The number after "name:" in a file of /proc/<pid> (KiB in "smaps_rollup"); -1 without one.
[[nodiscard]] long number_in(pid_t pid, const std::string& file, const std::string& name);

// Without those of its program: where that lies on a tmpfs, they are dirty as well.
[[nodiscard]] inline long private_dirty_kib(pid_t pid) {
    return std::min(number_in(pid, "smaps_rollup", "Private_Dirty"), number_in(pid, "smaps_rollup", "Anonymous"));
}
[[nodiscard]] inline long threads(pid_t pid) { return number_in(pid, "status", "Threads"); }

// Of its first thread, on a processor.
[[nodiscard]] std::chrono::nanoseconds cpu_time(pid_t pid);

}  // namespace ocirt::test
