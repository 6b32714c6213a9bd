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

// The root tree, detached by the parent; a rootless parent has no right to, so there init does it.
void plan_root_tree(Draft& draft) {
    const bool keep_peers = draft.config.linux.rootfs_propagation == spec::RootfsPropagation::shared;
    OpenTree<Hosted> tree{
        .slot = slot_root, .source = draft.plan.rootfs, .recursive = 1, .keep_peers = keep_peers ? 1u : 0u};
    draft.plan.trees.insert(draft.plan.trees.begin(), {std::move(tree), "/root/path"});
}

// Steps that a rootless parent leaves to init go right before the root is attached.
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

Result<> refuse_mounts_without_namespace(const Draft& draft) {
    if (draft.config.mounts.empty()) return {};
    return fail({.fault = Fault::unsupported,
                 .pointer = "/mounts",
                 .operation = "plan the mounts",
                 .detail = "the container has no mount namespace: they would be the host's",
                 .hint = "add {\"type\": \"mount\"} to /linux/namespaces"});
}

}  // namespace

Result<Plan> make_plan(const spec::Config& config, const Host& host, const Options& options) {
    TRY(refuse_unbuilt(config));
    Draft draft{.config = config, .host = host, .options = options};
    draft.plan.id = options.id;
    draft.plan.bundle = options.bundle;
    draft.plan.rootfs = absolute_rootfs(draft);
    draft.plan.use_cgroups = options.use_cgroups && !host.cgroups.hierarchies.empty();

    plan_namespaces(draft);
    if (draft.has(spec::NamespaceKind::mount)) {
        draft.add(SetPropagation<Hosted>{.flags = MS_SLAVE | MS_REC});
        draft.add(AttachRoot<Hosted>{}, "/root/path");
        TRY(plan_mounts(draft));
        plan_devices(draft);
        plan_root_tree(draft);
    } else {
        TRY(refuse_mounts_without_namespace(draft));
    }
    plan_cgroup_namespace(draft);
    if (config.process && config.process->cwd != "/")
        draft.add(MakeDirectory<Hosted>{.path = clean_path(config.process->cwd)}, "/process/cwd");
    draft.add(Notify<Hosted>{.stage = static_cast<std::uint32_t>(Stage::mounted)});
    plan_create_hooks(draft);
    plan_root_entry(draft);
    TRY(plan_process(draft));
    TRY(plan_cgroups(draft));
    if (draft.rootless()) move_trees_to_init(draft);
    return std::move(draft.plan);
}

}  // namespace ocirt::plan
