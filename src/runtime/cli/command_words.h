// Where a command line stops being ocirt's.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <span>

namespace ocirt::cli {

// How many of `words` are options of `app` and their values: the next one is its first other word. "--" ends the
// options and is counted with them. Options that `app` does not have are counted too, without a value: the parser says
// so.
[[nodiscard]] std::size_t count_options(const CLI::App& app, std::span<char* const> words);

}  // namespace ocirt::cli
