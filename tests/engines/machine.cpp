#include "engines/machine.h"

#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "engines/sandbox.h"
#include "support/host.h"

namespace ocirt::engines {

bool has_systemd() {
    static const bool has = [] {
        const char* mode = std::getenv("VM_MODE");
        return mode != nullptr && std::filesystem::is_directory("/run/systemd/system");
    }();
    return has;
}

bool is_rootless() { return ::geteuid() != 0; }

int run_on_machine(const std::function<int()>& body) {
    ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    // What tests left that were killed.
    for (const std::string& mount : test::mount_points())
        if (mount.starts_with(scratch().string() + "/")) ::umount2(mount.c_str(), MNT_DETACH);
    std::filesystem::remove_all(scratch());
    return body();
}

std::vector<std::string> states_of_runtimes() {
    const std::string run = is_rootless() ? std::getenv("XDG_RUNTIME_DIR") : "/run";
    return {run + "/ocirt", run + "/crun", run + "/runc"};
}

bool is_systemds_own(const std::string& cgroup) {
    const std::string name = cgroup.substr(cgroup.rfind('/') + 1);
    return name.ends_with(".service") || name.ends_with(".socket") || name.starts_with("podman-pause-") ||
           (name.ends_with(".slice") && !name.contains('-'));
}

}  // namespace ocirt::engines
