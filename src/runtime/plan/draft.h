// A plan in the making: what the parts of make_plan share. Each part adds its steps in the order in which init carries
// them out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/plan/make_plan.h"
#include "runtime/plan/plan.h"

namespace ocirt::plan {

// The container's NOTIFY_SOCKET: where runc has it.
inline constexpr const char* notify_path = "/run/notify/notify.sock";

struct Draft {
    const spec::Config& config;
    const Host& host;
    const Options& options;
    Plan plan{};
    Slot next_slot = slot_first_free;
    bool cgroup_awaited = false;
    bool entered_root = false;               // from here on init has no path of the host
    std::vector<std::size_t> late_mounts{};  // of config.mounts: those that show the pid namespace that init joins late

    void add(Action action, std::string pointer = {}) { plan.steps.push_back({std::move(action), std::move(pointer)}); }
    void warn(std::string pointer, std::string message) {
        plan.warnings.push_back({std::move(pointer), std::move(message)});
    }

    // The annotation is "1", and this caller may have it honoured.
    [[nodiscard]] bool honours(std::string_view annotation) const;  // annotations.cpp
    [[nodiscard]] bool rootless() const { return host.uid != 0; }
    // Of nodes and of cgroups' rules for them: the first user namespace's root alone.
    [[nodiscard]] bool rules_devices() const { return !rootless() && !host.in_user_namespace; }
    [[nodiscard]] bool has(spec::NamespaceKind kind) const { return config.linux.find(kind) != nullptr; }
    [[nodiscard]] bool makes(spec::NamespaceKind kind) const {
        const spec::Namespace* found = config.linux.find(kind);
        return found != nullptr && found->path.empty();
    }
    [[nodiscard]] bool joins(spec::NamespaceKind kind) const { return has(kind) && !makes(kind); }
    // An existing pid namespace is entered after pivot_root (threats.md, crun 1.31). Not in a user namespace, the
    // container's or an engine's: there the kernel allows a new procfs only while another one is in sight, which is
    // before pivot_root.
    [[nodiscard]] bool joins_pid_late() const {
        return joins(spec::NamespaceKind::pid) && !has(spec::NamespaceKind::user) && !host.in_user_namespace;
    }
    // The root is a mount that can be mounted in and changed without changing the rootfs.
    [[nodiscard]] bool has_root_mount() const { return has(spec::NamespaceKind::mount) || plan.mounts_on_host; }
    // Init can, right before it attaches them: its mount namespace is a copy of the host's, which is its own to change.
    [[nodiscard]] bool init_opens_trees() const {
        if (options.parent_opens_trees || entered_root) return false;
        return rootless() || (makes(spec::NamespaceKind::mount) && !has(spec::NamespaceKind::user));
    }
    // "/linux/namespaces/2" of the entry of this kind; the list's own pointer when there is none.
    [[nodiscard]] std::string namespace_pointer(spec::NamespaceKind kind) const;
};

void plan_annotations(Draft& draft);  // annotations.cpp
void plan_namespaces(Draft& draft);   // namespaces.cpp
void plan_cgroup_namespace(Draft& draft);
void plan_pid_namespace(Draft& draft);
[[nodiscard]] Result<> plan_mounts(Draft& draft);       // mounts.cpp
[[nodiscard]] Result<> plan_late_mounts(Draft& draft);  // after plan_pid_namespace
[[nodiscard]] Result<> plan_cgroup_mount(Draft& draft, const spec::Mount& mount, const std::string& target,
                                         const std::string& pointer);  // cgroup_mounts.cpp
// The ID mapping of a bind mount, if it asks for one. Refuses what has none to give.
[[nodiscard]] Result<std::optional<PlannedIdMap>> plan_id_map(const Draft& draft, const spec::Mount& mount,
                                                              const std::string& pointer);  // id_maps.cpp
void plan_notify_socket(Draft& draft);                                                      // notify_socket.cpp
void plan_devices(Draft& draft);                                                            // devices.cpp
void plan_hooks(Draft& draft);                                                              // process.cpp
// After the last process that is init has led its session. `bind`: over /dev/console as well.
void plan_console(Draft& draft, bool bind);            // process.cpp
[[nodiscard]] Result<> plan_root_entry(Draft& draft);  // root.cpp
[[nodiscard]] Result<> plan_process(Draft& draft);     // process.cpp
[[nodiscard]] Result<> plan_lookup(Draft& draft);      // the parts of plan_process: what is looked up,
void plan_program(Draft& draft);                       // and all that makes init the program
// Errors: Fault::unsupported for labels that no security module here takes.
[[nodiscard]] Result<> check_labels(const spec::Config& config, const SecurityModules& modules);  // labels.cpp
void plan_exec_labels(Draft& draft);
void plan_keyring(Draft& draft);  // a new session keyring
// The SELinux label of /linux/mountLabel among the options of a new filesystem, where it takes one and has none of its
// own. Labels lose the quotes that mount(8) wants around commas.
void label_mount(const Draft& draft, const std::string& type, std::vector<std::string>& options);
// What a filesystem of message queues has in its place once it is mounted: it takes no context (EINVAL).
[[nodiscard]] bool takes_label_mounted(const Draft& draft, const std::string& type);
void plan_attributes(Draft& draft);                     // attributes.cpp
void plan_exec_affinity(Draft& draft);                  // of exec alone, once it is in its cgroups
[[nodiscard]] Result<> plan_cgroups(Draft& draft);      // cgroups.cpp
[[nodiscard]] Result<> plan_net_devices(Draft& draft);  // net_devices.cpp

// A tree to be opened, by the parent or by init. Where the kernel has no mount_setattr it is opened as it is: what is
// asked of it is done once it is attached (plan_tree_attributes).
void plan_tree(Draft& draft, OpenTree<Hosted> tree, const std::string& pointer,
               std::optional<PlannedIdMap> id_map = std::nullopt);
// One of /mounts, right before it is attached: by init where it can, so that the mount table, which Linux 6.8 and newer
// list by when a mount was made, has the order of config.json.
void plan_tree_in_turn(Draft& draft, OpenTree<Hosted> tree, const std::string& pointer,
                       std::optional<PlannedIdMap> id_map);
void plan_tree_attributes(Draft& draft, const OpenTree<Hosted>& tree, const std::string& target,
                          const std::string& pointer);

// "/a//b/../c/" is "/a/c"; relative paths are taken from "/". Lexical: symlinks are init's matter.
[[nodiscard]] std::string clean_path(const std::string& path);

// A path of the host as written in config.json: relative ones are relative to the bundle.
[[nodiscard]] std::string host_path(const Draft& draft, const std::string& path);

}  // namespace ocirt::plan
