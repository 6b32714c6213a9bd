#include "runtime/cli/command_words.h"

#include <string>
#include <string_view>

namespace ocirt::cli {
namespace {

bool takes_value(const CLI::App& app, const std::string& name) {
    const CLI::Option* option = app.get_option_no_throw(name);
    return option != nullptr && option->get_items_expected_min() > 0;
}

// Whether the value of the option, or of the last one in a bundle of short ones ("-dp"), is the next word.
bool continues(const CLI::App& app, std::string_view word) {
    if (word.starts_with("--")) return word.find('=') == std::string_view::npos && takes_value(app, std::string(word));
    for (std::size_t i = 1; i < word.size(); ++i)
        if (takes_value(app, {'-', word[i]})) return i + 1 == word.size();  // else the rest is the value: "-p8080"
    return false;
}

}  // namespace

std::size_t count_options(const CLI::App& app, std::span<char* const> words) {
    std::size_t count = 0;
    while (count < words.size()) {
        const std::string_view word = words[count];
        if (word == "--") return count + 1;
        if (!word.starts_with('-') || word == "-") return count;
        count += continues(app, word) ? 2 : 1;
    }
    return words.size();
}

}  // namespace ocirt::cli
