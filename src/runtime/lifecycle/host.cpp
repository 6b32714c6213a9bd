#include "runtime/lifecycle/host.h"

#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

namespace ocirt::lifecycle {

Result<plan::Host> probe_host() {
    plan::Host host;
    host.uid = ::geteuid();
    host.gid = ::getegid();
    host.cgroups = TRY(cgroup::read_layout());
    // By capability, not by version: a kernel that has the call complains of the descriptor.
    mount_attr nothing{};
    host.has_mount_setattr = ::mount_setattr(-1, "", 0, &nothing, sizeof(nothing)) == 0 || errno != ENOSYS;
    host.has_kcore = ::access("/proc/kcore", F_OK) == 0;
    return host;
}

}  // namespace ocirt::lifecycle
