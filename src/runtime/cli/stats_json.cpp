#include "runtime/cli/stats_json.h"

#include "common/json_writer.h"

namespace ocirt::cli {
namespace {

using cgroup::Stats;

std::uint64_t count(std::chrono::nanoseconds time) { return static_cast<std::uint64_t>(time.count()); }

// Left out when it is zero, as Go's omitempty does.
void set(JsonWriter& json, std::string_view name, std::uint64_t value) {
    if (value != 0) json.member(name, value);
}

template <class T>
void list(JsonWriter& json, std::string_view name, const std::vector<T>& values) {
    if (values.empty()) return;
    json.key(name);
    json.begin_array();
    for (const T value : values) json.value(value);
    json.end_array();
}

void pressure_line(JsonWriter& json, std::string_view name, const cgroup::Pressure::Line& line) {
    json.key(name);
    json.begin_object();
    json.member("avg10", line.avg10);
    json.member("avg60", line.avg60);
    json.member("avg300", line.avg300);
    json.member("total", line.total.count());
    json.end_object();
}

void pressure(JsonWriter& json, const std::optional<cgroup::Pressure>& pressure) {
    if (!pressure) return;
    json.key("psi");
    json.begin_object();
    pressure_line(json, "some", pressure->some);
    pressure_line(json, "full", pressure->full);
    json.end_object();
}

void cpu(JsonWriter& json, const cgroup::CpuStats& cpu) {
    json.key("cpu");
    json.begin_object();
    json.key("usage");
    json.begin_object();
    set(json, "total", count(cpu.total));
    list(json, "percpu", cpu.per_cpu);
    list(json, "percpu_kernel", cpu.per_cpu_kernel);
    list(json, "percpu_user", cpu.per_cpu_user);
    json.member("kernel", count(cpu.kernel));
    json.member("user", count(cpu.user));
    json.end_object();
    json.key("throttling");
    json.begin_object();
    set(json, "periods", cpu.periods);
    set(json, "throttledPeriods", cpu.throttled_periods);
    set(json, "throttledTime", count(cpu.throttled));
    json.end_object();
    pressure(json, cpu.pressure);
    json.end_object();
}

void cpuset(JsonWriter& json, const cgroup::CpusetStats& cpuset) {
    json.key("cpuset");
    json.begin_object();
    list(json, "cpus", cpuset.cpus);
    json.member("cpu_exclusive", cpuset.cpu_exclusive);
    list(json, "mems", cpuset.mems);
    json.member("mem_hardwall", cpuset.mem_hardwall);
    json.member("mem_exclusive", cpuset.mem_exclusive);
    json.member("memory_migrate", cpuset.memory_migrate);
    json.member("memory_spread_page", cpuset.memory_spread_page);
    json.member("memory_spread_slab", cpuset.memory_spread_slab);
    json.member("memory_pressure", cpuset.memory_pressure);
    json.member("sched_load_balance", cpuset.sched_load_balance);
    json.member("sched_relax_domain_level", cpuset.sched_relax_domain_level);
    json.end_object();
}

void gauge(JsonWriter& json, std::string_view name, const cgroup::Gauge& gauge) {
    json.key(name);
    json.begin_object();
    json.member("limit", gauge.limit);
    set(json, "usage", gauge.usage);
    set(json, "max", gauge.max);
    json.member("failcnt", gauge.failures);
    json.end_object();
}

void counters(JsonWriter& json, std::string_view name, const cgroup::Counters& counters) {
    if (counters.empty()) return;
    json.key(name);
    json.begin_object();
    for (const auto& [key, value] : counters) json.member(key, value);
    json.end_object();
}

void memory(JsonWriter& json, const cgroup::MemoryStats& memory) {
    json.key("memory");
    json.begin_object();
    set(json, "cache", memory.cache);
    gauge(json, "usage", memory.usage);
    gauge(json, "swap", memory.swap);
    gauge(json, "kernel", memory.kernel);
    gauge(json, "kernelTCP", memory.kernel_tcp);
    counters(json, "raw", memory.raw);
    pressure(json, memory.pressure);
    json.key("event_count");
    json.begin_object();
    for (const char* name : {"low", "high", "max", "oom", "oom_kill", "oom_group_kill"})
        json.member(name, cgroup::counter(memory.events, name));
    json.end_object();
    json.end_object();
}

void block_io_table(JsonWriter& json, std::string_view name, const std::vector<cgroup::BlockIoEntry>& entries) {
    if (entries.empty()) return;
    json.key(name);
    json.begin_array();
    for (const cgroup::BlockIoEntry& entry : entries) {
        json.begin_object();
        set(json, "major", entry.major);
        set(json, "minor", entry.minor);
        if (!entry.operation.empty()) json.member("op", entry.operation);
        set(json, "value", entry.value);
        json.end_object();
    }
    json.end_array();
}

void block_io(JsonWriter& json, const cgroup::BlockIoStats& stats) {
    json.key("blkio");
    json.begin_object();
    block_io_table(json, "ioServiceBytesRecursive", stats.service_bytes);
    block_io_table(json, "ioServicedRecursive", stats.serviced);
    block_io_table(json, "ioQueueRecursive", stats.queued);
    block_io_table(json, "ioServiceTimeRecursive", stats.service_time);
    block_io_table(json, "ioWaitTimeRecursive", stats.wait_time);
    block_io_table(json, "ioMergedRecursive", stats.merged);
    block_io_table(json, "ioTimeRecursive", stats.time);
    block_io_table(json, "sectorsRecursive", stats.sectors);
    pressure(json, stats.pressure);
    json.end_object();
}

void hugetlb(JsonWriter& json, const std::vector<cgroup::HugetlbStats>& sizes) {
    json.key("hugetlb");
    json.begin_object();
    for (const cgroup::HugetlbStats& size : sizes) {
        // As runc: the reservations where the kernel counts them, as they are what the limit is first met by.
        const cgroup::Gauge& gauge = size.reserved ? *size.reserved : size.usage;
        json.key(size.page_size);
        json.begin_object();
        set(json, "usage", gauge.usage);
        set(json, "max", gauge.max);
        json.member("failcnt", gauge.failures);
        json.end_object();
    }
    json.end_object();
}

void pids(JsonWriter& json, const cgroup::PidsStats& pids) {
    json.key("pids");
    json.begin_object();
    set(json, "current", pids.current);
    if (pids.limit != cgroup::unlimited) set(json, "limit", pids.limit);
    json.end_object();
}

}  // namespace

std::string stats_event(std::string_view id, const Stats& stats) {
    JsonWriter json;
    json.begin_object();
    json.member("type", "stats");
    json.member("id", id);
    json.key("data");
    json.begin_object();
    cpu(json, stats.cpu);
    cpuset(json, stats.cpuset);
    memory(json, stats.memory);
    pids(json, stats.pids);
    block_io(json, stats.block_io);
    hugetlb(json, stats.hugetlb);
    json.key("intel_rdt");
    json.begin_object();
    json.end_object();
    // Those that a runtime makes itself, and ocirt makes none: an engine's are the engine's to count.
    json.member("network_interfaces", nullptr);
    json.end_object();
    json.end_object();
    return std::move(json).take() + "\n";
}

std::string oom_event(std::string_view id) {
    JsonWriter json;
    json.begin_object();
    json.member("type", "oom");
    json.member("id", id);
    json.end_object();
    return std::move(json).take() + "\n";
}

std::string life_event(const lifecycle::LifeEvent& event) {
    using Kind = lifecycle::LifeEvent::Kind;
    JsonWriter json;
    json.begin_object();
    switch (event.kind) {
        case Kind::create: json.member("type", "create"); break;
        case Kind::start: json.member("type", "start"); break;
        case Kind::exit: json.member("type", "exit"); break;
        case Kind::remove: json.member("type", "delete"); break;
    }
    json.member("id", event.id);
    json.member("time", event.time);
    if (event.kind == Kind::create || event.kind == Kind::start) json.member("pid", event.pid);
    if (event.kind == Kind::exit && event.exit_status) json.member("exit_status", *event.exit_status);
    json.end_object();
    return std::move(json).take() + "\n";
}

}  // namespace ocirt::cli
