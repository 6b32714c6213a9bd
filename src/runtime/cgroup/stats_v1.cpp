// Kernel's Documentation/admin-guide/cgroup-v1/{cpuacct,cpusets,memory,blkio-controller,hugetlb,pids}.rst.
#include <unistd.h>

#include "runtime/cgroup/stats_text.h"

namespace ocirt::cgroup {

namespace {

using std::chrono::nanoseconds;

nanoseconds as_time(std::uint64_t value) { return nanoseconds(static_cast<std::int64_t>(value)); }

// cpuacct.stat counts in clock ticks.
nanoseconds from_ticks(std::uint64_t ticks) {
    const auto second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return as_time(ticks * (1'000'000'000u / second));
}

// cpuacct.usage_all: a heading, then "cpu user system" lines.
void add_usage_all(std::string_view text, CpuStats& cpu) {
    each_line(text, [&cpu](std::string_view line) {
        const auto numbers = parse_numbers(line);
        if (numbers.size() != 3 || line.starts_with("cpu")) return;
        cpu.per_cpu_user.push_back(numbers[1]);
        cpu.per_cpu_kernel.push_back(numbers[2]);
    });
}

void add_cpuacct(const StatsDirectory& directory, CpuStats& cpu) {
    cpu.total = as_time(directory.number_or_zero("cpuacct.usage"));
    cpu.per_cpu = parse_numbers(directory.text("cpuacct.usage_percpu").value_or(""));
    add_usage_all(directory.text("cpuacct.usage_all").value_or(""), cpu);
    const Counters ticks = directory.counters("cpuacct.stat");
    cpu.user = from_ticks(counter(ticks, "user"));
    cpu.kernel = from_ticks(counter(ticks, "system"));
}

void add_cpu(const StatsDirectory& directory, CpuStats& cpu) {
    cpu.raw = directory.counters("cpu.stat");
    cpu.periods = counter(cpu.raw, "nr_periods");
    cpu.throttled_periods = counter(cpu.raw, "nr_throttled");
    cpu.throttled = as_time(counter(cpu.raw, "throttled_time"));
    cpu.bursts = counter(cpu.raw, "nr_bursts");
    cpu.burst = as_time(counter(cpu.raw, "burst_time"));
}

void add_cpuset(const StatsDirectory& directory, CpusetStats& cpuset) {
    cpuset.cpus = parse_number_list(directory.text("cpuset.cpus").value_or(""));
    cpuset.mems = parse_number_list(directory.text("cpuset.mems").value_or(""));
    cpuset.cpu_exclusive = directory.number_or_zero("cpuset.cpu_exclusive");
    cpuset.mem_hardwall = directory.number_or_zero("cpuset.mem_hardwall");
    cpuset.mem_exclusive = directory.number_or_zero("cpuset.mem_exclusive");
    cpuset.memory_migrate = directory.number_or_zero("cpuset.memory_migrate");
    cpuset.memory_spread_page = directory.number_or_zero("cpuset.memory_spread_page");
    cpuset.memory_spread_slab = directory.number_or_zero("cpuset.memory_spread_slab");
    cpuset.memory_pressure = directory.number_or_zero("cpuset.memory_pressure");
    cpuset.sched_load_balance = directory.number_or_zero("cpuset.sched_load_balance");
    const std::string level = directory.text("cpuset.sched_relax_domain_level").value_or("");
    const bool negative = level.starts_with('-');
    const auto number =
        static_cast<std::int64_t>(parse_number(std::string_view(level).substr(negative ? 1 : 0)).value_or(0));
    cpuset.sched_relax_domain_level = negative ? -number : number;
}

Gauge gauge(const StatsDirectory& directory, const std::string& prefix) {
    return {.usage = directory.number_or_zero(prefix + "usage_in_bytes"),
            .max = directory.number_or_zero(prefix + "max_usage_in_bytes"),
            .limit = directory.number_or_zero(prefix + "limit_in_bytes"),
            .failures = directory.number_or_zero(prefix + "failcnt")};
}

void add_memory(const StatsDirectory& directory, MemoryStats& memory) {
    memory.usage = gauge(directory, "memory.");
    memory.swap = gauge(directory, "memory.memsw.");
    memory.kernel = gauge(directory, "memory.kmem.");
    memory.kernel_tcp = gauge(directory, "memory.kmem.tcp.");
    memory.raw = directory.counters("memory.stat");
    memory.cache = counter(memory.raw, "cache");
    memory.use_hierarchy = directory.number("memory.use_hierarchy").value_or(1) == 1;
    memory.soft_limit = directory.number("memory.soft_limit_in_bytes");
    memory.numa = parse_numa(directory.text("memory.numa_stat").value_or(""));
    memory.events = directory.counters("memory.oom_control");
}

// Which files count depends on the I/O scheduler: BFQ's own, CFQ's (before Linux 5.0), and those of throttling, which
// count everything that no scheduler does. The first that says anything.
std::vector<BlockIoEntry> block_io(const StatsDirectory& directory, const std::string& name) {
    for (const char* family : {"blkio.bfq.", "blkio.", "blkio.throttle."}) {
        auto entries = parse_block_io(directory.text(family + name + "_recursive").value_or(""));
        if (!entries.empty()) return entries;
    }
    return {};
}

void add_block_io(const StatsDirectory& directory, BlockIoStats& stats) {
    stats.service_bytes = block_io(directory, "io_service_bytes");
    stats.serviced = block_io(directory, "io_serviced");
    stats.queued = block_io(directory, "io_queued");
    stats.service_time = block_io(directory, "io_service_time");
    stats.wait_time = block_io(directory, "io_wait_time");
    stats.merged = block_io(directory, "io_merged");
    stats.time = block_io(directory, "time");
    stats.sectors = block_io(directory, "sectors");
}

void add_hugetlb(const StatsDirectory& directory, Stats& stats) {
    for (std::string& size : directory.page_sizes(".usage_in_bytes")) {
        HugetlbStats hugetlb{.page_size = size, .usage = gauge(directory, "hugetlb." + size + "."), .reserved = {}};
        const std::string reserved = "hugetlb." + size + ".rsvd.";
        if (directory.number(reserved + "usage_in_bytes")) hugetlb.reserved = gauge(directory, reserved);
        stats.hugetlb.push_back(std::move(hugetlb));
    }
}

void add_pids(const StatsDirectory& directory, PidsStats& pids) {
    pids.current = directory.number_or_zero("pids.current");
    pids.peak = directory.number_or_zero("pids.peak");
    pids.limit = directory.number_or_zero("pids.max");
    pids.refused_forks = counter(directory.counters("pids.events"), "max");
}

}  // namespace

void add_stats_v1(const StatsDirectory& directory, Stats& stats) {
    if (directory.has("cpuacct")) add_cpuacct(directory, stats.cpu);
    if (directory.has("cpu")) add_cpu(directory, stats.cpu);
    if (directory.has("cpuset")) add_cpuset(directory, stats.cpuset);
    if (directory.has("memory")) add_memory(directory, stats.memory);
    if (directory.has("pids")) add_pids(directory, stats.pids);
    if (directory.has("blkio")) add_block_io(directory, stats.block_io);
    if (directory.has("hugetlb")) add_hugetlb(directory, stats);
    if (directory.has("rdma")) add_rdma(directory, stats);
    if (directory.has("misc")) add_misc(directory, stats);
}

}  // namespace ocirt::cgroup
