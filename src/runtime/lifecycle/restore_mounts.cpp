#include "runtime/lifecycle/restore_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/syscall.h"

namespace ocirt::lifecycle {
namespace {

using checkpoint::ExternalMount;

const Fd* find_tree(const std::vector<SlotFd>& trees, plan::Slot slot) {
    const auto found = std::ranges::find(trees, slot, &SlotFd::slot);
    return found == trees.end() ? nullptr : &found->fd;
}

Result<bool> is_directory(const Fd& fd) {
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return fail_errno("fstat", "look at what is to be mounted");
    return S_ISDIR(status.st_mode);
}

Result<> propagate(const Fd& tree, std::uint64_t propagation) {
    mount_attr attributes{.attr_set = 0, .attr_clr = 0, .propagation = propagation, .userns_fd = 0};
    if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes)) == 0) return {};
    return fail_errno("mount_setattr", "keep the host's mounts out of a restore");
}

bool is_root_readonly(const plan::Plan& plan) {
    return std::ranges::any_of(checkpoint::planned_mounts(plan), [](const checkpoint::PlannedMount& mount) {
        return mount.slot == plan::slot_root && mount.readonly;
    });
}

Result<> make_readonly(const Fd& root) {
    mount_attr attributes{.attr_set = MOUNT_ATTR_RDONLY, .attr_clr = 0, .propagation = 0, .userns_fd = 0};
    if (::mount_setattr(root.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) == 0) return {};
    return fail_errno("mount_setattr", "make the root read-only");
}

Result<> attach(const Fd& tree, const Fd& place, const std::string& name) {
    if (TRY(is_directory(tree)))
        TRY(sys::make_directory_at(place, name, 0700, false));
    else
        (void)TRY(sys::open_at(place, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
    // What happens to it here never reaches the host. criu gives a mount that was the slave of another the peer group
    // of its source, and needs one there to give.
    TRY(propagate(tree, MS_SLAVE));
    TRY(propagate(tree, MS_SHARED));
    if (::move_mount(tree.get(), "", place.get(), name.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return fail_errno("move_mount", "lay out a mount for criu");
    return {};
}

// mkdir -p inside `root`, whatever links there are in it.
Result<Fd> make_directories(const Fd& root, const std::string& path) {
    Fd directory = TRY(sys::open_at(root, ".", O_PATH | O_DIRECTORY));
    for (std::size_t end = 0; end < path.size();) {
        const std::size_t begin = end + 1;
        end = std::min(path.find('/', begin), path.size());
        const std::string so_far = path.substr(0, end);
        Result<Fd> next = sys::open_beneath(root, so_far, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
        if (!next && next.error().errnum == ENOENT) {
            TRY(sys::make_directory_at(directory, path.substr(begin, end - begin), 0755, true));
            next = sys::open_beneath(root, so_far, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
        }
        directory = TRY(std::move(next));
    }
    return directory;
}

Result<> make_mount_point(const Fd& root, const std::string& path, bool directory) {
    if (sys::open_beneath(root, path, O_PATH, RESOLVE_IN_ROOT)) return {};
    const std::size_t slash = path.rfind('/');
    const Fd parent = TRY(make_directories(root, path.substr(0, slash)));
    const std::string name = path.substr(slash + 1);
    if (directory) return sys::make_directory_at(parent, name, 0755, true);
    (void)TRY(sys::open_at(parent, name, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644));
    return {};
}

struct Target {
    std::string path;
    bool directory = true;
};

// In the order of the plan. What lies on another mount is no file of the rootfs.
Result<std::vector<Target>> targets_in_rootfs(const plan::Plan& plan, const std::vector<SlotFd>& trees) {
    std::vector<Target> targets;
    for (const plan::Step& step : plan.steps) {
        Target target;
        if (const auto* attach = std::get_if<plan::AttachMount<plan::Hosted>>(&step.action)) {
            const Fd* tree = find_tree(trees, attach->slot);
            target = {.path = attach->target, .directory = tree == nullptr || TRY(is_directory(*tree))};
        } else if (const auto* mount = std::get_if<plan::MountFs<plan::Hosted>>(&step.action)) {
            target.path = mount->target;
        } else {
            continue;
        }
        const auto covers = [&](const Target& other) { return is_at_or_below(target.path, other.path); };
        if (std::ranges::none_of(targets, covers)) targets.push_back(std::move(target));
    }
    return targets;
}

// What lies at `top` is what criu may mount; what is mounted below the source of a recursive bind has a name of its
// own.
Result<> name_sources(RestoreMounts& laid, const ExternalMount& mount, const std::string& top,
                      const std::vector<MountEntry>& table) {
    for (const MountEntry& entry : table) {
        if (!is_at_or_below(entry.point, top)) continue;
        laid.sources.push_back(
            {.slot = mount.slot, .device = entry.device, .root = entry.root, .readonly = entry.readonly});
        if (entry.point == top || !mount.recursive) continue;
        laid.external.push_back(
            TRY(checkpoint::external_mount_option(mount.name + entry.point.substr(top.size()), entry.point)));
    }
    return {};
}

}  // namespace

Result<RestoreMounts> lay_out(const std::string& place, const plan::Plan& plan,
                              const std::vector<ExternalMount>& mounts, const std::vector<SlotFd>& trees) {
    if (::mount("tmpfs", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700,size=1m") != 0)
        return fail_errno("mount", "cover the directory", place);
    const Fd directory = TRY(sys::open(place, O_PATH | O_DIRECTORY));
    RestoreMounts laid{.root = place + "/root", .external = {}, .sources = {}};
    TRY(attach(*find_tree(trees, plan::slot_root), directory, "root"));
    const Fd root = TRY(sys::open(laid.root, O_PATH | O_DIRECTORY));
    for (const Target& target : TRY(targets_in_rootfs(plan, trees)))
        TRY(make_mount_point(root, target.path, target.directory));

    // criu mounts it as it is here, whatever flags the image has.
    if (is_root_readonly(plan)) TRY(make_readonly(root));

    std::vector<plan::Slot> attached;
    for (const ExternalMount& mount : mounts) {
        const std::string name = std::to_string(mount.slot);
        const Fd* tree = find_tree(trees, mount.slot);
        if (tree == nullptr) continue;
        if (std::ranges::find(attached, mount.slot) == attached.end()) TRY(attach(*tree, directory, name));
        attached.push_back(mount.slot);
        laid.external.push_back(
            TRY(checkpoint::external_mount_option(mount.name, std::string(place).append("/").append(name))));
    }
    const std::vector<MountEntry> table = TRY(read_own_mounts());
    TRY(name_sources(laid, {.name = "/", .slot = plan::slot_root, .recursive = false, .pointer = "/root"}, laid.root,
                     table));
    for (const ExternalMount& mount : mounts)
        TRY(name_sources(laid, mount, place + "/" + std::to_string(mount.slot), table));
    return laid;
}

}  // namespace ocirt::lifecycle
