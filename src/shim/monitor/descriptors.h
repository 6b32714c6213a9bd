#pragma once

#include <vector>

#include "common/error.h"

namespace ocirt::shim::monitor {

// The numbers of this process's open descriptors above stderr.
[[nodiscard]] Result<std::vector<int>> open_descriptors();

}  // namespace ocirt::shim::monitor
