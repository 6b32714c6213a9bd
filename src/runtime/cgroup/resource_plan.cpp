#include "runtime/cgroup/resource_plan.h"

#include <algorithm>

#include "runtime/cgroup/device_rules.h"
#include "runtime/cgroup/plan_builder.h"

namespace ocirt::cgroup {

namespace {

std::string full_pointer(std::string_view pointer) { return std::string(resources_pointer).append(pointer); }

// JSON pointers write "~" and "/" of a name as "~0" and "~1" (RFC 6901).
std::string pointer_name(std::string_view name) {
    std::string escaped;
    for (char c : name) {
        if (c == '~')
            escaped += "~0";
        else if (c == '/')
            escaped += "~1";
        else
            escaped += c;
    }
    return escaped;
}

bool is_word(std::string_view text) {
    return !text.empty() && text.find_first_of(std::string_view(" \t\n/\0", 5)) == std::string_view::npos;
}

// "2MB", "1GB", "64KB": a part of a file's name.
bool is_page_size(std::string_view size) {
    if (size.size() < 3 || !size.ends_with('B')) return false;
    const char unit = size[size.size() - 2];
    const std::string_view digits = size.substr(0, size.size() - 2);
    return (unit == 'K' || unit == 'M' || unit == 'G') && digits.front() != '0' &&
           std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

Result<> plan_memory(PlanBuilder& builder, const spec::Memory& memory) {
    const bool lifts_only = memory.limit.value_or(0) <= 0 && memory.swap.value_or(0) <= 0 &&
                            memory.reservation.value_or(0) <= 0 && memory.kernel_tcp.value_or(0) <= 0 &&
                            !memory.swappiness && !memory.disable_oom_killer.value_or(false);
    if (lifts_only && builder.layout().find("memory") == nullptr) return {};
    const char* pointer = is_set(memory.limit) ? "/memory/limit" : "/memory";
    if (TRY(builder.require("memory", pointer)) == Version::v2) return plan_memory_v2(builder, memory);
    return plan_memory_v1(builder, memory);
}

Result<> plan_cpu(PlanBuilder& builder, const spec::Cpu& cpu) {
    const bool asks = is_set(cpu.shares) || is_set(cpu.quota) || is_set(cpu.period) || is_set(cpu.burst) ||
                      is_set(cpu.realtime_period) || is_set(cpu.realtime_runtime) || is_set(cpu.idle);
    if (!asks && builder.layout().find("cpu") == nullptr) return {};
    if (TRY(builder.require("cpu", "/cpu")) == Version::v2) return plan_cpu_v2(builder, cpu);
    return plan_cpu_v1(builder, cpu);
}

Result<> plan_cpuset(PlanBuilder& builder, const spec::Cpu* cpu) {
    const Hierarchy* hierarchy = builder.layout().find("cpuset");
    builder.plan().inherit_cpuset =
        builder.options().purpose == PlanFor::create && hierarchy != nullptr && hierarchy->version == Version::v1;
    if (cpu == nullptr) return {};
    for (const auto& [value, file, pointer] :
         {std::tuple{&cpu->cpus, "cpuset.cpus", "/cpu/cpus"}, std::tuple{&cpu->mems, "cpuset.mems", "/cpu/mems"}}) {
        if (value->empty()) continue;
        (void)TRY(builder.require("cpuset", pointer));
        builder.before_attach("cpuset", file, *value, pointer).repeat_last = false;
    }
    return {};
}

Result<> plan_pids(PlanBuilder& builder, std::int64_t limit) {
    if (limit < 0 && builder.layout().find("pids") == nullptr) return {};
    (void)TRY(builder.require("pids", "/pids/limit"));
    builder.limit("pids", "pids.max", limit < 0 ? "max" : text(limit), "/pids/limit");
    return {};
}

Result<> plan_block_io(PlanBuilder& builder, const spec::BlockIo& block_io) {
    const bool asks = is_set(block_io.weight) || is_set(block_io.leaf_weight) || !block_io.weight_device.empty() ||
                      !block_io.throttle_read_bps_device.empty() || !block_io.throttle_write_bps_device.empty() ||
                      !block_io.throttle_read_iops_device.empty() || !block_io.throttle_write_iops_device.empty();
    if (!asks) return {};
    // One controller under two names: blkio on v1, io on v2.
    if (builder.layout().find("io") != nullptr) return plan_block_io_v2(builder, block_io);
    (void)TRY(builder.require("blkio", "/blockIO"));
    return plan_block_io_v1(builder, block_io);
}

Result<> plan_hugetlb(PlanBuilder& builder, const std::vector<spec::HugepageLimit>& limits) {
    for (std::size_t i = 0; i < limits.size(); ++i) {
        const std::string pointer = "/hugepageLimits/" + text(i);
        if (!is_page_size(limits[i].page_size))
            return PlanBuilder::invalid(pointer + "/pageSize", "not a page size: \"" + limits[i].page_size + "\"",
                                        "such as 64KB, 2MB, 1GB");
        const bool v2 = TRY(builder.require("hugetlb", pointer)) == Version::v2;
        const std::string file = "hugetlb." + limits[i].page_size;
        const std::string suffix = v2 ? ".max" : ".limit_in_bytes";
        builder.limit("hugetlb", file + suffix, text(limits[i].limit), pointer).hint =
            "where the file is missing, this machine has no pages of that size";
        // Reservations count too, or a process that has reserved more is killed when it touches its pages (Linux 5.7).
        const std::string reserved = v2 ? ".rsvd.max" : ".rsvd.limit_in_bytes";
        builder.limit("hugetlb", file + reserved, text(limits[i].limit), pointer).optional = true;
    }
    return {};
}

Result<> plan_network(PlanBuilder& builder, const spec::Network& network) {
    const auto v1 = [&builder](const char* controller, const std::string& pointer) -> Result<> {
        if (TRY(builder.require(controller, pointer)) == Version::v2) return PlanBuilder::only_v1(pointer);
        return {};
    };
    if (is_set(network.class_id)) {
        TRY(v1("net_cls", "/network/classID"));
        builder.limit("net_cls", "net_cls.classid", text(*network.class_id), "/network/classID");
    }
    for (std::size_t i = 0; i < network.priorities.size(); ++i) {
        const auto& [name, priority] = network.priorities[i];
        const std::string pointer = "/network/priorities/" + text(i);
        TRY(v1("net_prio", pointer));
        if (!is_word(name)) return PlanBuilder::invalid(pointer + "/name", "not an interface's name");
        builder.limit("net_prio", "net_prio.ifpriomap", name + " " + text(priority), pointer);
    }
    return {};
}

Result<> plan_rdma(PlanBuilder& builder, const std::vector<spec::Rdma>& devices) {
    for (const spec::Rdma& rdma : devices) {
        const std::string pointer = "/rdma/" + pointer_name(rdma.device);
        if (!is_word(rdma.device)) return PlanBuilder::invalid(pointer, "not a device's name");
        if (!rdma.hca_handles && !rdma.hca_objects) continue;
        (void)TRY(builder.require("rdma", pointer));
        std::string value = rdma.device;
        if (rdma.hca_handles) value += " hca_handle=" + text(*rdma.hca_handles);
        if (rdma.hca_objects) value += " hca_object=" + text(*rdma.hca_objects);
        builder.limit("rdma", "rdma.max", std::move(value), pointer);
    }
    return {};
}

// A key is a file of the container's directory in the v2 tree, and of nothing else: "memory.high", "cgroup.max.depth".
Result<> plan_unified(PlanBuilder& builder, const spec::StringMap& unified) {
    const Hierarchy* tree = builder.layout().unified();
    for (const auto& [key, value] : unified) {
        const std::string pointer = "/unified/" + pointer_name(key);
        const std::size_t dot = key.find('.');
        if (!is_word(key) || dot == 0 || dot == std::string::npos || dot + 1 == key.size())
            return PlanBuilder::invalid(pointer, "not of the form CONTROLLER.PARAMETER");
        if (tree == nullptr)
            return fail({.fault = Fault::unsupported,
                         .pointer = full_pointer(pointer),
                         .detail = "this host has no cgroup v2 tree",
                         .hint = "unified is for cgroup v2; use the named resources"});
        const std::string controller = key.substr(0, dot);
        const bool core = controller == "cgroup";
        if (!core && std::ranges::find(tree->controllers, controller) == tree->controllers.end())
            return fail({.fault = Fault::unsupported,
                         .pointer = full_pointer(pointer),
                         .detail = "controller " + controller + " is not in the cgroup v2 tree"});
        // Some files take one line at a write (io.max).
        for (std::size_t start = 0; start < value.size() || start == 0;) {
            const std::size_t end = std::min(value.find('\n', start), value.size());
            if (end > start || value.empty())
                builder.limit(core ? "" : controller, key, value.substr(start, end - start), pointer);
            start = end + 1;
        }
    }
    return {};
}

Result<> plan_devices(PlanBuilder& builder, const std::vector<spec::DeviceRule>& rules) {
    // An update's are made from the rules that stand (update_plan).
    if (!builder.options().devices || builder.options().purpose == PlanFor::update) return {};
    const auto all = effective_device_rules(rules);
    if (builder.layout().find("devices") != nullptr) {
        for (DeviceLine& line : TRY(device_lines(all)))
            builder.limit("devices", line.allow ? "devices.allow" : "devices.deny", std::move(line.text), "/devices");
        return {};
    }
    if (builder.layout().unified() == nullptr)
        return fail({.fault = Fault::unsupported,
                     .pointer = full_pointer("/devices"),
                     .detail = "the devices controller is mounted nowhere and there is no cgroup v2 tree",
                     .hint = "without either, a container could open every device"});
    builder.plan().device_program = TRY(make_device_program(all));
    return {};
}

}  // namespace

Result<Version> PlanBuilder::require(std::string_view controller, std::string_view pointer) const {
    if (const Hierarchy* hierarchy = layout_.find(controller)) return hierarchy->version;
    return fail({.fault = Fault::unsupported,
                 .pointer = full_pointer(pointer),
                 .detail = "controller " + std::string(controller) + " is not available: it is mounted nowhere",
                 .hint = "mount it, or leave the value out"});
}

Write PlanBuilder::make(std::string_view controller, std::string file, std::string value, std::string_view pointer) {
    const Hierarchy* hierarchy = controller.empty() ? nullptr : layout_.find(controller);
    if (hierarchy != nullptr && hierarchy->version == Version::v2) {
        auto& needed = plan_.unified_controllers;
        if (std::ranges::find(needed, controller) == needed.end()) needed.emplace_back(controller);
    }
    return {.controller = std::string(controller),
            .file = std::move(file),
            .value = std::move(value),
            .pointer = full_pointer(pointer)};
}

Write& PlanBuilder::limit(std::string_view controller, std::string file, std::string value, std::string_view pointer) {
    return plan_.limits.emplace_back(make(controller, std::move(file), std::move(value), pointer));
}

Write& PlanBuilder::before_attach(std::string_view controller, std::string file, std::string value,
                                  std::string_view pointer) {
    return plan_.before_attach.emplace_back(make(controller, std::move(file), std::move(value), pointer));
}

void PlanBuilder::warn(std::string_view pointer, std::string text) {
    plan_.warnings.push_back({.pointer = full_pointer(pointer), .text = std::move(text)});
}

std::unexpected<Error> PlanBuilder::only_v1(std::string_view pointer) {
    return fail(
        {.fault = Fault::unsupported, .pointer = full_pointer(pointer), .detail = "cgroup v2 has no such setting"});
}

std::unexpected<Error> PlanBuilder::invalid(std::string_view pointer, std::string detail, std::string hint) {
    return fail({.fault = Fault::invalid_config,
                 .pointer = full_pointer(pointer),
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

Result<ResourcePlan> make_resource_plan(const spec::Resources& resources, const Layout& layout,
                                        const PlanOptions& options) {
    PlanBuilder builder(layout, options);
    TRY(plan_cpuset(builder, resources.cpu ? &*resources.cpu : nullptr));
    TRY(plan_devices(builder, resources.devices));
    if (resources.memory) TRY(plan_memory(builder, *resources.memory));
    if (resources.cpu) TRY(plan_cpu(builder, *resources.cpu));
    if (resources.pids_limit) TRY(plan_pids(builder, *resources.pids_limit));
    if (resources.block_io) TRY(plan_block_io(builder, *resources.block_io));
    TRY(plan_hugetlb(builder, resources.hugepage_limits));
    if (resources.network) TRY(plan_network(builder, *resources.network));
    TRY(plan_rdma(builder, resources.rdma));
    TRY(plan_unified(builder, resources.unified));
    return std::move(builder.plan());
}

std::vector<std::string> controllers_to_enable(const Layout& layout, const ResourcePlan& plan) {
    const Hierarchy* tree = layout.unified();
    if (tree == nullptr) return {};
    const bool pure = std::ranges::all_of(layout.hierarchies, [](const Hierarchy& hierarchy) {
        return hierarchy.version == Version::v2 || hierarchy.controllers.front().starts_with("name=");
    });
    return pure ? tree->controllers : plan.unified_controllers;
}

}  // namespace ocirt::cgroup
