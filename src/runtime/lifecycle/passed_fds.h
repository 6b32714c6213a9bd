// Descriptors of the caller that the program gets: --preserve-fds, and the sockets of sd_listen_fds(3).
#pragma once

#include <cstdint>

#include "common/error.h"
#include "runtime/plan/passed_fds.h"

namespace ocirt::lifecycle {

// How many descriptors from 3 on, without a gap, this process had when it was first asked: to be asked before ocirt
// opens any itself.
std::uint32_t inherited_fds();

// --preserve-fds, and what LISTEN_FDS of the environment passes to this very process (LISTEN_PID).
[[nodiscard]] plan::PassedFds find_passed_fds(std::uint32_t preserve);

// The caller's promise: they are open. Errors: Fault::invalid_argument.
[[nodiscard]] Result<> check_passed_fds(const plan::PassedFds& passed);

}  // namespace ocirt::lifecycle
