// Which namespaces are made or joined, by whom and when. The facts that the order rests on:
//  - A new user namespace owns the others only if it is made before them. One made by clone3 has its maps written
//  before
//    init is executed, or execve would take every capability.
//  - A namespace of the host is joined before a new user namespace is entered: afterwards there is no right to.
//  - A pid namespace is entered by a process of its own: a joined one after pivot_root where that is possible
//    (Draft::joins_pid_late).
//  - A cgroup namespace shows the cgroup that its maker is in: made after the attach (cgroup_namespaces(7)).
//  - The others are made by init itself, while the parent makes the cgroups.
#include <linux/mount.h>
#include <linux/sched.h>

#include <algorithm>
#include <array>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

using spec::NamespaceKind;

void join(Draft& draft, NamespaceKind kind) {
    const Slot slot = draft.next_slot++;
    const std::string pointer = draft.namespace_pointer(kind);
    draft.plan.namespaces.push_back(
        {.slot = slot, .kind = kind, .path = draft.config.linux.find(kind)->path, .pointer = pointer});
    draft.add(JoinNamespace<Hosted>{.slot = slot, .kind = static_cast<std::uint32_t>(clone_flag(kind))}, pointer);
}

// The mount namespace last: joining it changes "/".
constexpr std::array joined_directly{NamespaceKind::network, NamespaceKind::ipc, NamespaceKind::uts,
                                     NamespaceKind::time, NamespaceKind::mount};
constexpr std::array made_by_init{NamespaceKind::network, NamespaceKind::ipc, NamespaceKind::uts, NamespaceKind::mount};

void join_the_simple_ones(Draft& draft) {
    for (const NamespaceKind kind : joined_directly)
        if (draft.joins(kind)) join(draft, kind);
}

void make_the_simple_ones(Draft& draft) {
    std::uint64_t flags = 0;
    for (const NamespaceKind kind : made_by_init)
        if (draft.makes(kind)) flags |= clone_flag(kind);
    if (flags != 0) draft.add(Unshare<Hosted>{.flags = flags}, "/linux/namespaces");
}

bool joins_any(const Draft& draft) {
    for (const spec::Namespace& ns : draft.config.linux.namespaces)
        if (!ns.path.empty()) return true;
    return false;
}

void write_time_offsets(Draft& draft) {
    if (!draft.makes(NamespaceKind::time)) return;
    std::string lines;
    for (const auto& [clock, offset] : draft.config.linux.time_offsets)
        lines += clock + " " + std::to_string(offset.secs) + " " + std::to_string(offset.nanosecs) + "\n";
    draft.add(SetTimeOffsets<Hosted>{.offsets = lines}, "/linux/timeOffsets");
}

void set_names(Draft& draft) {
    if (!draft.config.hostname.empty()) draft.add(SetHostname<Hosted>{.name = draft.config.hostname}, "/hostname");
    if (!draft.config.domainname.empty())
        draft.add(SetDomainname<Hosted>{.name = draft.config.domainname}, "/domainname");
    if (draft.makes(NamespaceKind::network))
        draft.add(RaiseLoopback<Hosted>{}, draft.namespace_pointer(NamespaceKind::network));
}

// A rootless runtime may own some of the hierarchies and not others: there the parent attaches what it can.
void enter_cgroups(Draft& draft) {
    if (!draft.plan.use_cgroups || draft.rootless()) return;
    const auto is_v1 = [](const cgroup::Hierarchy& hierarchy) { return hierarchy.version == cgroup::Version::v1; };
    const auto count = static_cast<std::uint32_t>(std::ranges::count_if(draft.host.cgroups.hierarchies, is_v1));
    if (count == 0) return;
    draft.plan.task_files = draft.next_slot;
    draft.add(EnterCgroups<Hosted>{.first_slot = draft.next_slot, .count = count}, "/linux/cgroupsPath");
    draft.next_slot += count;
}

}  // namespace

std::string Draft::namespace_pointer(NamespaceKind kind) const {
    std::string list = "/linux/namespaces";
    for (std::size_t i = 0; i < config.linux.namespaces.size(); ++i)
        if (config.linux.namespaces[i].kind == kind) return list + "/" + std::to_string(i);
    return list;
}

