// What a process that stays for long does to itself.
#pragma once

#include <optional>

namespace ocirt::shim {

// Nothing of the caller's on 0, 1 and 2.
void point_stdio_to_null();

// This process's oom_score_adj.
[[nodiscard]] std::optional<int> oom_score();

// It holds little: what it needed to begin is given back, and later a large message's memory, too.
void keep_little_memory();

}  // namespace ocirt::shim
