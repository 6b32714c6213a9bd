// Command lines as engines and people nearly always write them, read without a library: CLI11 spends more instructions
// on the options of `run` than ocirt on its config. Whatever is not plain, and all that is wrong, is CLI11's.
#pragma once

#include <span>

#include "runtime/cli/cli.h"

namespace ocirt::cli {

// Gives the options their values, `cli.command` and `cli.words` theirs, and returns true; or false with nothing
// changed. True only where read_line() (cli11.h) would read the same.
[[nodiscard]] bool read_plain_line(Cli& cli, std::span<char* const> words);

}  // namespace ocirt::cli
