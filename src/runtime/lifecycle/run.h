// `run` in the foreground: create, start, pass signals on, wait, delete.
#pragma once

#include <functional>

#include "common/error.h"
#include "runtime/lifecycle/create.h"

namespace ocirt::lifecycle {

struct RunRequest {
    CreateRequest create;
    bool keep = false;    // --keep: the stopped container stays for `delete`
    bool detach = false;  // --detach: nothing waits
};

// The program's exit status, or 128 plus the signal that ended it; 0 when detached. `warn` is called with what does not
// stop the container: the plan's warnings, a failed poststop hook.
[[nodiscard]] Result<int> run(const RunRequest& request, const std::function<void(const Error&)>& warn);

}  // namespace ocirt::lifecycle
