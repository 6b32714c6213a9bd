// The mounts of config.json, in its order.
#include "runtime/plan/mount_options.h"

#include <linux/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

using spec::NamespaceKind;

// fsconfig(2) takes strings of at most 255 bytes and the NUL.
constexpr std::size_t fsconfig_limit = 255;

// What may be mounted inside /proc: files that lxcfs gives, and two that runtimes cover (runc's list; threat B5).
constexpr std::array in_proc{"/proc/cpuinfo",           "/proc/diskstats", "/proc/meminfo", "/proc/stat",
                             "/proc/swaps",             "/proc/uptime",    "/proc/loadavg", "/proc/slabinfo",
                             "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled"};

// Filesystems of the kernel itself: read-only is a matter of the mount, their superblock is shared.
constexpr std::array<std::string_view, 6> kernel_filesystems{"proc", "sysfs", "mqueue", "devpts", "cgroup", "cgroup2"};

Result<std::uint32_t> target_flags(const std::string& target, const spec::Mount& mount, bool bind,
                                   const std::string& pointer) {
    if (target == "/proc" && mount.type != "proc" && !(bind && clean_path(mount.source) == "/proc")) {
        return fail({.fault = Fault::invalid_config,
                     .pointer = pointer,
                     .operation = "mount on /proc",
                     .detail = "only a proc filesystem can be mounted there",
                     .hint = "masks and labels are written through /proc: a fake one would defeat them"});
    }
    if (target.starts_with("/proc/")) {
        if (std::ranges::find(in_proc, target) == in_proc.end()) {
            return fail({.fault = Fault::invalid_config,
                         .pointer = pointer,
                         .operation = "mount on",
                         .object = target,
                         .detail = "it is inside /proc",
                         .hint = "only the files that lxcfs provides can be covered there"});
        }
        return std::uint32_t{target_may_be_in_proc};
    }
    if (!bind && (mount.type == "proc" || mount.type == "sysfs")) return std::uint32_t{target_plain_directory};
    return std::uint32_t{0};
}

std::uint64_t first_propagation(const MountOptions& options) {
    return options.propagation.empty() ? 0 : options.propagation.back();
}

// A host directory or file bound into the container; also what stands in for a kernel filesystem that a user namespace
// may not mount.
void attach_tree(Draft& draft, const std::string& source, const std::string& target, const MountOptions& options,
                 std::uint32_t flags, const std::string& pointer) {
    const Slot slot = draft.next_slot++;
    OpenTree<Hosted> tree{.slot = slot,
                          .source = source,
                          .recursive = options.recursive_bind,
                          .keep_peers = draft.config.linux.rootfs_propagation == spec::RootfsPropagation::shared,
                          .set = options.set,
                          .clear = options.clear,
                          .recursive_set = options.recursive_set,
                          .recursive_clear = options.recursive_clear,
                          .propagation = first_propagation(options)};
    draft.plan.trees.push_back({std::move(tree), pointer});
    draft.add(AttachMount<Hosted>{.slot = slot, .target = target, .target_flags = flags}, pointer);
    if (draft.host.has_mount_setattr) return;
    draft.add(SetMountAttributes<Hosted>{.path = target,
                                         .set = options.set | options.recursive_set,
                                         .clear = options.clear | options.recursive_clear,
                                         .propagation = first_propagation(options)},
              pointer);
}

Result<> plan_bind(Draft& draft, const spec::Mount& mount, const std::string& target, const MountOptions& options,
                   std::uint32_t flags, const std::string& pointer) {
    if (!options.data.empty()) {
        return fail({.fault = Fault::invalid_config,
                     .pointer = pointer + "/options",
                     .operation = "bind",
                     .object = mount.source + " on " + target,
                     .detail = "unknown option \"" + options.data.front() + "\"",
                     .hint = "a bind mount has no filesystem that could understand it"});
    }
    if (mount.source.empty()) {
        return fail({.fault = Fault::invalid_config,
                     .pointer = pointer + "/source",
                     .operation = "bind on",
                     .object = target,
                     .detail = "a bind mount needs a source"});
    }
    if (options.idmap || !mount.uid_mappings.empty() || !mount.gid_mappings.empty()) {
        return fail({.fault = Fault::unsupported,
                     .pointer = pointer,
                     .operation = "bind",
                     .object = mount.source + " on " + target,
                     .detail = "idmapped mounts are not built yet"});
    }
    attach_tree(draft, host_path(draft, mount.source), target, options, flags, pointer);
    return {};
}

