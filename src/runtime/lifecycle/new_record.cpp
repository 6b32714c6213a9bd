#include "runtime/lifecycle/new_record.h"

#include "runtime/cgroup/device_rules.h"
#include "runtime/lifecycle/process.h"

namespace ocirt::lifecycle {

std::vector<cgroup::Place> cgroup_places(const Prepared& prepared) {
    const std::vector<std::string>& paths = prepared.plan.cgroup_paths;
    std::vector<cgroup::Place> places;
    places.reserve(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        const cgroup::Hierarchy& hierarchy = prepared.host.cgroups.hierarchies[i];
        places.push_back({hierarchy.version, paths[i], hierarchy.controllers});
    }
    return places;
}

state::Record new_record(const CreateRequest& request, const Prepared& prepared) {
    const spec::Config& config = prepared.config.parsed.value;
    const plan::Plan& plan = prepared.plan;
    state::Record record;
    record.id = request.id;
    record.bundle = plan.bundle;
    record.rootfs = plan.rootfs;
    record.oci_version = config.oci_version;
    record.created = timestamp();
    record.boot_id = boot_id();
    record.own_pid_namespace = plan.own_pid_namespace;
    record.use_cgroups = plan.use_cgroups;
    record.no_new_keyring = request.no_new_keyring;
    record.annotations = config.annotations;
    record.poststart = config.hooks.poststart;
    record.poststop = config.hooks.poststop;
    record.owner = prepared.host.uid;
    if (plan.seccomp_listener) {
        record.seccomp_listener_path = plan.seccomp_listener->path;
        record.seccomp_listener_metadata = plan.seccomp_listener->metadata;
    }
    if (config.linux.resources) record.device_rules = cgroup::device_rules_text(config.linux.resources->devices);
    if (plan.unit) record.unit = plan.unit->unit;
    record.cgroups = cgroup_places(prepared);
    return record;
}

}  // namespace ocirt::lifecycle
