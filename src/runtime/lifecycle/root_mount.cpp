#include "runtime/lifecycle/root_mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

namespace ocirt::lifecycle {

Result<std::uint64_t> root_mount_id(const std::vector<SlotFd>& trees) {
    struct statx status{};
    const auto root = std::ranges::find(trees, plan::slot_root, &SlotFd::slot);
    if (root == trees.end() || ::statx(root->fd.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0)
        return fail_errno("statx", "look at the mount of", "the root");
    return status.stx_mnt_id;
}

Result<> unmount_root(const std::string& rootfs, std::uint64_t mount_id) {
    if (mount_id == 0) return {};
    struct statx status{};
    const bool is_there = ::statx(AT_FDCWD, rootfs.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) == 0;
    if (!is_there || status.stx_mnt_id != mount_id) return {};
    if (::umount2(rootfs.c_str(), MNT_DETACH) != 0) return fail_errno("umount2", "unmount the root", rootfs);
    return {};
}

}  // namespace ocirt::lifecycle
