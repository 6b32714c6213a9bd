#include "manual/values.h"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace ocirt::manual {

std::vector<cli::Names> arguments_of(const cli::Command& command) {
    if (command.words.starts_with("ID ")) return {cli::Names::container};  // then it is the container's, or ps's
    std::vector<cli::Names> names;
    for (const cli::Option& option : command.options)
        if (option.is_argument()) names.push_back(option.names);
    return names;
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