std::uint64_t clone_flag(NamespaceKind kind) {
    switch (kind) {
        case NamespaceKind::pid: return CLONE_NEWPID;
        case NamespaceKind::network: return CLONE_NEWNET;
        case NamespaceKind::mount: return CLONE_NEWNS;
        case NamespaceKind::ipc: return CLONE_NEWIPC;
        case NamespaceKind::uts: return CLONE_NEWUTS;
        case NamespaceKind::user: return CLONE_NEWUSER;
        case NamespaceKind::cgroup: return CLONE_NEWCGROUP;
        case NamespaceKind::time: return CLONE_NEWTIME;
    }
    return 0;
}

void plan_namespaces(Draft& draft) {
    Plan& plan = draft.plan;
    const bool new_user = draft.makes(NamespaceKind::user);
    const bool new_pid = draft.makes(NamespaceKind::pid);
    plan.own_pid_namespace = new_pid;
    if (new_user) plan.user_namespace = UserNamespace{draft.config.linux.uid_mappings, draft.config.linux.gid_mappings};

    const auto trees_arrive = Await<Hosted>{.stage = static_cast<std::uint32_t>(Stage::trees)};
    const bool join_pid = draft.joins(NamespaceKind::pid) && !draft.joins_pid_late();
    const bool user_first = draft.joins(NamespaceKind::user) || (new_user && joins_any(draft));
    if (!user_first) {
        plan.clone_flags = (new_user ? CLONE_NEWUSER : 0u) | (new_pid ? CLONE_NEWPID : 0u);
        make_the_simple_ones(draft);
        draft.add(trees_arrive);
        join_the_simple_ones(draft);
        if (join_pid) join(draft, NamespaceKind::pid);
    } else if (new_user) {
        draft.add(trees_arrive);
        join_the_simple_ones(draft);
        if (join_pid) join(draft, NamespaceKind::pid);
        draft.add(Unshare<Hosted>{.flags = CLONE_NEWUSER}, draft.namespace_pointer(NamespaceKind::user));
        draft.add(Notify<Hosted>{.stage = static_cast<std::uint32_t>(Stage::maps)});
        draft.add(Await<Hosted>{.stage = static_cast<std::uint32_t>(Stage::maps)}, "/linux/uidMappings");
        draft.add(BecomeRoot<Hosted>{.keep_groups = draft.plan.keep_groups ? 1u : 0u});
        make_the_simple_ones(draft);
    } else {
        draft.add(trees_arrive);
        join(draft, NamespaceKind::user);
        draft.add(BecomeRoot<Hosted>{.keep_groups = draft.plan.keep_groups ? 1u : 0u});
        make_the_simple_ones(draft);
        join_the_simple_ones(draft);
        if (join_pid) join(draft, NamespaceKind::pid);
    }
    if (join_pid || (user_first && new_pid)) {
        // The parent attaches this process; the next one is born where it is.
        plan_cgroup_namespace(draft);
        draft.add(Respawn<Hosted>{.flags = new_pid ? std::uint64_t{CLONE_NEWPID} : 0u},
                  draft.namespace_pointer(NamespaceKind::pid));
    }

    if (!draft.joins_pid_late()) draft.add(NewSession<Hosted>{});
    if (!draft.options.no_new_keyring) plan_keyring(draft);
    write_time_offsets(draft);
    set_names(draft);
}

void plan_cgroup_namespace(Draft& draft) {
    if (draft.cgroup_awaited) return;
    draft.cgroup_awaited = true;
    draft.add(Await<Hosted>{.stage = static_cast<std::uint32_t>(Stage::cgroup)});
    enter_cgroups(draft);
    if (draft.makes(NamespaceKind::cgroup)) {
        draft.add(Unshare<Hosted>{.flags = CLONE_NEWCGROUP}, draft.namespace_pointer(NamespaceKind::cgroup));
    } else if (draft.joins(NamespaceKind::cgroup)) {
        join(draft, NamespaceKind::cgroup);
    }
}

void plan_pid_namespace(Draft& draft) {
    if (!draft.joins_pid_late()) return;
    join(draft, NamespaceKind::pid);
    draft.add(Respawn<Hosted>{.flags = 0}, draft.namespace_pointer(NamespaceKind::pid));
    draft.add(NewSession<Hosted>{});  // the program shall lead it: not before this process is the last one
}

}  // namespace ocirt::plan
