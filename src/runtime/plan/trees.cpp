// Mount trees that are opened detached, and what a kernel before 5.12 cannot do to them before they are attached.
#include <linux/mount.h>

#include "runtime/plan/draft.h"

namespace ocirt::plan {

namespace {

OpenTree<Hosted> as_the_kernel_can(const Draft& draft, OpenTree<Hosted> tree) {
    if (draft.host.has_mount_setattr) return tree;
    return {.slot = tree.slot, .source = std::move(tree.source), .recursive = tree.recursive, .keep_peers = 1};
}

}  // namespace

void plan_tree(Draft& draft, OpenTree<Hosted> tree, const std::string& pointer, std::optional<PlannedIdMap> id_map) {
    draft.plan.trees.push_back({as_the_kernel_can(draft, std::move(tree)), pointer, std::move(id_map)});
}

void plan_tree_in_turn(Draft& draft, OpenTree<Hosted> tree, const std::string& pointer,
                       std::optional<PlannedIdMap> id_map) {
    if (tree.keep_peers != 0 || id_map || !draft.init_opens_trees())
        plan_tree(draft, std::move(tree), pointer, std::move(id_map));
    else
        draft.add(as_the_kernel_can(draft, std::move(tree)), pointer);
}

void plan_tree_attributes(Draft& draft, const OpenTree<Hosted>& tree, const std::string& target,
                          const std::string& pointer) {
    if (draft.host.has_mount_setattr) return;
    if (tree.keep_peers == 0)
        draft.add(SetMountAttributes<Hosted>{.path = target, .propagation = MS_SLAVE | MS_REC}, pointer);
    if ((tree.set | tree.clear | tree.propagation) != 0)
        draft.add(
            SetMountAttributes<Hosted>{
                .path = target, .set = tree.set, .clear = tree.clear, .propagation = tree.propagation},
            pointer);
}

}  // namespace ocirt::plan