// A user namespace may mount these only together with the namespace that they show: otherwise the host's is bound, as
// crun does. Empty: it may.
std::string bound_instead(const Draft& draft, const std::string& type) {
    if (!draft.has(NamespaceKind::user)) return {};
    if (type == "sysfs" && !draft.has(NamespaceKind::network)) return "/sys";
    if (type == "proc" && !draft.has(NamespaceKind::pid)) return "/proc";
    if (type == "mqueue" && !draft.has(NamespaceKind::ipc)) return "/dev/mqueue";
    return {};
}

Result<> plan_filesystem(Draft& draft, const spec::Mount& mount, const std::string& target, MountOptions options,
                         std::uint32_t flags, const std::string& pointer) {
    if (const std::string instead = bound_instead(draft, mount.type); !instead.empty()) {
        draft.warn(pointer, "the user namespace may not mount " + mount.type + " without its namespace: the host's " +
                                instead + " is bound instead");
        options.recursive_bind = true;
        options.recursive_set |= options.set & MOUNT_ATTR_RDONLY;
        attach_tree(draft, instead, target, options, flags, pointer);
        return {};
    }
    std::vector<std::string> words = std::move(options.superblock);
    if ((options.set & MOUNT_ATTR_RDONLY) != 0 && !options.copy_up &&
        std::ranges::find(kernel_filesystems, mount.type) == kernel_filesystems.end())
        words.emplace_back("ro");
    std::ranges::move(options.data, std::back_inserter(words));

    const auto too_long = [](const std::string& word) { return word.size() > fsconfig_limit; };
    const bool classic = std::ranges::any_of(words, too_long) || too_long(mount.source);
    draft.add(MountFs<Hosted>{.fstype = mount.type,
                              .source = mount.source,
                              .target = target,
                              .target_flags = flags,
                              .flags = (options.copy_up ? std::uint32_t{mount_copy_up} : 0u) |
                                       (classic ? std::uint32_t{mount_classic} : 0u),
                              .options = std::move(words),
                              .attributes = options.set | options.recursive_set,
                              .propagation = first_propagation(options)},
              pointer);
    return {};
}

Result<> plan_mount(Draft& draft, const spec::Mount& mount, const std::string& pointer) {
    MountOptions options = read_mount_options(mount.options);
    const std::string target = clean_path(mount.destination);
    const bool bind = options.bind || mount.type == "bind";
    if (options.remount) {
        draft.add(SetMountAttributes<Hosted>{.path = target,
                                             .set = options.set,
                                             .clear = options.clear,
                                             .propagation = first_propagation(options),
                                             .recursive = 0},
                  pointer);
        return {};
    }
    if (!bind && (mount.type == "cgroup" || mount.type == "cgroup2")) {
        return plan_cgroup_mount(draft, mount, target, pointer);
    }
    const std::uint32_t flags = TRY(target_flags(target, mount, bind, pointer));
    if (bind) return plan_bind(draft, mount, target, options, flags, pointer);
    if (mount.type.empty()) {
        return fail({.fault = Fault::invalid_config,
                     .pointer = pointer + "/type",
                     .operation = "mount on",
                     .object = target,
                     .detail = "no filesystem type",
                     .hint = "a bind mount says \"bind\" or \"rbind\" in its options"});
    }
    return plan_filesystem(draft, mount, target, std::move(options), flags, pointer);
}

}  // namespace

Result<> plan_mounts(Draft& draft) {
    const std::vector<spec::Mount>& mounts = draft.config.mounts;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        TRY(plan_mount(draft, mounts[i], "/mounts/" + std::to_string(i)));
    }
    return {};
}

}  // namespace ocirt::plan
