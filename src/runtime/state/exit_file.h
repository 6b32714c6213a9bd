// A container's exit status on disk, written by its monitor before anyone is told: <root>/<id>/exit.json. Whoever looks
// after the monitor's death finds it. It goes with the directory.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "common/error.h"

namespace ocirt::state {

struct Exit {
    pid_t pid = 0;
    int status = 0;  // as a shell has it: the exit status, or 128 plus the signal; unknown_status
    std::chrono::system_clock::time_point at;
};
// Nobody saw how it ended.
inline constexpr int unknown_status = -1;

// Whether writing there takes no disk's time. Also where there is nothing to write to.
[[nodiscard]] bool is_in_memory(const std::string& root, const std::string& id);

// Whole or not at all, on the disk when it returns. Errors: ENOENT where the container has been deleted.
[[nodiscard]] Result<> write_exit(const std::string& root, const std::string& id, const Exit& exit);

// std::nullopt: it has not ended while a monitor looked, or has been deleted.
[[nodiscard]] std::optional<Exit> read_exit(const std::string& root, const std::string& id);

}  // namespace ocirt::state
