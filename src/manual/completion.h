// Completion for bash, zsh and fish, from the commands' own options. The scripts ask `ocirt list --quiet` for the ids
// of containers, with the --root that stands on the line.
#pragma once

#include <string>

#include "runtime/cli/cli.h"

namespace ocirt::manual {

// `cli` has everything added (cli::add_everything).
[[nodiscard]] std::string bash_completion(const cli::Cli& cli);
[[nodiscard]] std::string zsh_completion(const cli::Cli& cli);
[[nodiscard]] std::string fish_completion(const cli::Cli& cli);

}  // namespace ocirt::manual
