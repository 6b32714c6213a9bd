// `run` in the foreground: create, start, pass signals on, wait, delete.
#pragma once

#include "common/error.h"
#include "common/log.h"
#include "runtime/lifecycle/create.h"

namespace ocirt::lifecycle {

struct RunRequest {
    CreateRequest create;
    bool keep = false;    // --keep: the stopped container stays for `delete`
    bool detach = false;  // --detach: nothing waits
};

// The program's exit status, or 128 plus the signal that ended it; 0 when detached. What does not stop the container
// goes to `log`: the plan's warnings, a failed poststop hook, the times of all steps.
[[nodiscard]] Result<int> run(const RunRequest& request, const Log& log);

}  // namespace ocirt::lifecycle
