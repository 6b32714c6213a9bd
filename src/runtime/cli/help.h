// What a person at a prompt gets: grouped help with examples, and an answer to a command line that cannot be parsed.
// All of it off the way of a command line that can: nothing here runs before something went wrong or was asked for.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/cli/cli.h"

namespace ocirt::cli {

// Examples of a command's use: lines of "  COMMAND LINE        remark". Empty for none.
[[nodiscard]] std::string_view example_lines(std::string_view command);

// The same below its help.
[[nodiscard]] std::string examples_of(std::string_view command);

// What `--usage` prints: "Usage: ocirt list [OPTIONS]".
[[nodiscard]] std::string usage_line(const CLI::App& app);

// The commands in the groups that `--help` shows; for a command line that names none.
void group_commands(CLI::App& app);

// `words` (without the program's name) could not be parsed, `problem` being what the parser says about it. Prints the
// help that `help [COMMAND]` and `--usage` ask for: 0. Otherwise logs what is wrong, naming the word: 1.
[[nodiscard]] int answer(const Cli& cli, std::span<char* const> words, const std::string& problem);

// What answer() logs. Pure.
[[nodiscard]] Error usage_error(const CLI::App& app, std::span<char* const> words, const std::string& problem);

// No such container: names the one whose id is nearest.
[[nodiscard]] Error with_nearest_id(Error error, const std::string& root);

}  // namespace ocirt::cli
