#include "runtime/lifecycle/update.h"

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/device_rules.h"
#include "runtime/cgroup/update_plan.h"

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
    cgroup::Cgroup cgroup = cgroup::Cgroup::open(container.record.cgroups);
    cgroup::ResourcePlan plan =
        TRY(cgroup::make_update_plan(std::move(wanted), container.record.cgroups, current_limits(cgroup)));
    TRY(cgroup.update(plan));
    if (!resources.devices.empty() && rules != container.record.device_rules) {
        container.record.device_rules = rules;
        TRY(container.directory.write(container.record));
    }
    return std::move(plan.warnings);
}

}  // namespace ocirt::lifecycle
