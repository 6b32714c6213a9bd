// --preserve-fds: descriptors of the caller that the program gets.
#pragma once

#include <cstdint>

#include "common/error.h"

namespace ocirt::lifecycle {

// The caller's promise: descriptors 3 .. 3+count-1 are open, for the container. To be checked before ocirt opens any
// itself. Errors: Fault::invalid_argument.
[[nodiscard]] Result<> check_preserved_fds(std::uint32_t count);

}  // namespace ocirt::lifecycle
