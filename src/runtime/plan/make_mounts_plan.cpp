#include "runtime/plan/make_mounts_plan.h"

#include <linux/sched.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "runtime/plan/draft.h"
#include "runtime/spec/mount_options.h"

namespace ocirt::plan {
namespace {

using spec::NamespaceKind;

constexpr std::string_view usual_pointer = "/mounts";  // as plan_mounts has it

std::unexpected<Error> refuse(std::string pointer, const std::string& object, std::string detail,
                              Fault fault = Fault::unsupported) {
    return fail({.fault = fault,
                 .pointer = std::move(pointer),
                 .operation = "change the container's mounts",
                 .object = object,
                 .detail = std::move(detail)});
}

std::string pointer_of(std::size_t index) { return std::string(usual_pointer) + "/" + std::to_string(index); }

Result<> check_container(const Draft& draft, std::size_t count) {
    if (!draft.has(NamespaceKind::mount))
        return refuse("", draft.options.id, "it has no mount namespace: they would be the host's");
    if (draft.rootless()) return refuse("", draft.options.id, "only root can do it in this version of ocirt");
    if (count > undo_limit)
        return refuse("", draft.options.id, "more than " + std::to_string(undo_limit) + " at a time");
    return {};
}

bool is_bind(const spec::Mount& mount) { return mount.type == "bind" || spec::read_mount_options(mount.options).bind; }

// What could not be taken back if a later one fails, or needs what only create prepares.
Result<> check_mount(const spec::Mount& mount, const std::string& pointer) {
    if (spec::read_mount_options(mount.options).remount)
        return refuse(pointer + "/options", mount.destination, "a mount that is there cannot be changed, only removed");
    if (!is_bind(mount) && mount.type.starts_with("cgroup"))
        return refuse(pointer + "/type", mount.destination, "cgroups are mounted when a container is created");
    return {};
}

Result<> check_steps(const Plan& plan) {
    for (const Step& step : plan.steps)
        if (const auto* mount = std::get_if<MountFs<Hosted>>(&step.action);
            mount != nullptr && (mount->flags & mount_classic) != 0)
            return refuse(step.pointer + "/options", mount->target, "an option is longer than fsconfig(2) takes");
    return {};
}

void join(Draft& draft, bool show_processes) {
    draft.add(Await<Hosted>{.stage = static_cast<std::uint32_t>(Stage::trees)});
    // A signal from the terminal shall not end it half-way.
    draft.add(NewSession<Hosted>{});
    std::uint64_t kinds = 0;
    for (const spec::Namespace& ns : draft.config.linux.namespaces)
        if (ns.kind != NamespaceKind::pid || show_processes) kinds |= clone_flag(ns.kind);
    draft.add(JoinNamespace<Hosted>{.slot = slot_container, .kind = static_cast<std::uint32_t>(kinds)},
              "/linux/namespaces");
    if (draft.has(NamespaceKind::user)) draft.add(BecomeRoot<Hosted>{});
    if (show_processes) draft.add(Respawn<Hosted>{}, draft.namespace_pointer(NamespaceKind::pid));
}

void leave(Draft& draft) {
    draft.add(Notify<Hosted>{.stage = static_cast<std::uint32_t>(Stage::ready)});
    draft.add(Leave<Hosted>{});
}

void stand_in(std::string& pointer, const std::string& list) {
    if (pointer.starts_with(usual_pointer)) pointer.replace(0, usual_pointer.size(), list);
}

// The pointers of `planned` as its document has them.
Result<Plan> located(Result<Plan> planned, const std::string& list) {
    if (!planned) {
        stand_in(planned.error().pointer, list);
        return planned;
    }
    for (Step& step : planned->steps) stand_in(step.pointer, list);
    for (PlannedTree& tree : planned->trees) stand_in(tree.pointer, list);
    for (Warning& warning : planned->warnings) stand_in(warning.pointer, list);
    return planned;
}

Result<Plan> plan_added(const spec::Config& config, const Host& host, const MountsOptions& wanted) {
    const Options options{.id = wanted.id, .bundle = wanted.bundle, .parent_opens_trees = true};
    Draft draft{.config = config, .host = host, .options = options};
    const std::vector<spec::Mount>& mounts = config.mounts;
    TRY(check_container(draft, mounts.size()));
    for (std::size_t i = 0; i < mounts.size(); ++i) TRY(check_mount(mounts[i], pointer_of(i)));
    const auto is_procfs = [](const spec::Mount& mount) { return mount.type == "proc" && !is_bind(mount); };
    join(draft, draft.has(NamespaceKind::pid) && std::ranges::any_of(mounts, is_procfs));
    TRY(plan_mounts(draft));
    TRY(plan_late_mounts(draft));
    TRY(check_steps(draft.plan));
    leave(draft);
    return std::move(draft.plan);
}

Result<Plan> plan_removed(const spec::Config& config, const std::vector<spec::Mount>& mounts, const Host& host,
                          const MountsOptions& wanted) {
    const Options options{.id = wanted.id, .bundle = wanted.bundle};
    Draft draft{.config = config, .host = host, .options = options};
    TRY(check_container(draft, mounts.size()));
    join(draft, false);
    const Slot first = draft.next_slot;
    std::vector<std::string> targets;
    targets.reserve(mounts.size());
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        std::string target = clean_path(mounts[i].destination);
        const std::string pointer = pointer_of(i) + "/destination";
        if (target == "/")
            return refuse(pointer, target, "the root filesystem cannot be removed", Fault::invalid_config);
        if (std::ranges::find(targets, target) != targets.end())
            return refuse(pointer, target, "it is named twice", Fault::invalid_config);
        draft.add(FindMount<Hosted>{.slot = draft.next_slot++, .path = target}, pointer);
        targets.push_back(std::move(target));
    }
    // What lies on another one goes first.
    for (std::size_t i = mounts.size(); i-- > 0;)
        draft.add(Unmount<Hosted>{.slot = first + static_cast<Slot>(i)}, pointer_of(i) + "/destination");
    leave(draft);
    return std::move(draft.plan);
}

}  // namespace

Result<Plan> make_mounts_plan(spec::Config config, std::vector<spec::Mount> mounts, const Host& host,
                              const MountsOptions& options) {
    config.mounts = std::move(mounts);
    return located(plan_added(config, host, options), options.mounts_pointer);
}

Result<Plan> make_unmounts_plan(const spec::Config& config, const std::vector<spec::Mount>& mounts, const Host& host,
                                const MountsOptions& options) {
    return located(plan_removed(config, mounts, host, options), options.mounts_pointer);
}

}  // namespace ocirt::plan
