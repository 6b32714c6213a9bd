// The table of `stats`, and the same as JSON: what each container uses of the machine. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cgroup/stats.h"

namespace ocirt::cli {

// The CPU time that a container had used by then.
struct CpuTime {
    std::chrono::nanoseconds used{};
    std::chrono::steady_clock::time_point at;
};

// A line of the table. What is not known, as it is not counted or the container does not run, is left out.
struct StatsRow {
    std::string id;
    bool running = false;
    std::optional<double> cpu_percent{};  // of one CPU
    std::chrono::nanoseconds cpu{};
    std::optional<std::uint64_t> memory{};  // bytes, without the file cache that is not in use
    std::uint64_t memory_limit = 0;         // the machine's memory where that is less
    std::uint64_t read = 0;                 // bytes from block devices
    std::uint64_t written = 0;
    std::optional<std::uint64_t> pids{};
    std::optional<std::uint64_t> pids_limit{};
};

// `before`: an earlier moment; without one no share of the CPU is known.
[[nodiscard]] StatsRow stats_row(std::string id, const cgroup::Stats& stats, const CpuTime& now,
                                 const std::optional<CpuTime>& before, std::uint64_t memory_of_host);

// A heading and a line for each, sorted as they come.
[[nodiscard]] std::string stats_table(const std::vector<StatsRow>& rows);

// One array on one line: objects of id, running, cpu_percent, cpu_nanoseconds, memory_usage, memory_limit,
// memory_percent, block_read, block_written, pids, pids_limit; null for what is not known or no limit.
[[nodiscard]] std::string stats_array(const std::vector<StatsRow>& rows);

// "0B", "512B", "1.5MiB", "7.628GiB": four digits, as docker has it.
[[nodiscard]] std::string readable_size(std::uint64_t bytes);

// What draws the text over an earlier one on a terminal, cut to its size. A size of 0 is not known.
[[nodiscard]] std::string redrawn(std::string_view text, unsigned rows, unsigned columns);

}  // namespace ocirt::cli
