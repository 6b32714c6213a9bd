#include "runtime/lifecycle/id_maps.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>

#include "common/clone.h"
#include "common/mount_table.h"
#include "common/syscall.h"
#include "runtime/lifecycle/process.h"
#include "runtime/lifecycle/user_maps.h"

namespace ocirt::lifecycle {
namespace {

OCIRT_ON_FOREIGN_STACK void end_at_once(void*) { raw_syscall(SYS_exit_group, 0); }

// "overlay": the type of the filesystem that is mounted at `path`. Empty if it cannot be told.
std::string filesystem_type(const std::string& path) {
    struct statx status{};
    if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) != 0) return {};
    const Result<std::vector<MountEntry>> mounts = read_own_mounts();
    const MountEntry* mount = mounts ? find_mount(*mounts, status.stx_mnt_id) : nullptr;
    return mount == nullptr ? "" : mount->type;
}

std::unexpected<Error> explain(int errnum, const std::string& source, const plan::PlannedIdMap& id_map) {
    Error error = fail_errno(errnum, "mount_setattr", "map the ids of", source).error();
    if (errnum == EINVAL) {
        error.fault = Fault::unsupported;
        const std::string type = filesystem_type(source);
        error.detail = "its filesystem" + (type.empty() ? "" : " (" + type + ")") +
                       (id_map.recursive ? ", or that of a mount below it," : "") + " cannot be mapped on this kernel";
        error.hint = "bind a directory of a filesystem that can (ext4, xfs, btrfs, tmpfs since Linux 6.3)";
    } else if (errnum == EPERM) {
        error.detail = id_map.recursive ? "it, or a mount below it, is mapped already or belongs to a user namespace"
                                        : "it is mapped already, or its filesystem belongs to a user namespace";
    }
    return fail(std::move(error));
}

}  // namespace

// The namespace of a process that has ended lives, and takes its maps, until the process is reaped: so nobody has to
// wait in it, and nobody is left in it if this process is killed.
Result<Fd> make_user_namespace(const plan::UserNamespace& maps) {
    const auto stack = std::make_unique_for_overwrite<ChildStack>();
    int number = -1;
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER | CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&number);
    const long pid = clone_onto(*stack, arguments, end_at_once, nullptr);
    if (pid < 0) {
        Error error = fail_errno(static_cast<int>(-pid), "clone3", "make a user namespace").error();
        if (error.errnum == ENOSPC || error.errnum == EUSERS)
            error.hint = "the limit of namespaces is reached: see /proc/sys/user/max_user_namespaces";
        return fail(std::move(error));
    }
    const Fd pidfd(number);
    const Result<> written = write_user_maps(static_cast<pid_t>(pid), maps);
    Result<Fd> opened = sys::open("/proc/" + std::to_string(pid) + "/ns/user", O_RDONLY);
    (void)TRY(reap(pidfd));
    if (!written) return std::unexpected(written.error());
    return opened;
}

Result<const Fd*> IdMaps::user_namespace(const plan::UserNamespace& maps) {
    const auto known = std::ranges::find(made_, maps, &std::pair<plan::UserNamespace, Fd>::first);
    if (known != made_.end()) return &known->second;
    return &made_.emplace_back(maps, TRY(make_user_namespace(maps))).second;
}

Result<> IdMaps::apply(const Fd& tree, const std::string& source, const plan::PlannedIdMap& id_map, const Fd* joined) {
    const Fd* ns = joined != nullptr ? joined : TRY(user_namespace(id_map.maps));
    mount_attr attributes{.attr_set = MOUNT_ATTR_IDMAP,
                          .attr_clr = 0,
                          .propagation = 0,
                          .userns_fd = static_cast<std::uint64_t>(ns->get())};
    const unsigned flags = AT_EMPTY_PATH | (id_map.recursive ? AT_RECURSIVE : 0u);
    if (::mount_setattr(tree.get(), "", flags, &attributes, sizeof(attributes)) == 0) return {};
    return explain(errno, source, id_map);
}

}  // namespace ocirt::lifecycle
