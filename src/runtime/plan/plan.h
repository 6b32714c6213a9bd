// The plan of a container: everything that will be done to make it, as data.
//
// make_plan (make_plan.h) decides it from the config, the host and the caller's options, and changes nothing. The
// parent's side carries out what stands in Plan itself; init carries out Plan::steps in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/cgroup/resource_plan.h"
#include "runtime/cgroup/unit.h"
#include "runtime/plan/steps.h"
#include "runtime/resctrl/group_plan.h"
#include "runtime/spec/config.h"

namespace ocirt::plan {

// How the runtime holds the texts and lists of a step.
struct Hosted {
    using Text = std::string;
    using Texts = std::vector<std::string>;
    using Numbers = std::vector<std::uint64_t>;
    using Bytes = std::vector<std::byte>;
};

using Action =
    std::variant<Unshare<Hosted>, JoinNamespace<Hosted>, BecomeRoot<Hosted>, Respawn<Hosted>, SetTimeOffsets<Hosted>,
                 Await<Hosted>, Notify<Hosted>, EnterCgroups<Hosted>, NewSession<Hosted>, JoinSessionKeyring<Hosted>,
                 SetHostname<Hosted>, SetDomainname<Hosted>, RaiseLoopback<Hosted>, SetPropagation<Hosted>,
                 OpenTree<Hosted>, AttachRoot<Hosted>, AttachMount<Hosted>, MountFs<Hosted>, SetMountAttributes<Hosted>,
                 MakeDirectory<Hosted>, MakeDevice<Hosted>, MakeSymlink<Hosted>, WriteSysctl<Hosted>, PivotRoot<Hosted>,
                 MoveRoot<Hosted>, EnterRoot<Hosted>, MaskPath<Hosted>, ReadonlyPath<Hosted>, OpenConsole<Hosted>,
                 RunHook<Hosted>, ChangeDirectory<Hosted>, FindHome<Hosted>, FindProgram<Hosted>, SetRlimit<Hosted>,
                 SetUmask<Hosted>, SetNoNewPrivileges<Hosted>, DropBounding<Hosted>, OwnStdio<Hosted>, SetUser<Hosted>,
                 SetCapabilities<Hosted>, InstallSeccomp<Hosted>, AwaitStart<Hosted>, Exec<Hosted>, FindMount<Hosted>,
                 Unmount<Hosted>, Leave<Hosted>, SetScheduler<Hosted>, SetIoPriority<Hosted>, SetCpuAffinity<Hosted>,
                 SetPersonality<Hosted>, SetMemoryPolicy<Hosted>, SetLabel<Hosted>, LabelMount<Hosted>>;

struct Step {
    Action action;
    // The JSON pointer that asked for it, or the name of a variable of the caller's environment; empty for what every
    // container gets.
    std::string pointer;
};

struct UserNamespace {
    std::vector<spec::IdMapping> uid_mappings;
    std::vector<spec::IdMapping> gid_mappings;
    friend bool operator==(const UserNamespace&, const UserNamespace&) = default;
};

// The ID mapping that a tree gets before it is attached (mount_setattr(2), MOUNT_ATTR_IDMAP): a file that belongs to a
// containerID on disk belongs to its hostID where it is mounted.
struct PlannedIdMap {
    UserNamespace maps{};     // of a user namespace that is made for it; mounts with the same maps share one
    Slot joined = slot_none;  // in place of maps: the user namespace that the container joins (Plan::namespaces)
    bool recursive = false;   // ridmap: the mounts below get it, too
};

// A mount tree that the parent opens before init attaches it.
struct PlannedTree {
    OpenTree<Hosted> tree;
    std::string pointer;
    std::optional<PlannedIdMap> id_map{};
};

// A namespace to join, opened by the parent from its path and verified to be of its kind.
struct PlannedNamespace {
    Slot slot = slot_none;
    spec::NamespaceKind kind{};
    std::string path;
    std::string pointer;
};

// A bind of the container's own cgroup directory in one hierarchy (a cgroup mount without a cgroup namespace): opened
// by the parent once the cgroup exists.
struct PlannedCgroupTree {
    Slot slot = slot_none;
    std::size_t hierarchy = 0;  // index into the host's cgroup layout
    std::uint64_t attributes = 0;
    std::string pointer;
};

// Where the seccomp filter's listener goes, and what is said with it (config-linux.md "Seccomp").
struct SeccompListener {
    std::string path;  // absolute, of the host
    std::string metadata;
};

// A network device that the parent moves into the container's network namespace, once that is there.
struct PlannedNetDevice {
    std::string host_name;
    std::string name;  // in the container; "%d" in it stands for the first number that is free
    std::string pointer;
};

// The CPUs that the parent of an exec'd process runs on from then on, and its child at first; as bits, as in
// SetCpuAffinity.
struct InitialAffinity {
    std::vector<std::uint64_t> cpus;
    std::string pointer;
};

struct Warning {
    std::string pointer;
    std::string message;
};

struct Plan {
    std::string id;
    std::string bundle;  // absolute
    std::string rootfs;  // absolute

    // The parent's part.
    std::uint64_t clone_flags = 0;  // CLONE_NEWPID, CLONE_NEWUSER: those that must be made with the process
    std::optional<UserNamespace> user_namespace;  // maps to write; before init is executed if CLONE_NEWUSER is above
    bool own_pid_namespace = false;               // new: when init ends, the kernel ends all others
    std::vector<PlannedNamespace> namespaces;
    std::vector<PlannedTree> trees;
    std::vector<PlannedCgroupTree> cgroup_trees;
    std::optional<int> oom_score_adj;
    std::optional<InitialAffinity> initial_affinity;  // of exec
    // There is no mount namespace for the mounts: they are the host's, below one on the rootfs that is removed with the
    // container, and all of them with it.
    bool mounts_on_host = false;
    bool terminal = false;  // init sends the master end of one (Stage::console)
    std::optional<spec::ConsoleSize> console_size;
    bool notifies = false;     // the container gets a NOTIFY_SOCKET: the parent makes it before it opens the trees
    bool keep_groups = false;  // of the caller: they are the program's too
    bool use_cgroups = true;
    Slot task_files = slot_none;  // the first of init's slots for the v1 `tasks` files: it enters these by itself
    std::vector<std::string> cgroup_paths;  // absolute, by index of the host's hierarchies; none without cgroups
    std::optional<cgroup::UnitPlan> unit;   // systemd makes the cgroup: `cgroup_paths` are where it is expected
    cgroup::ResourcePlan resources;
    std::optional<std::uint32_t> cgroup_owner;  // of the host's uids: who the v2 directory is given to
    // The name of one below the v2 directory, made and entered once everything is mounted, and who it is given to.
    std::string delegated_cgroup;
    std::optional<std::uint32_t> delegated_owner;
    std::optional<resctrl::GroupPlan> resctrl;
    std::vector<PlannedNetDevice> net_devices;  // after the limits
    // init awaits Stage::create_hooks: there are create hooks, or a terminal, which init may not open while the parent
    // is still writing the device rules.
    bool awaits_create_hooks = false;
    std::vector<Step> create_hooks;                   // prestart and createRuntime, once init has mounted everything
    std::optional<SeccompListener> seccomp_listener;  // the filter has one
    std::vector<Step> poststart_hooks;                // once the program runs
    std::vector<Step> poststop_hooks;                 // once the container is deleted

    // init's part.
    std::vector<Step> steps;

    std::vector<Warning> warnings;
};

// The CLONE_NEW* flag of a kind of namespace.
[[nodiscard]] std::uint64_t clone_flag(spec::NamespaceKind kind);

}  // namespace ocirt::plan
