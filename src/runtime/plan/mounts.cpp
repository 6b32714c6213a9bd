// The mounts of config.json, in its order.
#include "runtime/spec/mount_options.h"

#include <linux/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/plan/draft.h"

namespace ocirt::plan {
namespace {

using spec::MountOptions;
using spec::NamespaceKind;

// fsconfig(2) takes strings of at most 255 bytes and the NUL.
constexpr std::size_t fsconfig_limit = 255;

// What may be mounted inside /proc: files that lxcfs gives, and two that runtimes cover (runc's list; threat B5).
constexpr std::array in_proc{"/proc/cpuinfo",
                             "/proc/diskstats",
                             "/proc/meminfo",
                             "/proc/stat",
                             "/proc/swaps",
                             "/proc/uptime",
                             "/proc/loadavg",
                             "/proc/slabinfo",
                             "/proc/sys/kernel/ns_last_pid",
                             "/proc/sys/crypto/fips_enabled"};

// Filesystems of the kernel itself: read-only is a matter of the mount, their superblock is shared with the host.
constexpr std::array<std::string_view, 10> kernel_filesystems{
    "proc", "sysfs", "mqueue", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs", "devtmpfs"};

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

// The first word is obeyed as the mount is made; each later one is a change of its own, as with mount(8).
std::uint64_t first_propagation(const MountOptions& options) {
    return options.propagation.empty() ? 0 : options.propagation.front();
}

void plan_later_propagation(Draft& draft, const std::string& target, const MountOptions& options,
                            const std::string& pointer) {
    for (std::size_t i = 1; i < options.propagation.size(); ++i)
        draft.add(SetMountAttributes<Hosted>{.path = target, .propagation = options.propagation[i]}, pointer);
}

// Only what is asked to be shared, in a container that is, stays a peer of the host's mount.
bool keeps_peers(const Draft& draft, const MountOptions& options) {
    const auto is_shared = [](std::uint64_t word) { return (word & MS_SHARED) != 0; };
    return draft.config.linux.rootfs_propagation == spec::RootfsPropagation::shared &&
           std::ranges::any_of(options.propagation, is_shared);
}

// A host directory or file bound into the container; also what stands in for a kernel filesystem that a user namespace
// may not mount.
void attach_tree(Draft& draft, const std::string& source, const std::string& target, const MountOptions& options,
                 std::uint32_t flags, const std::string& pointer, std::optional<PlannedIdMap> id_map = std::nullopt) {
    const OpenTree<Hosted> tree{.slot = draft.next_slot++,
                                .source = source,
                                .recursive = options.recursive_bind,
                                .keep_peers = keeps_peers(draft, options),
                                .set = options.set,
                                .clear = options.clear,
                                .recursive_set = options.recursive_set,
                                .recursive_clear = options.recursive_clear,
                                .propagation = first_propagation(options)};
    plan_tree_in_turn(draft, tree, pointer, std::move(id_map));
    draft.add(AttachMount<Hosted>{.slot = tree.slot, .target = target, .target_flags = flags}, pointer);
    plan_tree_attributes(draft, tree, target, pointer);
    plan_later_propagation(draft, target, options, pointer);
}

Result<> plan_bind(Draft& draft, const spec::Mount& mount, const std::string& target, const MountOptions& options,
                   std::uint32_t flags, const std::string& pointer) {
    // They would be the fifth argument of mount(2), which takes no notice of it: nothing is lost. It may be a slip,
    // though.
    for (const std::string& option : options.data)
        draft.warn(pointer + "/options",
                   "unknown option \"" + option + "\": a bind mount has no filesystem that could understand it");
    if (mount.source.empty()) {
        return fail({.fault = Fault::invalid_config,
                     .pointer = pointer + "/source",
                     .operation = "bind on",
                     .object = target,
                     .detail = "a bind mount needs a source"});
    }
    if (!draft.host.has_mount_setattr && (options.recursive_set | options.recursive_clear) != 0) {
        return fail({.fault = Fault::unsupported,
                     .pointer = pointer + "/options",
                     .operation = "bind",
                     .object = mount.source + " on " + target,
                     .detail = "recursive options need mount_setattr(2), which came with kernel 5.12"});
    }
    attach_tree(draft, host_path(draft, mount.source), target, options, flags, pointer,
                TRY(plan_id_map(draft, mount, pointer)));
    return {};
}

// A user namespace may mount these only if it owns the namespace that they show, and a new one owns none that was there
// before it: then the host's is bound, as crun does. Empty: it may.
std::string bound_instead(const Draft& draft, const std::string& type) {
    if (!draft.has(NamespaceKind::user)) return {};
    const bool owns_joined = draft.joins(NamespaceKind::user);
    const auto may_show = [&](NamespaceKind kind) { return draft.makes(kind) || (owns_joined && draft.joins(kind)); };
    if (type == "sysfs" && !may_show(NamespaceKind::network)) return "/sys";
    if (type == "mqueue" && !may_show(NamespaceKind::ipc)) return "/dev/mqueue";
    // Never in place of a joined pid namespace's: it would show the host's processes.
    if (type == "proc" && !draft.has(NamespaceKind::pid)) return "/proc";
    return {};
}

// tmpcopyup gives the tmpfs what the covered directory has, but for what the options say themselves.
std::uint32_t copy_up_flags(const MountOptions& options) {
    if (!options.copy_up) return 0;
    const auto names = [&options](std::string_view key) {
        return std::ranges::any_of(options.data, [key](const std::string& word) { return word.starts_with(key); });
    };
    return std::uint32_t{mount_copy_up} | (names("mode=") ? std::uint32_t{mount_own_mode} : 0U) |
           (names("uid=") || names("gid=") ? std::uint32_t{mount_own_owner} : 0U);
}

Result<> plan_filesystem(Draft& draft, const spec::Mount& mount, const std::string& target, MountOptions options,
                         std::uint32_t flags, const std::string& pointer) {
    if (const std::string instead = bound_instead(draft, mount.type); !instead.empty()) {
        draft.warn(pointer, "the user namespace may not mount " + mount.type +
                                " of a namespace that is not its own: the host's " + instead + " is bound instead");
        options.recursive_bind = true;
        options.recursive_set |= options.set & MOUNT_ATTR_RDONLY;
        attach_tree(draft, instead, target, options, flags, pointer);
        return {};
    }
    const std::uint32_t copied = copy_up_flags(options);
    std::vector<std::string> words = std::move(options.superblock);
    if ((options.set & MOUNT_ATTR_RDONLY) != 0 && !options.copy_up &&
        std::ranges::find(kernel_filesystems, mount.type) == kernel_filesystems.end())
        words.emplace_back("ro");
    std::ranges::move(options.data, std::back_inserter(words));
    label_mount(draft, mount.type, words);

    const auto too_long = [](const std::string& word) { return word.size() > fsconfig_limit; };
    const bool classic = std::ranges::any_of(words, too_long) || too_long(mount.source);
    // As with a bind: the words about the mount itself win over those about all below it.
    const std::uint64_t attributes = (options.recursive_set & ~options.clear) | options.set;
    const bool labelled = takes_label_mounted(draft, mount.type);
    // What is copied up or labelled must be writable first.
    const std::uint64_t late = options.copy_up || labelled ? attributes & MOUNT_ATTR_RDONLY : 0;
    draft.add(MountFs<Hosted>{.fstype = mount.type,
                              .source = mount.source,
                              .target = target,
                              .target_flags = flags,
                              .flags = copied | (classic ? std::uint32_t{mount_classic} : 0u),
                              .options = std::move(words),
                              .attributes = attributes & ~late,
                              .propagation = first_propagation(options)},
              pointer);
    if (labelled) draft.add(LabelMount<Hosted>{.path = target, .label = draft.config.linux.mount_label}, pointer);
    if (late != 0) draft.add(SetMountAttributes<Hosted>{.path = target, .set = late}, pointer);
    plan_later_propagation(draft, target, options, pointer);
    return {};
}

// Changes the attributes and the propagation of a mount that is there; what is not named stays. The filesystem's own
// options stay out of it.
Result<> plan_remount(Draft& draft, const std::string& target, const MountOptions& options,
                      const std::string& pointer) {
    if (!options.data.empty() || !options.superblock.empty()) {
        const std::string& word = options.data.empty() ? options.superblock.front() : options.data.front();
        return fail(
            {.fault = Fault::unsupported,
             .pointer = pointer + "/options",
             .operation = "remount",
             .object = target,
             .detail = "changing the filesystem's option \"" + word + "\" is not supported by this version of ocirt"});
    }
    if ((options.recursive_set | options.recursive_clear) != 0)
        draft.add(
            SetMountAttributes<Hosted>{
                .path = target, .set = options.recursive_set, .clear = options.recursive_clear, .recursive = 1},
            pointer);
    if ((options.set | options.clear) != 0)
        draft.add(SetMountAttributes<Hosted>{.path = target, .set = options.set, .clear = options.clear}, pointer);
    for (const std::uint64_t word : options.propagation)
        draft.add(SetMountAttributes<Hosted>{.path = target, .propagation = word}, pointer);
    return {};
}

// Whoever asks for a mapping shall not get a mount without it.
Result<> refuse_id_map(const spec::Mount& mount, const MountOptions& options, const std::string& pointer) {
    if (!options.idmap && mount.uid_mappings.empty() && mount.gid_mappings.empty()) return {};
    return fail({.fault = Fault::unsupported,
                 .pointer = pointer,
                 .operation = "map the ids of",
                 .object = mount.destination,
                 .detail = options.remount ? "a mount that is attached keeps its mapping"
                                           : "only bind mounts can be mapped by this version of ocirt"});
}

Result<> plan_mount(Draft& draft, const spec::Mount& mount, const std::string& pointer) {
    MountOptions options = spec::read_mount_options(mount.options);
    const std::string target = clean_path(mount.destination);
    const bool bind = options.bind || mount.type == "bind";
    if (!bind || options.remount) TRY(refuse_id_map(mount, options, pointer));
    if (options.remount) return plan_remount(draft, target, options, pointer);
    if (target == "/") {
        return fail({.fault = Fault::invalid_config,
                     .pointer = pointer + "/destination",
                     .operation = "mount on",
                     .object = target,
                     .detail = "it would hide the root filesystem"});
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

// procfs shows the pid namespace of whoever mounts it. Where one is joined late its procfs is mounted after that, and
// so is everything that lies on it.
bool is_late(const Draft& draft, const spec::Mount& mount) {
    if (!draft.joins_pid_late()) return false;
    if (mount.type == "proc" && !spec::read_mount_options(mount.options).bind) return true;
    const std::string target = clean_path(mount.destination);
    return std::ranges::any_of(draft.late_mounts, [&](std::size_t index) {
        const std::string below = clean_path(draft.config.mounts[index].destination);
        return target == below || target.starts_with(below + "/");
    });
}

std::string mount_pointer(std::size_t index) { return "/mounts/" + std::to_string(index); }

}  // namespace

Result<> plan_mounts(Draft& draft) {
    const std::vector<spec::Mount>& mounts = draft.config.mounts;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        if (is_late(draft, mounts[i]))
            draft.late_mounts.push_back(i);
        else
            TRY(plan_mount(draft, mounts[i], mount_pointer(i)));
    }
    return {};
}

Result<> plan_late_mounts(Draft& draft) {
    for (const std::size_t i : draft.late_mounts) TRY(plan_mount(draft, draft.config.mounts[i], mount_pointer(i)));
    return {};
}

}  // namespace ocirt::plan
