// What a monitor takes of the command line that makes it.
#pragma once

#include <string>
#include <vector>

#include "common/error.h"
#include "common/fd.h"
#include "runtime/cli/cli.h"

namespace ocirt::shim::native {

// What the monitor's fork of the runtime is told of this command line.
[[nodiscard]] std::vector<std::string> runtime_globals(const cli::Globals& globals);

// "" stays. Errors: the kernel's.
[[nodiscard]] Result<std::string> absolute(const std::string& path);

// The monitor outlives its caller, and keeps nothing of his open but the first descriptors from 3 on, which are
// returned.
[[nodiscard]] Result<std::vector<Fd>> take_inherited(unsigned passed);

}  // namespace ocirt::shim::native
