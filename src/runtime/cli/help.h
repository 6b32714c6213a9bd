// What a person at a prompt gets: help, and an answer to a command line that cannot be read. All of it off the way of
// a command line that can: nothing here runs before something went wrong or was asked for.
#pragma once

#include <span>
#include <string>

#include "runtime/cli/cli.h"

namespace ocirt::cli {

// Of a group of commands in --help.
[[nodiscard]] const char* title_of(Group group);

// `words` (without the program's name) could not be read, `problem` being what the parser says about it. Prints the
// help that `help [COMMAND]` and `--usage` ask for: 0. Otherwise logs what is wrong, naming the word: 1. `cli` has
// everything added (add_everything).
[[nodiscard]] int answer(Cli& cli, std::span<char* const> words, const std::string& problem);

// What answer() logs. Pure.
[[nodiscard]] Error usage_error(const Cli& cli, std::span<char* const> words, const std::string& problem);

// No such container: names the one whose id is nearest.
[[nodiscard]] Error with_nearest_id(Error error, const std::string& root);

}  // namespace ocirt::cli
