// What may follow an option, or stand in the place of an argument, as far as a shell can complete it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/cli/cli.h"

namespace ocirt::manual {

// Its arguments in their order.
[[nodiscard]] std::vector<cli::Option> arguments_of(const cli::Command& command);

// "HUP", "INT", … with blanks between.
[[nodiscard]] std::string signal_names();

// The parts of a list with commas: "text,json", "-b,--bundle".
[[nodiscard]] std::string with_blanks(std::string_view list);

}  // namespace ocirt::manual
