// What may follow an option, or stand in a command's place for arguments, as far as a shell can complete it.
#pragma once

#include <string>
#include <vector>

#include "runtime/cli/cli.h"

namespace ocirt::manual {

enum class Kind { nothing, file, directory, container, signal, words };

struct Value {
    Kind kind = Kind::nothing;
    std::vector<std::string> words{};  // of Kind::words
};

[[nodiscard]] bool takes_value(const CLI::Option& option);
[[nodiscard]] Value value_of(const CLI::Option& option);

// The kinds of the command's arguments, in their order.
[[nodiscard]] std::vector<Kind> arguments_of(const CLI::App& command);

// "HUP", "INT", …
[[nodiscard]] std::vector<std::string> signal_names();

// "--bundle", "-b"
[[nodiscard]] std::vector<std::string> spellings_of(const CLI::Option& option);

[[nodiscard]] std::string joined(const std::vector<std::string>& words, const char* between = " ");

}  // namespace ocirt::manual
