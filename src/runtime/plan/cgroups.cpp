// Where the container's cgroups are and what is written to them.
#include <algorithm>

#include "runtime/cgroup/cgroups_path.h"
#include "runtime/cgroup/resource_plan.h"
#include "runtime/cgroup/unit_annotations.h"
#include "runtime/cgroup/unit_limits.h"
#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

// Of the program's user. Nothing where nobody says how a joined user namespace maps it.
std::optional<std::uint32_t> host_uid(const Draft& draft) {
    const std::uint32_t uid = draft.config.process ? draft.config.process->user.uid : 0;
    if (!draft.has(spec::NamespaceKind::user)) return uid;
    return spec::host_id_of(uid, draft.config.linux.uid_mappings);
}

bool is_writable_cgroup_mount(const spec::Mount& mount) {
    return mount.source == "cgroup" && clean_path(mount.destination) == "/sys/fs/cgroup" &&
           std::ranges::find(mount.options, "ro") == mount.options.end();
}

// config-linux.md "Cgroup ownership": a container that may write to its own cgroup, and sees no other, is given it. Not
// where v1 is in use, and not by a user who has no right to give.
bool gives_cgroup(const Draft& draft) {
    const std::vector<cgroup::Hierarchy>& hierarchies = draft.host.cgroups.hierarchies;
    const bool unified = hierarchies.size() == 1 && hierarchies.front().version == cgroup::Version::v2;
    return unified && draft.makes(spec::NamespaceKind::cgroup) &&
           std::ranges::any_of(draft.config.mounts, is_writable_cgroup_mount);
}

// A rootless runtime may not change device rules, and need not: mknod is refused there.
bool sets_device_rules(const Draft& draft) { return draft.rules_devices() && !draft.host.session; }

Result<> plan_unit(Draft& draft) {
    const Host& host = draft.host;
    const spec::Linux& linux = draft.config.linux;
    cgroup::UnitPlan unit{.unit = TRY(cgroup::container_unit(linux.cgroups_path, draft.options.id, host.session))};
    unit.properties = TRY(cgroup::annotated_properties(draft.config.annotations, host.annotations.allowed));
    draft.plan.cgroup_paths = cgroup::expected_unit_paths(host.cgroups, unit.unit);
    draft.plan.unit = std::move(unit);
    return {};
}

Result<> plan_unit_limits(Draft& draft, const spec::Resources& resources) {
    std::vector<BusProperty>& limits = draft.plan.unit->limits;
    std::vector<BusProperty>& first_limits = draft.plan.unit->first_limits;
    limits = cgroup::unit_limits(draft.plan.resources);
    first_limits = cgroup::unit_first_limits(draft.plan.resources);
    if (!sets_device_rules(draft) || draft.host.cgroups.find("devices") == nullptr) return {};
    const auto lines = TRY(cgroup::device_lines(cgroup::effective_device_rules(resources.devices)));
    for (BusProperty& rule : cgroup::unit_device_rules(lines, draft.host.proc_devices))
        limits.push_back(std::move(rule));
    for (BusProperty& rule : cgroup::unit_first_device_rules()) first_limits.push_back(std::move(rule));
    return {};
}

}  // namespace

Result<> plan_cgroups(Draft& draft) {
    Plan& plan = draft.plan;
    const spec::Linux& linux = draft.config.linux;
    const spec::Resources resources = linux.resources.value_or(spec::Resources{});
    if (!plan.use_cgroups) {
        // A limit that cannot be set is an error, unless the caller wants no cgroups.
        if (linux.resources && draft.options.use_cgroups)
            TRY(cgroup::make_resource_plan(*linux.resources, draft.host.cgroups,
                                           {.purpose = cgroup::PlanFor::create, .devices = false}));
        else if (linux.resources)
            draft.warn("/linux/resources", "cgroups are disabled: no limit is set");
        return {};
    }
    if (draft.options.systemd_cgroup)
        TRY(plan_unit(draft));
    else
        plan.cgroup_paths = TRY(cgroup::container_paths(draft.host.cgroups, linux.cgroups_path, draft.options.id));
    plan.resources = TRY(cgroup::make_resource_plan(
        resources, draft.host.cgroups, {.purpose = cgroup::PlanFor::create, .devices = sets_device_rules(draft)}));
    if (plan.unit) TRY(plan_unit_limits(draft, resources));
    if (!draft.rootless() && gives_cgroup(draft)) plan.cgroup_owner = host_uid(draft);
    if (!draft.rootless() && !plan.delegated_cgroup.empty()) plan.delegated_owner = host_uid(draft);
    for (const cgroup::Warning& warning : plan.resources.warnings) draft.warn(warning.pointer, warning.text);
    return {};
}

}  // namespace ocirt::plan
