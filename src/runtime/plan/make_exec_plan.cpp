#include "runtime/plan/make_exec_plan.h"

#include <linux/sched.h>

#include <utility>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

using spec::NamespaceKind;

Await<Hosted> await(Stage stage) { return {.stage = static_cast<std::uint32_t>(stage)}; }

// Before the namespaces: afterwards the files would be written with the rights of the container.
void enter_cgroups(Draft& draft, std::uint32_t count) {
    if (count == 0) return;
    draft.plan.task_files = draft.next_slot;
    draft.add(EnterCgroups<Hosted>{.first_slot = draft.next_slot, .count = count}, "/linux/cgroupsPath");
    draft.next_slot += count;
}

void join_namespaces(Draft& draft, bool new_keyring) {
    std::uint64_t kinds = 0;
    for (const spec::Namespace& ns : draft.config.linux.namespaces) kinds |= clone_flag(ns.kind);
    if (kinds != 0)
        draft.add(JoinNamespace<Hosted>{.slot = slot_container, .kind = static_cast<std::uint32_t>(kinds)},
                  "/linux/namespaces");
    if (draft.has(NamespaceKind::user)) draft.add(BecomeRoot<Hosted>{.keep_groups = draft.plan.keep_groups ? 1u : 0u});
    // A joined mount namespace's root is the container's.
    if (!draft.has(NamespaceKind::mount)) draft.add(EnterRoot<Hosted>{}, "/root/path");
    if (draft.has(NamespaceKind::pid))
        draft.add(Respawn<Hosted>{.flags = 0}, draft.namespace_pointer(NamespaceKind::pid));
    // The container's own, by its name.
    if (new_keyring) plan_keyring(draft);
    draft.add(NewSession<Hosted>{});
    plan_console(draft, false);
}

void stand_in(std::string& pointer, const std::string& process) {
    constexpr std::string_view usual = "/process";
    if (pointer.starts_with(usual)) pointer.replace(0, usual.size(), process);
}

}  // namespace

Result<Plan> make_exec_plan(const spec::Config& config, const ExecOptions& options) {
    const auto planned = [&]() -> Result<Plan> {
        TRY(check_labels(config, options.modules));
        const Host host{.uid = options.rootless ? 1u : 0u,
                        .gid = 0,
                        .cgroups = {},
                        .annotations = options.annotations,
                        .modules = options.modules};
        const Options usual{.id = options.id, .bundle = {}, .passed = options.passed};
        Draft draft{.config = config, .host = host, .options = usual};
        draft.plan.id = options.id;
        draft.plan.keep_groups = draft.honours(keep_original_groups);
        draft.add(await(Stage::trees));
        enter_cgroups(draft, options.task_files);
        plan_exec_affinity(draft);
        join_namespaces(draft, !options.no_new_keyring);
        TRY(plan_lookup(draft));
        draft.add(Notify<Hosted>{.stage = static_cast<std::uint32_t>(Stage::ready)});
        draft.add(await(Stage::execute));
        plan_program(draft);
        return std::move(draft.plan);
    };
    Result<Plan> plan = planned();
    if (!plan) {
        stand_in(plan.error().pointer, options.process_pointer);
        return plan;
    }
    for (Step& step : plan->steps) stand_in(step.pointer, options.process_pointer);
    if (plan->initial_affinity) stand_in(plan->initial_affinity->pointer, options.process_pointer);
    for (Warning& warning : plan->warnings) stand_in(warning.pointer, options.process_pointer);
    return plan;
}

}  // namespace ocirt::plan
