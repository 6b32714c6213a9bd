// The mount on the rootfs of a container that has no mount namespace of its own: its other mounts are below it, and go
// with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/lifecycle/trees.h"

namespace ocirt::lifecycle {

// Of the root among the trees that init is about to attach. Unique as long as it is mounted (statx(2), STATX_MNT_ID).
[[nodiscard]] Result<std::uint64_t> root_mount_id(const std::vector<SlotFd>& trees);

// Takes it away, if it still is what is mounted there. What was mounted on the rootfs before comes to light again.
[[nodiscard]] Result<> unmount_root(const std::string& rootfs, std::uint64_t mount_id);

}  // namespace ocirt::lifecycle
