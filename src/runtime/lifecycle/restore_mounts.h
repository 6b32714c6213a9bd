// What criu mounts in a restored container, laid out for it in a mount namespace that only it sees: the root and, under
// neutral names, what config.json binds, with the options that config.json gives it. criu gets no path of the host.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/checkpoint/external_mounts.h"
#include "runtime/checkpoint/restored_mounts.h"
#include "runtime/lifecycle/trees.h"
#include "runtime/plan/plan.h"

namespace ocirt::lifecycle {

struct RestoreMounts {
    std::string root;                         // criu's --root
    std::vector<std::string> external;        // criu's --external
    std::vector<checkpoint::Source> sources;  // all that criu could mount of it
};

// Covers the directory `place` (absolute) by a tmpfs and attaches `trees` there. Mount points that the rootfs lacks are
// made in it. To be called in a mount namespace of one's own (private_mounts.h).
[[nodiscard]] Result<RestoreMounts> lay_out(const std::string& place, const plan::Plan& plan,
                                            const std::vector<checkpoint::ExternalMount>& mounts,
                                            const std::vector<SlotFd>& trees);

}  // namespace ocirt::lifecycle
