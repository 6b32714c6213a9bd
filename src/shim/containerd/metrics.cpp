#include "shim/containerd/metrics.h"

#include <algorithm>

#include "common.pb.h"
#include "metrics_v1.pb.h"
#include "metrics_v2.pb.h"

namespace ocirt::shim {
namespace {

namespace v1 = wire::v1;
namespace v2 = wire::v2;
using cgroup::counter;

template <class T>
struct Field {
    const char* name;  // in the kernel's file
    void (T::*set)(std::uint64_t);
};

using V1Memory = v1::MemoryStat;
constexpr Field<V1Memory> v1_memory[] = {
    {"cache", &V1Memory::set_cache},
    {"rss", &V1Memory::set_rss},
    {"rss_huge", &V1Memory::set_rss_huge},
    {"mapped_file", &V1Memory::set_mapped_file},
    {"dirty", &V1Memory::set_dirty},
    {"writeback", &V1Memory::set_writeback},
    {"pgpgin", &V1Memory::set_pg_pg_in},
    {"pgpgout", &V1Memory::set_pg_pg_out},
    {"pgfault", &V1Memory::set_pg_fault},
    {"pgmajfault", &V1Memory::set_pg_maj_fault},
    {"inactive_anon", &V1Memory::set_inactive_anon},
    {"active_anon", &V1Memory::set_active_anon},
    {"inactive_file", &V1Memory::set_inactive_file},
    {"active_file", &V1Memory::set_active_file},
    {"unevictable", &V1Memory::set_unevictable},
    {"hierarchical_memory_limit", &V1Memory::set_hierarchical_memory_limit},
    {"hierarchical_memsw_limit", &V1Memory::set_hierarchical_swap_limit},
    {"total_cache", &V1Memory::set_total_cache},
    {"total_rss", &V1Memory::set_total_rss},
    {"total_rss_huge", &V1Memory::set_total_rss_huge},
    {"total_mapped_file", &V1Memory::set_total_mapped_file},
    {"total_dirty", &V1Memory::set_total_dirty},
    {"total_writeback", &V1Memory::set_total_writeback},
    {"total_pgpgin", &V1Memory::set_total_pg_pg_in},
    {"total_pgpgout", &V1Memory::set_total_pg_pg_out},
    {"total_pgfault", &V1Memory::set_total_pg_fault},
    {"total_pgmajfault", &V1Memory::set_total_pg_maj_fault},
    {"total_inactive_anon", &V1Memory::set_total_inactive_anon},
    {"total_active_anon", &V1Memory::set_total_active_anon},
    {"total_inactive_file", &V1Memory::set_total_inactive_file},
    {"total_active_file", &V1Memory::set_total_active_file},
    {"total_unevictable", &V1Memory::set_total_unevictable},
};

using V2Memory = v2::MemoryStat;
constexpr Field<V2Memory> v2_memory[] = {
    {"anon", &V2Memory::set_anon},
    {"file", &V2Memory::set_file},
    {"kernel_stack", &V2Memory::set_kernel_stack},
    {"slab", &V2Memory::set_slab},
    {"sock", &V2Memory::set_sock},
    {"shmem", &V2Memory::set_shmem},
    {"file_mapped", &V2Memory::set_file_mapped},
    {"file_dirty", &V2Memory::set_file_dirty},
    {"file_writeback", &V2Memory::set_file_writeback},
    {"anon_thp", &V2Memory::set_anon_thp},
    {"inactive_anon", &V2Memory::set_inactive_anon},
    {"active_anon", &V2Memory::set_active_anon},
    {"inactive_file", &V2Memory::set_inactive_file},
    {"active_file", &V2Memory::set_active_file},
    {"unevictable", &V2Memory::set_unevictable},
    {"slab_reclaimable", &V2Memory::set_slab_reclaimable},
    {"slab_unreclaimable", &V2Memory::set_slab_unreclaimable},
    {"pgfault", &V2Memory::set_pgfault},
    {"pgmajfault", &V2Memory::set_pgmajfault},
    {"workingset_refault_file", &V2Memory::set_workingset_refault},
    {"workingset_activate_file", &V2Memory::set_workingset_activate},
    {"workingset_nodereclaim", &V2Memory::set_workingset_nodereclaim},
    {"pgrefill", &V2Memory::set_pgrefill},
    {"pgscan", &V2Memory::set_pgscan},
    {"pgsteal", &V2Memory::set_pgsteal},
    {"pgactivate", &V2Memory::set_pgactivate},
    {"pgdeactivate", &V2Memory::set_pgdeactivate},
    {"pglazyfree", &V2Memory::set_pglazyfree},
    {"pglazyfreed", &V2Memory::set_pglazyfreed},
    {"thp_fault_alloc", &V2Memory::set_thp_fault_alloc},
    {"thp_collapse_alloc", &V2Memory::set_thp_collapse_alloc},
};

std::uint64_t nanoseconds(std::chrono::nanoseconds time) { return static_cast<std::uint64_t>(time.count()); }
std::uint64_t microseconds(std::chrono::nanoseconds time) { return nanoseconds(time) / 1000; }

void set(v1::MemoryEntry& out, const cgroup::Gauge& gauge) {
    out.set_limit(gauge.limit);
    out.set_usage(gauge.usage);
    out.set_max(gauge.max);
    out.set_failcnt(gauge.failures);
}

template <class Entries>
void set_rdma(Entries& out, const std::vector<cgroup::RdmaStats>& rdma) {
    const auto number = [](std::uint64_t value) {
        return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, ~0U));
    };
    for (const cgroup::RdmaStats& device : rdma) {
        auto& current = *out.add_current();
        current.set_device(device.device);
        current.set_hca_handles(number(device.hca_handles));
        current.set_hca_objects(number(device.hca_objects));
        auto& limit = *out.add_limit();
        limit.set_device(device.device);
        limit.set_hca_handles(number(device.hca_handles_limit));
        limit.set_hca_objects(number(device.hca_objects_limit));
    }
}

