// The commands that have to do with a monitor of ocirt's own: what needs no daemon.
#pragma once

#include <span>

#include "runtime/cli/cli.h"

namespace ocirt::shim::native {

[[nodiscard]] cli::Command run_command(cli::Cli& cli);
[[nodiscard]] cli::Command list_command(cli::Cli& cli);
[[nodiscard]] cli::Command wait_command(cli::Cli& cli);
[[nodiscard]] cli::Command logs_command(cli::Cli& cli);
[[nodiscard]] cli::Command attach_command(cli::Cli& cli);
[[nodiscard]] cli::Command shim_command(cli::Cli& cli);

[[nodiscard]] inline std::span<const cli::Maker> commands() {
    static constexpr cli::Maker makers[] = {{"run", run_command},   {"list", list_command},     {"wait", wait_command},
                                            {"logs", logs_command}, {"attach", attach_command}, {"shim", shim_command}};
    return makers;
}

}  // namespace ocirt::shim::native
