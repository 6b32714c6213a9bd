// `checkpoint`: a running container's processes, memory and mounts into image files, by criu.
#pragma once

#include <string>

#include "common/error.h"
#include "runtime/checkpoint/options.h"
#include "runtime/lifecycle/remove.h"

namespace ocirt::lifecycle {

struct CheckpointRequest {
    std::string root;  // of the state directories
    std::string id;
    checkpoint::Options options;
};

// Afterwards the container is gone, as with `runc checkpoint`: `restore` may use its id again. With leave_running or
// pre_dump, and after an error, it runs on.
// Errors: Fault::wrong_state unless it is running or paused; Fault::unsupported without criu, or where criu or the
// kernel cannot; what criu's log says, with its path.
[[nodiscard]] Result<Removed> checkpoint(const CheckpointRequest& request);

}  // namespace ocirt::lifecycle
