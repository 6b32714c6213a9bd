// The mounts that containerd asks for under a bundle's rootfs: made and taken away in the host's mount namespace.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"

namespace ocirt::shim {

struct RootfsMount {
    std::string type;
    std::string source;
    std::string target;  // below the rootfs
    std::vector<std::string> options;
};

// In their order, all or none. May change the working directory: for a worker.
[[nodiscard]] Result<> mount_rootfs(const std::string& rootfs, const std::vector<RootfsMount>& mounts);

// Everything that is mounted on it, however many times. Nothing there is no error.
[[nodiscard]] Result<> unmount_rootfs(const std::string& rootfs);

}  // namespace ocirt::shim
