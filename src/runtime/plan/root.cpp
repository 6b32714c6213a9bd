// Entering the root, and what is done to it once nothing of the host is left in sight.
#include <linux/mount.h>

#include "common/json_document.h"
#include "runtime/plan/draft.h"
#include "runtime/spec/sysctl.h"

namespace ocirt::plan {
namespace {

// rootfsPropagation is applied to the container's "/" as mount(2) would from inside. "shared" and "slave" and so on
// are of this one mount: what is below has its own options.
std::uint64_t propagation_of(const Draft& draft) {
    if (!draft.config.linux.rootfs_propagation) return 0;
    switch (*draft.config.linux.rootfs_propagation) {
        case spec::RootfsPropagation::shared: return MS_SHARED;
        case spec::RootfsPropagation::slave: return MS_SLAVE;
        case spec::RootfsPropagation::private_: return MS_PRIVATE;
        case spec::RootfsPropagation::unbindable: return MS_UNBINDABLE;
    }
    return 0;
}

void plan_sysctls(Draft& draft) {
    for (const auto& [key, value] : draft.config.linux.sysctl) {
        draft.add(WriteSysctl<Hosted>{.key = spec::sysctl_path(key).value_or(key), .value = value},
                  "/linux/sysctl" + pointer_step(key));
    }
}

void plan_paths(Draft& draft) {
    const auto indexed = [](const char* list, std::size_t index) { return list + std::to_string(index); };
    const std::vector<std::string>& readonly = draft.config.linux.readonly_paths;
    for (std::size_t i = 0; i < readonly.size(); ++i)
        draft.add(ReadonlyPath<Hosted>{.path = clean_path(readonly[i])}, indexed("/linux/readonlyPaths/", i));
    const std::vector<std::string>& masked = draft.config.linux.masked_paths;
    if (!masked.empty())
        draft.plan.trees.push_back({OpenTree<Hosted>{.slot = slot_null, .source = "/dev/null"}, "/linux/maskedPaths"});
    for (std::size_t i = 0; i < masked.size(); ++i)
        draft.add(MaskPath<Hosted>{.path = clean_path(masked[i])}, indexed("/linux/maskedPaths/", i));
}

}  // namespace

void plan_root_entry(Draft& draft) {
    if (!draft.has(spec::NamespaceKind::mount)) {
        draft.add(EnterRoot<Hosted>{}, "/root/path");
        plan_sysctls(draft);
        return;
    }
    if (draft.options.no_pivot)
        draft.add(MoveRoot<Hosted>{}, "/root/path");
    else
        draft.add(PivotRoot<Hosted>{}, "/root/path");
    plan_pid_namespace(draft);
    plan_sysctls(draft);
    const std::uint64_t readonly = draft.config.root->readonly ? MOUNT_ATTR_RDONLY : 0u;
    if (readonly != 0) draft.add(SetMountAttributes<Hosted>{.path = "/", .set = readonly}, "/root/readonly");
    if (const std::uint64_t propagation = propagation_of(draft); propagation != 0)
        draft.add(SetMountAttributes<Hosted>{.path = "/", .propagation = propagation}, "/linux/rootfsPropagation");
    plan_paths(draft);
}

}  // namespace ocirt::plan
