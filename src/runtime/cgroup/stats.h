// What the kernel counted for a container: every number of its cgroups' files, as typed values.
//
// One shape for v1 and v2; what only one of them has is optional or empty in the other. Times are nanoseconds, sizes
// bytes, unless a member says otherwise. A value that is "max" in the file, or no limit, is `unlimited`.
//
// Kernel: Documentation/admin-guide/cgroup-v1/*.rst, cgroup-v2.rst, accounting/psi.rst.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "runtime/cgroup/cgroup.h"

namespace ocirt::cgroup {

inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

// A file of "name number" lines, in its order: memory.stat, memory.events, cpu.stat, …
using Counters = std::vector<std::pair<std::string, std::uint64_t>>;
// 0 where there is none of that name.
[[nodiscard]] std::uint64_t counter(const Counters& counters, std::string_view name);

// A *.pressure file: the share of time (percent) in which some, or all, tasks were stalled.
struct Pressure {
    struct Line {
        double avg10 = 0;
        double avg60 = 0;
        double avg300 = 0;
        std::chrono::microseconds total{};
    };
    Line some;
    Line full;
};

struct CpuStats {
    std::chrono::nanoseconds total{};
    std::chrono::nanoseconds user{};
    std::chrono::nanoseconds kernel{};
    // By number of the CPU; v1 only.
    std::vector<std::uint64_t> per_cpu;
    std::vector<std::uint64_t> per_cpu_user;
    std::vector<std::uint64_t> per_cpu_kernel;
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    std::chrono::nanoseconds throttled{};
    std::uint64_t bursts = 0;
    std::chrono::nanoseconds burst{};
    Counters raw;  // cpu.stat as it is
    std::optional<Pressure> pressure;
};

struct CpusetStats {
    std::vector<std::uint16_t> cpus;
    std::vector<std::uint16_t> mems;
    // v1's flags.
    std::uint64_t cpu_exclusive = 0;
    std::uint64_t mem_hardwall = 0;
    std::uint64_t mem_exclusive = 0;
    std::uint64_t memory_migrate = 0;
    std::uint64_t memory_spread_page = 0;
    std::uint64_t memory_spread_slab = 0;
    std::uint64_t memory_pressure = 0;
    std::uint64_t sched_load_balance = 0;
    std::int64_t sched_relax_domain_level = 0;
};

struct Gauge {
    std::uint64_t usage = 0;
    std::uint64_t max = 0;  // the highest that usage ever was; 0 where the kernel does not tell
    std::uint64_t limit = 0;
    std::uint64_t failures = 0;  // times that the limit was hit
};

struct NumaCounter {
    std::string name;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> nodes;
};

struct MemoryStats {
    Gauge usage;
    Gauge swap;                      // memory and swap together, as v1 counts and the field reports
    std::optional<Gauge> swap_only;  // v2
    std::optional<Gauge> zswap;      // v2
    Gauge kernel;
    Gauge kernel_tcp;
    std::uint64_t cache = 0;
    bool use_hierarchy = true;
    std::optional<std::uint64_t> soft_limit;  // v1
    std::optional<std::uint64_t> min;         // v2, as are low and high
    std::optional<std::uint64_t> low;
    std::optional<std::uint64_t> high;
    Counters raw;                   // memory.stat
    std::vector<NumaCounter> numa;  // memory.numa_stat; v1 counts pages
    Counters events;                // memory.events; v1: memory.oom_control
    Counters local_events;          // memory.events.local
    Counters swap_events;           // memory.swap.events
    std::optional<Pressure> pressure;
};

struct PidsStats {
    std::uint64_t current = 0;
    std::uint64_t peak = 0;
    std::uint64_t limit = 0;
    std::uint64_t refused_forks = 0;  // pids.events, max
};

struct BlockIoEntry {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::string operation;  // "Read", "Write", "Sync", "Async", "Discard", "Total"; empty where a file has none
    std::uint64_t value = 0;
};

struct BlockIoStats {
    std::vector<BlockIoEntry> service_bytes;
    std::vector<BlockIoEntry> serviced;
    std::vector<BlockIoEntry> queued;
    std::vector<BlockIoEntry> service_time;
    std::vector<BlockIoEntry> wait_time;
    std::vector<BlockIoEntry> merged;
    std::vector<BlockIoEntry> time;
    std::vector<BlockIoEntry> sectors;
    std::vector<BlockIoEntry> other;  // v2: what else io.stat tells; `operation` is its key: "cost.usage"
    std::optional<Pressure> pressure;
};

struct HugetlbStats {
    std::string page_size;  // "2MB"
    Gauge usage;
    std::optional<Gauge> reserved;  // Linux 5.7
};

struct RdmaStats {
    std::string device;
    std::uint64_t hca_handles = 0;
    std::uint64_t hca_objects = 0;
    std::uint64_t hca_handles_limit = unlimited;
    std::uint64_t hca_objects_limit = unlimited;
};

struct MiscStats {
    std::string resource;  // "sev"
    Gauge usage;
};

struct Stats {
    CpuStats cpu;
    CpusetStats cpuset;
    MemoryStats memory;
    PidsStats pids;
    BlockIoStats block_io;
    std::vector<HugetlbStats> hugetlb;
    std::vector<RdmaStats> rdma;
    std::vector<MiscStats> misc;
};

// Everything at once. A controller that is not there leaves its part empty, a file that this kernel does not have its
// value. Errors: all of the container's directories are gone (ENOENT), or one cannot be opened.
[[nodiscard]] Result<Stats> read_stats(std::span<const Place> places);

}  // namespace ocirt::cgroup