void set_block_io(v1::BlkIOStat& out, const cgroup::BlockIoStats& stats) {
    using Add = v1::BlkIOEntry* (v1::BlkIOStat::*)();
    const std::pair<const std::vector<cgroup::BlockIoEntry>*, Add> lists[] = {
        {&stats.service_bytes, &v1::BlkIOStat::add_io_service_bytes_recursive},
        {&stats.serviced, &v1::BlkIOStat::add_io_serviced_recursive},
        {&stats.queued, &v1::BlkIOStat::add_io_queued_recursive},
        {&stats.service_time, &v1::BlkIOStat::add_io_service_time_recursive},
        {&stats.wait_time, &v1::BlkIOStat::add_io_wait_time_recursive},
        {&stats.merged, &v1::BlkIOStat::add_io_merged_recursive},
        {&stats.time, &v1::BlkIOStat::add_io_time_recursive},
        {&stats.sectors, &v1::BlkIOStat::add_sectors_recursive}};
    for (const auto& [entries, add] : lists)
        for (const cgroup::BlockIoEntry& entry : *entries) {
            v1::BlkIOEntry& one = *(out.*add)();
            one.set_op(entry.operation);
            one.set_major(entry.major);
            one.set_minor(entry.minor);
            one.set_value(entry.value);
        }
}

v1::Metrics as_v1(const cgroup::Stats& stats) {
    v1::Metrics metrics;
    metrics.mutable_pids()->set_current(stats.pids.current);
    metrics.mutable_pids()->set_limit(stats.pids.limit);
    v1::CPUUsage& usage = *metrics.mutable_cpu()->mutable_usage();
    usage.set_total(nanoseconds(stats.cpu.total));
    usage.set_kernel(nanoseconds(stats.cpu.kernel));
    usage.set_user(nanoseconds(stats.cpu.user));
    for (const std::uint64_t time : stats.cpu.per_cpu) usage.add_per_cpu(time);
    v1::Throttle& throttling = *metrics.mutable_cpu()->mutable_throttling();
    throttling.set_periods(stats.cpu.periods);
    throttling.set_throttled_periods(stats.cpu.throttled_periods);
    throttling.set_throttled_time(nanoseconds(stats.cpu.throttled));
    v1::MemoryStat& memory = *metrics.mutable_memory();
    for (const auto& field : v1_memory) (memory.*field.set)(counter(stats.memory.raw, field.name));
    set(*memory.mutable_usage(), stats.memory.usage);
    set(*memory.mutable_swap(), stats.memory.swap);
    set(*memory.mutable_kernel(), stats.memory.kernel);
    set(*memory.mutable_kernel_tcp(), stats.memory.kernel_tcp);
    v1::MemoryOomControl& oom = *metrics.mutable_memory_oom_control();
    oom.set_oom_kill_disable(counter(stats.memory.events, "oom_kill_disable"));
    oom.set_under_oom(counter(stats.memory.events, "under_oom"));
    oom.set_oom_kill(counter(stats.memory.events, "oom_kill"));
    set_block_io(*metrics.mutable_blkio(), stats.block_io);
    for (const cgroup::HugetlbStats& size : stats.hugetlb) {
        v1::HugetlbStat& one = *metrics.add_hugetlb();
        one.set_pagesize(size.page_size);
        one.set_usage(size.usage.usage);
        one.set_max(size.usage.max);
        one.set_failcnt(size.usage.failures);
    }
    if (!stats.rdma.empty()) set_rdma(*metrics.mutable_rdma(), stats.rdma);
    return metrics;
}

