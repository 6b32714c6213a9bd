// The commands that look for a container's monitor put one in the place of one that was killed.
#pragma once

#include <string>

#include "common/error.h"

namespace ocirt::shim::native {

// Where the container has a monitor's record and no exit status, and nobody is there: starts a monitor that takes its
// streams and waits for its end, and returns once it does. Nothing where one is there, or never was, or the container
// is another user's. Errors: why there can be none.
[[nodiscard]] Result<> adopt_if_alone(const std::string& root, const std::string& id);

}  // namespace ocirt::shim::native
