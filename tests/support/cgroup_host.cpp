#include "support/cgroup_host.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "support/host.h"

namespace ocirt::test {
namespace {

bool mounts_any(bool v2) {
    return std::ranges::any_of(cgroup_mounts(), [v2](const CgroupMount& mount) { return mount.v2 == v2; });
}

const char* change_to(CgroupHost host) {
    switch (host) {
        case CgroupHost::v1: return mounts_any(true) ? "umount -l /sys/fs/cgroup/unified; " : "";
        case CgroupHost::v2:
            return mounts_any(false)
                       ? "umount -l /sys/fs/cgroup/* /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup && "
                       : "";
        case CgroupHost::as_it_is: break;
    }
    return "";
}

}  // namespace

std::string why_not_like(CgroupHost host) {
    if (host == CgroupHost::v1 && !mounts_any(false)) return "this host has cgroup v2 only";
    if (host == CgroupHost::v2 && !mounts_any(true)) return "this host has no v2 tree";
    return {};
}

Command on_host(CgroupHost host, Command command) {
    std::vector<std::string> words = {
        "/usr/bin/unshare", "--mount", "/bin/sh", "-c", std::string(change_to(host)) + "exec \"$@\"", "sh"};
    command.args.insert(command.args.begin(), words.begin(), words.end());
    return command;
}

}  // namespace ocirt::test
