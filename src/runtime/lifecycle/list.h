// `list` and `state`.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/lifecycle/container.h"

namespace ocirt::lifecycle {

struct Listed {
    state::Record record;
    state::Status status{};
};

// Every container below `root`, sorted by id. One whose record cannot be read is there with what is known.
[[nodiscard]] Result<std::vector<Listed>> list(const std::string& root);

}  // namespace ocirt::lifecycle
