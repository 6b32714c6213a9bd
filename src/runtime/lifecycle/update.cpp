#include "runtime/lifecycle/update.h"

#include <algorithm>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/device_rules.h"
#include "runtime/cgroup/systemd.h"
#include "runtime/cgroup/unit_limits.h"
#include "runtime/cgroup/update_plan.h"
#include "runtime/lifecycle/systemd_cgroup.h"

namespace ocirt::lifecycle {
namespace {

using state::Status;

constexpr std::chrono::milliseconds lock_deadline = std::chrono::seconds(10);

// What is not there is not needed: the plan asks for it only where it is.
cgroup::CurrentLimits current_limits(cgroup::Cgroup& cgroup) {
    cgroup::CurrentLimits current;
    parse_cpu_max(cgroup.read("cpu", "cpu.max").value_or(""), current);
    parse_memory_max(cgroup.read("memory", "memory.max").value_or(""), current);
    current.device_list = cgroup.read("devices", "devices.list").value_or("");
    return current;
}

// After the cgroup's files, which the kernel judges.
Result<> tell_systemd(const cgroup::Unit& unit, const std::vector<BusProperty>& limits) {
    if (limits.empty()) return {};
    cgroup::Systemd systemd = TRY(cgroup::Systemd::connect(unit.session));
    return systemd.set(unit.name, limits);
}

Result<std::vector<BusProperty>> told_limits(const cgroup::ResourcePlan& plan, const std::vector<cgroup::Place>& places,
                                             const std::vector<spec::DeviceRule>& rules) {
    std::vector<BusProperty> limits = cgroup::unit_limits(plan);
    const auto has_devices = [](const cgroup::Place& place) {
        return std::ranges::find(place.controllers, "devices") != place.controllers.end();
    };
    if (rules.empty() || std::ranges::none_of(places, has_devices)) return limits;
    const auto lines = TRY(cgroup::device_lines(cgroup::effective_device_rules(rules)));
    for (BusProperty& rule : cgroup::unit_device_rules(lines, read_proc_devices())) limits.push_back(std::move(rule));
    return limits;
}

}  // namespace

Result<std::vector<cgroup::Warning>> update(Container& container, const spec::Resources& resources) {
    constexpr const char* operation = "update the container";
    TRY(container.lock(lock_deadline));
    const Status status = container.status();
    if (status == Status::stopped || status == Status::creating) return wrong_state(container, operation, "running");
    if (!container.record.use_cgroups)
        return fail({.fault = Fault::unsupported,
                     .operation = operation,
                     .object = "\"" + container.record.id + "\"",
                     .detail = "it was created without cgroups, which have the limits"});
    spec::Resources wanted = resources;
    const std::string rules = cgroup::device_rules_text(wanted.devices);
    if (rules == container.record.device_rules) wanted.devices.clear();
    const std::vector<spec::DeviceRule> changed_rules = wanted.devices;
    cgroup::Cgroup cgroup = cgroup::Cgroup::open(container.record.cgroups);
    cgroup::ResourcePlan plan =
        TRY(cgroup::make_update_plan(std::move(wanted), container.record.cgroups, current_limits(cgroup)));
    const std::optional<cgroup::Unit>& unit = container.record.unit;
    TRY(cgroup.update(plan, [&]() -> Result<> {
        if (!unit) return {};
        TRY(tell_systemd(*unit, TRY(told_limits(plan, container.record.cgroups, changed_rules))));
        return cgroup.apply(plan.limits);  // exact where systemd rounds
    }));
    if (!resources.devices.empty() && rules != container.record.device_rules) {
        container.record.device_rules = rules;
        TRY(container.directory.write(container.record));
    }
    return std::move(plan.warnings);
}

}  // namespace ocirt::lifecycle
