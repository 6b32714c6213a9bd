// A container's exit status on disk, written before anyone is told: whoever looks after the shim's death finds it.
#pragma once

#include <optional>
#include <string>

#include "common/error.h"
#include "shim/reaper.h"

namespace ocirt::shim {

// Whether writing there takes no disk's time. Also where there is nothing to write to.
[[nodiscard]] bool is_in_memory(const std::string& root, const std::string& id);

// In the container's state directory; whole or not at all, on the disk when it returns. It goes with the directory.
[[nodiscard]] Result<> write_exit(const std::string& root, const std::string& id, const Exit& exit);

// std::nullopt: it has not ended while a shim looked, or has been deleted.
[[nodiscard]] std::optional<Exit> read_exit(const std::string& root, const std::string& id);

}  // namespace ocirt::shim
