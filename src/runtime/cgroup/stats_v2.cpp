// Kernel's Documentation/admin-guide/cgroup-v2.rst.
#include <algorithm>

#include "runtime/cgroup/stats_text.h"

namespace ocirt::cgroup {

namespace {

std::chrono::nanoseconds from_microseconds(std::uint64_t value) {
    return std::chrono::microseconds(static_cast<std::int64_t>(value));
}

// cpu.stat is in every cgroup but the root, with the controller (throttling) or without it. A hybrid's v1 tree, where
// that has counted already, keeps its word.
void add_cpu(const StatsDirectory& directory, CpuStats& cpu) {
    const Counters counters = directory.counters("cpu.stat");
    if (cpu.total == cpu.total.zero()) {
        cpu.total = from_microseconds(counter(counters, "usage_usec"));
        cpu.user = from_microseconds(counter(counters, "user_usec"));
        cpu.kernel = from_microseconds(counter(counters, "system_usec"));
    }
    if (cpu.raw.empty()) cpu.raw = counters;
    if (!directory.has("cpu")) return;
    cpu.periods = counter(counters, "nr_periods");
    cpu.throttled_periods = counter(counters, "nr_throttled");
    cpu.throttled = from_microseconds(counter(counters, "throttled_usec"));
    cpu.bursts = counter(counters, "nr_bursts");
    cpu.burst = from_microseconds(counter(counters, "burst_usec"));
}

Gauge memory_gauge(const StatsDirectory& directory, const std::string& prefix) {
    return {.usage = directory.number_or_zero(prefix + "current"),
            .max = directory.number_or_zero(prefix + "peak"),
            .limit = directory.number(prefix + "max").value_or(unlimited),
            .failures = 0};
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return a == unlimited || b == unlimited ? unlimited : a + b; }

void add_memory(const StatsDirectory& directory, MemoryStats& memory) {
    memory.usage = memory_gauge(directory, "memory.");
    memory.events = directory.counters("memory.events");
    memory.usage.failures = counter(memory.events, "max");
    memory.local_events = directory.counters("memory.events.local");
    memory.swap_events = directory.counters("memory.swap.events");
    memory.min = directory.number("memory.min");
    memory.low = directory.number("memory.low");
    memory.high = directory.number("memory.high");
    if (directory.number("memory.swap.current")) {
        Gauge swap = memory_gauge(directory, "memory.swap.");
        swap.failures = counter(memory.swap_events, "max");
        memory.swap = {.usage = memory.usage.usage + swap.usage,
                       .max = memory.usage.max + swap.max,
                       .limit = sum(memory.usage.limit, swap.limit),
                       .failures = swap.failures};
        memory.swap_only = swap;
    }
    if (directory.number("memory.zswap.current")) memory.zswap = memory_gauge(directory, "memory.zswap.");
    memory.raw = directory.counters("memory.stat");
    memory.cache = counter(memory.raw, "file");
    memory.kernel.usage = counter(memory.raw, "kernel");
    memory.kernel.limit = unlimited;
    memory.kernel_tcp.usage = counter(memory.raw, "sock");
    memory.kernel_tcp.limit = unlimited;
    memory.numa = parse_numa(directory.text("memory.numa_stat").value_or(""));
}

// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6", in v1's tables.
void add_device(std::string_view line, BlockIoStats& stats) {
    struct Column {
        std::string_view key;
        std::vector<BlockIoEntry> BlockIoStats::* table;
        std::string_view operation;
    };
    static constexpr Column columns[] = {
        {"rbytes", &BlockIoStats::service_bytes, "Read"},    {"wbytes", &BlockIoStats::service_bytes, "Write"},
        {"dbytes", &BlockIoStats::service_bytes, "Discard"}, {"rios", &BlockIoStats::serviced, "Read"},
        {"wios", &BlockIoStats::serviced, "Write"},          {"dios", &BlockIoStats::serviced, "Discard"}};
    const auto words = split_words(line);
    BlockIoEntry entry;
    if (words.empty() || !parse_device_number(words[0], entry.major, entry.minor)) return;
    for (const std::string_view word : words) {
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view key = word.substr(0, equals);
        const auto value = parse_number(word.substr(equals + 1));
        if (!value) continue;
        entry.value = *value;
        const auto* column = std::ranges::find(columns, key, &Column::key);
        const bool known = column != std::end(columns);
        entry.operation = known ? column->operation : key;
        (known ? stats.*column->table : stats.other).push_back(entry);
    }
}

Gauge hugetlb_gauge(const StatsDirectory& directory, const std::string& prefix) {
    return {.usage = directory.number_or_zero(prefix + "current"),
            .max = 0,
            .limit = directory.number(prefix + "max").value_or(unlimited),
            .failures = counter(directory.counters(prefix + "events"), "max")};
}

void add_hugetlb(const StatsDirectory& directory, Stats& stats) {
    for (std::string& size : directory.page_sizes(".current")) {
        HugetlbStats hugetlb{
            .page_size = size, .usage = hugetlb_gauge(directory, "hugetlb." + size + "."), .reserved = {}};
        const std::string reserved = "hugetlb." + size + ".rsvd.";
        if (directory.number(reserved + "current")) hugetlb.reserved = hugetlb_gauge(directory, reserved);
        stats.hugetlb.push_back(std::move(hugetlb));
    }
}

void add_pids(const StatsDirectory& directory, PidsStats& pids) {
    pids.current = directory.number_or_zero("pids.current");
    pids.peak = directory.number_or_zero("pids.peak");
    pids.limit = directory.number("pids.max").value_or(unlimited);
    pids.refused_forks = counter(directory.counters("pids.events"), "max");
}

}  // namespace

void add_stats_v2(const StatsDirectory& directory, Stats& stats) {
    add_cpu(directory, stats.cpu);
    if (directory.has("cpuset")) {
        stats.cpuset.cpus = parse_number_list(directory.text("cpuset.cpus.effective").value_or(""));
        stats.cpuset.mems = parse_number_list(directory.text("cpuset.mems.effective").value_or(""));
    }
    if (directory.has("memory")) add_memory(directory, stats.memory);
    if (directory.has("pids")) add_pids(directory, stats.pids);
    if (directory.has("io"))
        each_line(directory.text("io.stat").value_or(""),
                  [&stats](std::string_view line) { add_device(line, stats.block_io); });
    if (directory.has("hugetlb")) add_hugetlb(directory, stats);
    if (directory.has("rdma")) add_rdma(directory, stats);
    if (directory.has("misc")) add_misc(directory, stats);
    // There without any controller: the v2 tree of a hybrid has them too.
    stats.cpu.pressure = directory.pressure("cpu.pressure");
    stats.memory.pressure = directory.pressure("memory.pressure");
    stats.block_io.pressure = directory.pressure("io.pressure");
}

}  // namespace ocirt::cgroup
