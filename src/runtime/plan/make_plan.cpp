#include "runtime/plan/make_plan.h"

#include <linux/mount.h>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

std::string absolute_rootfs(const Draft& draft) {
    std::string path = host_path(draft, draft.config.root->path);
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path;
}

// The root tree, detached by the parent. It leaves its peers on the host, whatever rootfsPropagation says: what is
// mounted in it must not appear there (threat A9). "slave" is what remains; but for it, a root is private.
OpenTree<Hosted> root_tree(const Draft& draft) {
    const bool slave = draft.config.linux.rootfs_propagation == spec::RootfsPropagation::slave;
    return {.slot = slot_root,
            .source = draft.plan.rootfs,
            .recursive = 1,
            .propagation = slave ? 0u : std::uint64_t{MS_PRIVATE}};
}

// A rootless parent has no right to open trees: init does it, right before it attaches the root, with those that it
// does not open later.
void move_trees_to_init(Draft& draft) {
    std::vector<Step> steps;
    for (Step& step : draft.plan.steps) {
        if (std::holds_alternative<AttachRoot<Hosted>>(step.action))
            for (PlannedTree& tree : draft.plan.trees) steps.push_back({std::move(tree.tree), tree.pointer});
        steps.push_back(std::move(step));
    }
    draft.plan.steps = std::move(steps);
    draft.plan.trees.clear();
}

}  // namespace

Result<Plan> make_plan(const spec::Config& config, const Host& host, const Options& options) {
    TRY(check_labels(config, host.modules));
    Draft draft{.config = config, .host = host, .options = options};
    draft.plan.id = options.id;
    draft.plan.bundle = options.bundle;
    draft.plan.rootfs = absolute_rootfs(draft);
    draft.plan.use_cgroups = options.use_cgroups && !host.cgroups.hierarchies.empty();

    plan_annotations(draft);
    plan_namespaces(draft);
    const bool own_mounts = draft.has(spec::NamespaceKind::mount);
    if (own_mounts) draft.add(SetPropagation<Hosted>{.flags = MS_SLAVE | MS_REC});
    draft.plan.mounts_on_host = !own_mounts && !config.mounts.empty();
    if (draft.has_root_mount()) {
        const OpenTree<Hosted> root = root_tree(draft);
        plan_tree(draft, root, "/root/path");
        draft.add(AttachRoot<Hosted>{}, "/root/path");
        plan_tree_attributes(draft, root, "/", "/root/path");
        TRY(plan_mounts(draft));
        plan_notify_socket(draft);
        plan_devices(draft);
    }
    plan_cgroup_namespace(draft);
    draft.add(Notify<Hosted>{.stage = static_cast<std::uint32_t>(Stage::mounted)});
    plan_hooks(draft);
    TRY(plan_root_entry(draft));
    TRY(plan_process(draft));
    TRY(plan_cgroups(draft));
    TRY(plan_net_devices(draft));
    if (config.linux.intel_rdt) draft.plan.resctrl = resctrl::plan_group(*config.linux.intel_rdt, options.id);
    if (draft.rootless()) move_trees_to_init(draft);
    return std::move(draft.plan);
}

}  // namespace ocirt::plan
