#include "manual/values.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <sstream>
#include <string_view>

namespace ocirt::manual {
namespace {

constexpr auto files =
    std::to_array<std::string_view>({"--log", "--criu", "--config", "--file", "--pid-file", "--console-socket",
                                     "--pidfd-socket", "--process", "--resources"});
constexpr auto directories =
    std::to_array<std::string_view>({"--root", "--bundle", "--image-path", "--work-path", "--parent-path"});

bool is_one_of(const CLI::Option& option, const auto& names) {
    return std::ranges::any_of(option.get_lnames(), [&](const std::string& name) {
        return std::ranges::find(names, "--" + name) != names.end();
    });
}

}  // namespace

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

Value value_of(const CLI::Option& option) {
    const std::string type = option.get_type_name();  // "TEXT:{table,json}" where only some words will do
    if (const std::size_t open = type.find('{'); open != std::string::npos) {
        Value value{.kind = Kind::words};
        std::istringstream words(type.substr(open + 1, type.find('}') - open - 1));
        for (std::string word; std::getline(words, word, ',');) value.words.push_back(word);
        return value;
    }
    if (is_one_of(option, files)) return {.kind = Kind::file};
    if (is_one_of(option, directories)) return {.kind = Kind::directory};
    return {};
}

std::vector<Kind> arguments_of(const CLI::App& command) {
    const std::string& name = command.get_name();
    if (name == "exec" || name == "ps") return {Kind::container};  // their words are not CLI11's to read
    const bool makes = name == "create" || name == "run" || name == "restore" || name == "plan";
    std::vector<Kind> kinds;
    for (const CLI::Option* option : command.get_options()) {
        if (!option->get_positional()) continue;
        const std::string argument = option->get_name(true);
        kinds.push_back(argument == "id"       ? (makes ? Kind::nothing : Kind::container)
                        : argument == "signal" ? Kind::signal
                        : argument == "config" ? Kind::file
                                               : Kind::nothing);
    }
    return kinds;
}

std::vector<std::string> signal_names() {
    std::vector<std::string> names;
    for (int number = 1; number < 32; ++number)
        if (const char* name = ::sigabbrev_np(number)) names.emplace_back(name);
    return names;
}

std::vector<std::string> spellings_of(const CLI::Option& option) {
    std::vector<std::string> all;
    for (const std::string& name : option.get_lnames()) all.push_back("--" + name);
    for (const std::string& name : option.get_snames()) all.push_back("-" + name);
    return all;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

}  // namespace ocirt::manual
