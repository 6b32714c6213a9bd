// The commands of ocirt's own that have to do with a monitor.
#pragma once

#include <span>

#include "runtime/cli/cli.h"

namespace ocirt::shim::monitor {

[[nodiscard]] cli::Command shim_command(cli::Cli& cli);

[[nodiscard]] inline std::span<const cli::Maker> commands() {
    static constexpr cli::Maker makers[] = {{"shim", shim_command}};
    return makers;
}

}  // namespace ocirt::shim::monitor
