// A mount of type "cgroup" shows the container its own cgroups, in the arrangement that the host has: one cgroup2 mount
// on a pure v2 host; else a tmpfs with one directory for each hierarchy, the v2 tree among them, and a link for each
// co-mounted controller, as the host's /sys/fs/cgroup has.
//
// A mount of type "cgroup2" is the v2 tree and nothing else.
//
// With a cgroup namespace the filesystem is mounted (its root is then the container's cgroup); without one the
// container's own directory of each hierarchy is bound. A rootless runtime has no right to, and a container does not
// always have a cgroup of its own: then the host's are shown, read-only (threat A11).
#include <linux/mount.h>

#include <algorithm>

#include "runtime/plan/draft.h"
#include "runtime/spec/mount_options.h"

namespace ocirt::plan {
namespace {

struct CgroupMount {
    Draft& draft;
    const spec::MountOptions& options;
    const std::string& pointer;

    void show(std::size_t index, const std::string& target) const {
        const cgroup::Hierarchy& hierarchy = draft.host.cgroups.hierarchies[index];
        if (!draft.has(spec::NamespaceKind::cgroup)) {
            const Slot slot = draft.next_slot++;
            draft.plan.cgroup_trees.push_back(
                {.slot = slot, .hierarchy = index, .attributes = options.set, .pointer = pointer});
            draft.add(AttachMount<Hosted>{.slot = slot, .target = target}, pointer);
            plan_tree_attributes(draft, {.set = options.set}, target, pointer);
            return;
        }
        const bool unified = hierarchy.version == cgroup::Version::v2;
        MountFs<Hosted> mount{.fstype = unified ? "cgroup2" : "cgroup", .source = "cgroup", .target = target};
        if (!unified) mount.options = hierarchy.controllers;
        mount.attributes = options.set;
        mount.propagation = options.propagation.empty() ? 0 : options.propagation.back();
        draft.add(std::move(mount), pointer);
    }
};

std::string name_of(const cgroup::Hierarchy& hierarchy) {
    return hierarchy.mount_point.substr(hierarchy.mount_point.rfind('/') + 1);
}

void bind_the_hosts(Draft& draft, const spec::MountOptions& options, const std::string& target,
                    const std::string& pointer) {
    const OpenTree<Hosted> tree{.slot = draft.next_slot++,
                                .source = "/sys/fs/cgroup",
                                .recursive = 1,
                                .set = options.set | MOUNT_ATTR_RDONLY,
                                .recursive_set = MOUNT_ATTR_RDONLY};
    draft.warn(pointer, "without a cgroup namespace the host's /sys/fs/cgroup is bound instead, read-only");
    plan_tree(draft, tree, pointer);
    draft.add(AttachMount<Hosted>{.slot = tree.slot, .target = target}, pointer);
    plan_tree_attributes(draft, tree, target, pointer);
}

void arrange(const CgroupMount& view, const std::string& target) {
    const std::vector<cgroup::Hierarchy>& hierarchies = view.draft.host.cgroups.hierarchies;
    std::vector<std::string> options = {"mode=755"};
    label_mount(view.draft, "tmpfs", options);
    view.draft.add(MountFs<Hosted>{.fstype = "tmpfs",
                                   .source = "tmpfs",
                                   .target = target,
                                   .options = std::move(options),
                                   .attributes = view.options.set & ~std::uint64_t{MOUNT_ATTR_RDONLY}},
                   view.pointer);
    const std::string below = target + "/";
    for (std::size_t i = 0; i < hierarchies.size(); ++i) {
        const std::string name = name_of(hierarchies[i]);
        view.show(i, below + name);
        if (hierarchies[i].version == cgroup::Version::v2 || hierarchies[i].controllers.size() < 2) continue;
        for (const std::string& controller : hierarchies[i].controllers)
            if (controller != name)
                view.draft.add(MakeSymlink<Hosted>{.target = name, .link = below + controller}, view.pointer);
    }
    if ((view.options.set & MOUNT_ATTR_RDONLY) != 0)
        view.draft.add(SetMountAttributes<Hosted>{.path = target, .set = MOUNT_ATTR_RDONLY}, view.pointer);
}

}  // namespace

Result<> plan_cgroup_mount(Draft& draft, const spec::Mount& mount, const std::string& target,
                           const std::string& pointer) {
    const std::vector<cgroup::Hierarchy>& hierarchies = draft.host.cgroups.hierarchies;
    const auto unified = std::ranges::find(hierarchies, cgroup::Version::v2, &cgroup::Hierarchy::version);
    if (hierarchies.empty() || (mount.type == "cgroup2" && unified == hierarchies.end())) {
        return fail({.fault = Fault::unsupported,
                     .pointer = pointer,
                     .operation = "mount " + mount.type + " on",
                     .object = target,
                     .detail = "this host has no such filesystem mounted"});
    }
    const spec::MountOptions options = spec::read_mount_options(mount.options);
    const bool without_own = draft.rootless() || !draft.plan.use_cgroups;
    if (without_own && !draft.has(spec::NamespaceKind::cgroup)) {
        bind_the_hosts(draft, options, target, pointer);
        return {};
    }
    plan_cgroup_namespace(draft);
    const CgroupMount view{draft, options, pointer};
    if (mount.type == "cgroup2" || (hierarchies.size() == 1 && unified != hierarchies.end()))
        view.show(static_cast<std::size_t>(unified - hierarchies.begin()), target);
    else
        arrange(view, target);
    return {};
}

}  // namespace ocirt::plan