void set(v2::PSIData& out, const cgroup::Pressure::Line& line) {
    out.set_avg10(line.avg10);
    out.set_avg60(line.avg60);
    out.set_avg300(line.avg300);
    out.set_total(static_cast<std::uint64_t>(line.total.count()));
}

// `Message` has psi.
template <class Message>
void set_pressure(Message& out, const std::optional<cgroup::Pressure>& pressure) {
    if (!pressure) return;
    set(*out.mutable_psi()->mutable_some(), pressure->some);
    set(*out.mutable_psi()->mutable_full(), pressure->full);
}

// io.stat has a line for each device; the lists have an entry for each of its numbers.
void set_io(v2::IOStat& out, const cgroup::BlockIoStats& stats) {
    const auto entry_of = [&out](const cgroup::BlockIoEntry& number) -> v2::IOEntry& {
        for (v2::IOEntry& entry : *out.mutable_usage())
            if (entry.major() == number.major && entry.minor() == number.minor) return entry;
        v2::IOEntry& entry = *out.add_usage();
        entry.set_major(number.major);
        entry.set_minor(number.minor);
        return entry;
    };
    for (const cgroup::BlockIoEntry& bytes : stats.service_bytes) {
        if (bytes.operation == "Read") entry_of(bytes).set_rbytes(bytes.value);
        if (bytes.operation == "Write") entry_of(bytes).set_wbytes(bytes.value);
    }
    for (const cgroup::BlockIoEntry& count : stats.serviced) {
        if (count.operation == "Read") entry_of(count).set_rios(count.value);
        if (count.operation == "Write") entry_of(count).set_wios(count.value);
    }
}

v2::Metrics as_v2(const cgroup::Stats& stats) {
    v2::Metrics metrics;
    metrics.mutable_pids()->set_current(stats.pids.current);
    metrics.mutable_pids()->set_limit(stats.pids.limit);
    v2::CPUStat& cpu = *metrics.mutable_cpu();
    cpu.set_usage_usec(microseconds(stats.cpu.total));
    cpu.set_user_usec(microseconds(stats.cpu.user));
    cpu.set_system_usec(microseconds(stats.cpu.kernel));
    cpu.set_nr_periods(stats.cpu.periods);
    cpu.set_nr_throttled(stats.cpu.throttled_periods);
    cpu.set_throttled_usec(microseconds(stats.cpu.throttled));
    cpu.set_nr_bursts(stats.cpu.bursts);
    cpu.set_burst_usec(microseconds(stats.cpu.burst));
    set_pressure(cpu, stats.cpu.pressure);
    v2::MemoryStat& memory = *metrics.mutable_memory();
    for (const auto& field : v2_memory) (memory.*field.set)(counter(stats.memory.raw, field.name));
    memory.set_usage(stats.memory.usage.usage);
    memory.set_usage_limit(stats.memory.usage.limit);
    const cgroup::Gauge swap = stats.memory.swap_only.value_or(cgroup::Gauge{});
    memory.set_swap_usage(swap.usage);
    memory.set_swap_limit(swap.limit);
    memory.set_max_usage(stats.memory.usage.max);
    memory.set_swap_max_usage(swap.max);
    set_pressure(memory, stats.memory.pressure);
    v2::MemoryEvents& events = *metrics.mutable_memory_events();
    events.set_low(counter(stats.memory.events, "low"));
    events.set_high(counter(stats.memory.events, "high"));
    events.set_max(counter(stats.memory.events, "max"));
    events.set_oom(counter(stats.memory.events, "oom"));
    events.set_oom_kill(counter(stats.memory.events, "oom_kill"));
    set_io(*metrics.mutable_io(), stats.block_io);
    set_pressure(*metrics.mutable_io(), stats.block_io.pressure);
    for (const cgroup::HugetlbStats& size : stats.hugetlb) {
        v2::HugeTlbStat& one = *metrics.add_hugetlb();
        one.set_pagesize(size.page_size);
        one.set_current(size.usage.usage);
        one.set_max(size.usage.limit);
    }
    if (!stats.rdma.empty()) set_rdma(*metrics.mutable_rdma(), stats.rdma);
    return metrics;
}

}  // namespace

std::string encode_metrics(const cgroup::Stats& stats, std::span<const cgroup::Place> places) {
    const bool any_v1 =
        std::ranges::any_of(places, [](const cgroup::Place& place) { return place.version == cgroup::Version::v1; });
    wire::Any any;
    any.set_type_url(any_v1 ? "io.containerd.cgroups.v1.Metrics" : "io.containerd.cgroups.v2.Metrics");
    any.set_value(any_v1 ? as_v1(stats).SerializeAsString() : as_v2(stats).SerializeAsString());
    return any.SerializeAsString();
}

}  // namespace ocirt::shim
