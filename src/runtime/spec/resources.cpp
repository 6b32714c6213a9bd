#include <algorithm>

#include "runtime/spec/objects.h"
#include "runtime/spec/parse.h"

namespace ocirt::spec {

namespace {

// Device numbers of Linux: 12 bits of major, 20 of minor (MKDEV in linux/kdev_t.h).
constexpr std::int64_t last_major = 4095;
constexpr std::int64_t last_minor = 1048575;

constexpr std::array<Word<DeviceType>, 3> rule_types{{
    {"a", DeviceType::any},
    {"b", DeviceType::block},
    {"c", DeviceType::character},
}};

// -1 stands for every number, as in runc.
void read_rule_number(Value value, std::optional<std::uint32_t>& number, std::int64_t last) {
    std::int64_t written = -1;
    if (value.integer(written, std::int64_t{-1}, last) && written >= 0) number = static_cast<std::uint32_t>(written);
}

void read_device_rule(Object& object, DeviceRule& rule) {
    object.required("allow").boolean(rule.allow);
    Value type = object["type"];
    if (std::string written; type.string(written) && !written.empty())
        type.word(rule.type, rule_types, "a device type");
    read_rule_number(object["major"], rule.major, last_major);
    read_rule_number(object["minor"], rule.minor, last_minor);
    Value access = object["access"];
    if (access.string(rule.access) && rule.access.find_first_not_of("rwm") != std::string::npos)
        access.error(quoted(rule.access) + " is not made of \"r\", \"w\" and \"m\"");
    if (rule.access.empty()) rule.access = "rwm";
}

void read_memory(Object& object, Memory& memory) {
    object["limit"].integer(memory.limit, std::int64_t{-1});
    object["reservation"].integer(memory.reservation, std::int64_t{-1});
    object["swap"].integer(memory.swap, std::int64_t{-1});
    Value kernel = object["kernel"];
    if (kernel.integer(memory.kernel, std::int64_t{-1}))
        kernel.warning("kernel memory limits are withdrawn from the spec and from Linux, and are ignored");
    Value kernel_tcp = object["kernelTCP"];
    if (kernel_tcp.integer(memory.kernel_tcp, std::int64_t{-1}))
        kernel_tcp.warning("kernel TCP memory limits are withdrawn from the spec, and exist on cgroup v1 only");
    object["swappiness"].integer(memory.swappiness, std::uint64_t{0}, std::uint64_t{100});
    object["disableOOMKiller"].boolean(memory.disable_oom_killer);
    object["useHierarchy"].boolean(memory.use_hierarchy);
    object["checkBeforeUpdate"].boolean(memory.check_before_update);
    if (memory.limit > 0 && memory.swap > 0 && *memory.swap < *memory.limit)
        object.error("swap is memory and swap together, and is below limit");
}

void read_cpu(Object& object, Cpu& cpu) {
    object["shares"].integer(cpu.shares);
    object["quota"].integer(cpu.quota, std::int64_t{-1});
    object["burst"].integer(cpu.burst);
    object["period"].integer(cpu.period);
    object["realtimeRuntime"].integer(cpu.realtime_runtime, std::int64_t{-1});
    object["realtimePeriod"].integer(cpu.realtime_period);
    read_number_list(object["cpus"], cpu.cpus, cpu_limit);
    read_number_list(object["mems"], cpu.mems, memory_node_limit);
    object["idle"].integer(cpu.idle, std::int64_t{0}, std::int64_t{1});
}

void read_pids(Object& object, std::optional<std::int64_t>& limit) {
    if (Value value = object["limit"]; !value.integer(limit) && !value) object.warning("says nothing without limit");
}

// "2MB": a number without leading zeros, and KB, MB or GB.
bool is_page_size(std::string_view size) {
    const std::size_t digits = std::min(size.find_first_not_of("0123456789"), size.size());
    const std::string_view unit = size.substr(digits);
    return digits > 0 && size.front() != '0' && (unit == "KB" || unit == "MB" || unit == "GB");
}

void read_hugepage_limit(Object& object, HugepageLimit& limit) {
    Value size = object.required("pageSize");
    if (size.string(limit.page_size) && !is_page_size(limit.page_size))
        size.error(quoted(limit.page_size) + " is not a page size: expected a number and KB, MB or GB, as in \"2MB\"");
    object.required("limit").integer(limit.limit);
}

void read_interface_priority(Object& object, InterfacePriority& priority) {
    if (Value name = object.required("name"); name.string(priority.name) && priority.name.empty())
        name.error("is empty");
    object.required("priority").integer(priority.priority);
}

void read_network(Object& object, Network& network) {
    object["classID"].integer(network.class_id);
    object["priorities"].objects(network.priorities, read_interface_priority);
}

void read_rdma(Object& object, Rdma& rdma) {
    object["hcaHandles"].integer(rdma.hca_handles);
    object["hcaObjects"].integer(rdma.hca_objects);
    if (!object["hcaHandles"] && !object["hcaObjects"]) object.error("has neither hcaHandles nor hcaObjects");
}

void read_rdma_devices(Value map, std::vector<Rdma>& devices) {
    map.each(JsonKind::object, [&devices](Value member) {
        Rdma rdma{.device = std::string(member.node()->key), .hca_handles = {}, .hca_objects = {}};
        if (rdma.device.empty()) member.error("has an empty key");
        if (member.object(rdma, read_rdma)) devices.push_back(std::move(rdma));
    });
}

// The keys are names of files in a cgroup v2 directory.
void read_unified(Value map, StringMap& unified) {
    map.string_map(unified);
    map.each(JsonKind::object, [](Value member) {
        const std::string_view name = member.node()->key;
        if (name.find('/') != name.npos || name == "." || name == "..")
            member.error(quoted(name) + " is not the name of a file");
    });
}

}  // namespace

void read_number_list(Value value, std::string& list, std::uint32_t limit) {
    if (!value.string(list)) return;
    if (std::string fault = number_list_fault(list, limit); !fault.empty()) value.error(std::move(fault));
}

void read_resources(Object& object, Resources& resources) {
    object["devices"].objects(resources.devices, read_device_rule);
    object["memory"].object(resources.memory, read_memory);
    object["cpu"].object(resources.cpu, read_cpu);
    if (std::optional<std::int64_t> limit; object["pids"].object<std::optional<std::int64_t>>(limit, read_pids))
        resources.pids_limit = limit;
    object["blockIO"].object(resources.block_io, read_block_io);
    object["hugepageLimits"].objects(resources.hugepage_limits, read_hugepage_limit);
    object["network"].object(resources.network, read_network);
    read_rdma_devices(object["rdma"], resources.rdma);
    read_unified(object["unified"], resources.unified);
}

}  // namespace ocirt::spec
