// Entering the root, and what is done to it once nothing of the host is left in sight.
#include <linux/mount.h>

#include "common/json_document.h"
#include "runtime/plan/draft.h"
#include "runtime/spec/sysctl.h"

namespace ocirt::plan {
namespace {

// rootfsPropagation is of the container's "/" alone: what is below has its own options. "slave" and "private" are how
// the root was opened (make_plan.cpp); these two come last, because an unbindable root could not be read-only in parts.
std::uint64_t propagation_of(const Draft& draft) {
    if (!draft.config.linux.rootfs_propagation) return 0;
    switch (*draft.config.linux.rootfs_propagation) {
        case spec::RootfsPropagation::shared: return MS_SHARED;
        case spec::RootfsPropagation::unbindable: return MS_UNBINDABLE;
        case spec::RootfsPropagation::slave:
        case spec::RootfsPropagation::private_: break;
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
    if (!masked.empty()) plan_tree(draft, {.slot = slot_null, .source = "/dev/null"}, "/linux/maskedPaths");
    for (std::size_t i = 0; i < masked.size(); ++i)
        draft.add(MaskPath<Hosted>{.path = clean_path(masked[i])}, indexed("/linux/maskedPaths/", i));
}

// As written: init follows ".." and links inside the root, as chdir(2) will.
void plan_working_directory(Draft& draft) {
    if (draft.config.process && draft.config.process->cwd != "/")
        draft.add(MakeDirectory<Hosted>{.path = draft.config.process->cwd}, "/process/cwd");
}

}  // namespace

Result<> plan_root_entry(Draft& draft) {
    if (!draft.has(spec::NamespaceKind::mount))
        draft.add(EnterRoot<Hosted>{}, "/root/path");
    else if (draft.options.no_pivot)
        draft.add(MoveRoot<Hosted>{}, "/root/path");
    else
        draft.add(PivotRoot<Hosted>{}, "/root/path");
    draft.entered_root = true;
    plan_pid_namespace(draft);
    if (draft.has_root_mount()) TRY(plan_late_mounts(draft));
    plan_console(draft, draft.has_root_mount());
    plan_sysctls(draft);
    plan_working_directory(draft);
    if (!draft.has_root_mount()) return {};
    if (draft.config.root->readonly)
        draft.add(SetMountAttributes<Hosted>{.path = "/", .set = MOUNT_ATTR_RDONLY}, "/root/readonly");
    plan_paths(draft);
    if (const std::uint64_t propagation = propagation_of(draft); propagation != 0)
        draft.add(SetMountAttributes<Hosted>{.path = "/", .propagation = propagation}, "/linux/rootfsPropagation");
    return {};
}

}  // namespace ocirt::plan
