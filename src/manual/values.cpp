#include "manual/values.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iterator>

namespace ocirt::manual {

std::vector<cli::Option> arguments_of(const cli::Command& command) {
    // What follows the id is the container's, or ps's.
    if (command.words.starts_with("ID ")) return {{.spellings = "id", .names = cli::Names::container}};
    std::vector<cli::Option> arguments;
    std::ranges::copy_if(command.options, std::back_inserter(arguments), &cli::Option::is_argument);
    return arguments;
}

std::string signal_names() {
    std::string names;
    for (int number = 1; number < 32; ++number)
        if (const char* name = ::sigabbrev_np(number)) names.append(names.empty() ? "" : " ").append(name);
    return names;
}

std::string with_blanks(std::string_view list) {
    std::string text(list);
    std::ranges::replace(text, ',', ' ');
    return text;
}

}  // namespace ocirt::manual
