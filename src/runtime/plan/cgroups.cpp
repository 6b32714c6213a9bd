// Where the container's cgroups are and what is written to them.
#include "runtime/cgroup/cgroups_path.h"
#include "runtime/cgroup/resource_plan.h"
#include "runtime/plan/draft.h"

namespace ocirt::plan {

Result<> plan_cgroups(Draft& draft) {
    Plan& plan = draft.plan;
    const spec::Linux& linux = draft.config.linux;
    if (!plan.use_cgroups) {
        // A limit that cannot be set is an error, unless the caller wants no cgroups.
        if (linux.resources && draft.options.use_cgroups)
            TRY(cgroup::make_resource_plan(*linux.resources, draft.host.cgroups,
                                           {.purpose = cgroup::PlanFor::create, .devices = false}));
        else if (linux.resources)
            draft.warn("/linux/resources", "cgroups are disabled: no limit is set");
        return {};
    }
    plan.cgroup_paths = TRY(cgroup::container_paths(draft.host.cgroups, linux.cgroups_path, draft.options.id));
    // A rootless runtime may not change device rules, and need not: mknod is refused there.
    plan.resources =
        TRY(cgroup::make_resource_plan(linux.resources.value_or(spec::Resources{}), draft.host.cgroups,
                                       {.purpose = cgroup::PlanFor::create, .devices = !draft.rootless()}));
    for (const cgroup::Warning& warning : plan.resources.warnings) draft.warn(warning.pointer, warning.text);
    return {};
}

}  // namespace ocirt::plan
