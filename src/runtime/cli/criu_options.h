// The options that `checkpoint` and `restore` share, in runc's and crun's spelling.
#pragma once

#include "runtime/checkpoint/options.h"
#include "runtime/cli/cli.h"

namespace ocirt::cli {

void add_criu_options(CLI::App& command, checkpoint::Options& options);

}  // namespace ocirt::cli
