// Waiting for a container's end.
#pragma once

#include <string>

#include "common/error.h"
#include "common/log.h"

namespace ocirt::shim::native {

// The exit status, or state::unknown_status. The end is the last one: a monitor that starts the container again goes
// on. A monitor that is killed meanwhile is replaced; that it cannot be is a warning. Errors: Fault::not_found.
[[nodiscard]] Result<int> await_exit(const std::string& root, const std::string& id, const Log& log);

}  // namespace ocirt::shim::native
