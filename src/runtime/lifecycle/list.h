// `list` and `state`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/lifecycle/container.h"
#include "runtime/state/exit_file.h"

namespace ocirt::lifecycle {

struct Listed {
    state::Record record;
    state::Status status{};
    std::optional<state::Exit> exit{};  // of one that a monitor has seen end
};

// Every container below `root`, sorted by id. One whose record cannot be read is there with what is known.
[[nodiscard]] Result<std::vector<Listed>> list(const std::string& root);

}  // namespace ocirt::lifecycle
