#include "runtime/lifecycle/host.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace ocirt::lifecycle {
namespace {

// The first user namespace has the same number on every kernel (proc_ns.h, PROC_USER_INIT_INO).
constexpr ino_t first_user_namespace = 0xeffffffd;

bool in_user_namespace() {
    struct stat status{};
    return ::stat("/proc/self/ns/user", &status) == 0 && status.st_ino != first_user_namespace;
}

}  // namespace

Result<plan::Host> probe_host() {
    plan::Host host;
    host.uid = ::geteuid();
    host.gid = ::getegid();
    host.in_user_namespace = in_user_namespace();
    host.cgroups = TRY(cgroup::read_layout());
    // By capability, not by version: a kernel that has the call complains of the descriptor.
    mount_attr nothing{};
    host.has_mount_setattr = ::mount_setattr(-1, "", 0, &nothing, sizeof(nothing)) == 0 || errno != ENOSYS;
    host.has_kcore = ::access("/proc/kcore", F_OK) == 0;
    return host;
}

}  // namespace ocirt::lifecycle
