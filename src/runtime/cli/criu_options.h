// The options that `checkpoint` and `restore` share, in runc's and crun's spelling.
#pragma once

#include <vector>

#include "runtime/checkpoint/options.h"
#include "runtime/cli/command.h"

namespace ocirt::cli {

// With `more`, which come first.
[[nodiscard]] std::vector<Option> criu_options(std::vector<Option> more, checkpoint::Options& options);

}  // namespace ocirt::cli
