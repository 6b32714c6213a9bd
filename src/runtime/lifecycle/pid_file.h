// The file in which an engine looks for a process's pid.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/error.h"

namespace ocirt::lifecycle {

// Seen whole or not at all by whoever waits for it.
[[nodiscard]] Result<> write_pid_file(const std::string& path, pid_t pid);

}  // namespace ocirt::lifecycle
