// What a monitor finds of a container whose monitor was killed.
#pragma once

#include <cstdint>

#include "common/fd.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::shim::monitor {

// The inode number of a pipe, which tells it from all others; 0 where the descriptor is none.
[[nodiscard]] std::uint64_t pipe_number(const Fd& pipe);

// A reading end of the pipe with that number, as one of the container's processes has it open; invalid where nobody
// has.
[[nodiscard]] Fd find_pipe(const lifecycle::Container& container, std::uint64_t number);

}  // namespace ocirt::shim::monitor
