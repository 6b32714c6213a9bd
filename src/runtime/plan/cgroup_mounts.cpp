// A mount of type "cgroup" shows the container its own cgroups, in the arrangement that the host has: one cgroup2 mount
// on a pure v2 host; else a tmpfs with one directory for each hierarchy, the v2 tree among them, and a link for each
// co-mounted controller, as the host's /sys/fs/cgroup has.
//
// With a cgroup namespace the filesystem is mounted (its root is then the container's cgroup); without one the
// container's own directory of each hierarchy is bound.
#include <linux/mount.h>

#include "runtime/plan/draft.h"
#include "runtime/plan/mount_options.h"

namespace ocirt::plan {
namespace {

struct CgroupMount {
    Draft& draft;
    const MountOptions& options;
    const std::string& pointer;

    void show(std::size_t index, const std::string& target) const {
        const cgroup::Hierarchy& hierarchy = draft.host.cgroups.hierarchies[index];
        if (!draft.has(spec::NamespaceKind::cgroup)) {
            const Slot slot = draft.next_slot++;
            draft.plan.cgroup_trees.push_back(
                {.slot = slot, .hierarchy = index, .attributes = options.set, .pointer = pointer});
            draft.add(AttachMount<Hosted>{.slot = slot, .target = target}, pointer);
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

}  // namespace

Result<> plan_cgroup_mount(Draft& draft, const spec::Mount& mount, const std::string& target,
                           const std::string& pointer) {
    const std::vector<cgroup::Hierarchy>& hierarchies = draft.host.cgroups.hierarchies;
    if (hierarchies.empty()) {
        return fail({.fault = Fault::unsupported,
                     .pointer = pointer,
                     .operation = "mount cgroup on",
                     .object = target,
                     .detail = "this host has no cgroup filesystem mounted"});
    }
    const MountOptions options = read_mount_options(mount.options);
    const CgroupMount view{draft, options, pointer};
    plan_cgroup_namespace(draft);
    if (hierarchies.size() == 1 && hierarchies.front().version == cgroup::Version::v2) {
        view.show(0, target);
        return {};
    }
    draft.add(MountFs<Hosted>{.fstype = "tmpfs",
                              .source = "tmpfs",
                              .target = target,
                              .options = {"mode=755"},
                              .attributes = options.set & ~std::uint64_t{MOUNT_ATTR_RDONLY}},
              pointer);
    for (std::size_t i = 0; i < hierarchies.size(); ++i) {
        const std::string name = name_of(hierarchies[i]);
        view.show(i, target + "/" + name);
        if (hierarchies[i].version == cgroup::Version::v2 || hierarchies[i].controllers.size() < 2) continue;
        for (const std::string& controller : hierarchies[i].controllers)
            if (controller != name)
                draft.add(MakeSymlink<Hosted>{.target = name, .link = target + "/" + controller}, pointer);
    }
    if ((options.set & MOUNT_ATTR_RDONLY) != 0)
        draft.add(SetMountAttributes<Hosted>{.path = target, .set = MOUNT_ATTR_RDONLY}, pointer);
    return {};
}

}  // namespace ocirt::plan
