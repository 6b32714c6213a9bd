#include "runtime/cli/words.h"

namespace ocirt::cli {
namespace {

std::string_view before_equals(std::string_view word) { return word.substr(0, word.find('=')); }

}  // namespace

std::string with_two_dashes(const std::vector<Option>& options, std::string_view word) {
    if (word.size() < 3 || word[0] != '-' || word[1] == '-') return std::string(word);
    std::string whole = "-";
    whole += word;
    return find_option(options, before_equals(whole)) == nullptr ? std::string(word) : whole;
}

Word Words::next() {
    if (!bundle_.empty()) return short_option();
    while (!words_.empty()) {
        const std::string_view word = words_.front();
        words_ = words_.subspan(1);
        if (only_arguments_ || !word.starts_with('-') || word.size() == 1)
            return {.kind = Word::Kind::argument, .argument = word};
        if (word == "--") {
            only_arguments_ = true;
            continue;
        }
        if (word.starts_with("--")) return long_option(before_equals(word), word);
        if (const std::string whole = with_two_dashes(*options_, word); whole.size() > word.size())
            return long_option(before_equals(whole), word);
        bundle_ = word.substr(1);
        return short_option();
    }
    return {};
}

Word Words::long_option(std::string_view spelling, std::string_view word) {
    const Option* option = find_option(*options_, spelling);
    if (option == nullptr) return {.kind = Word::Kind::unknown, .unknown = std::string(spelling)};
    Word found{.kind = Word::Kind::option, .option = option};
    if (const std::size_t equals = word.find('='); equals != word.npos)
        found.value = word.substr(equals + 1);
    else if (option->takes_value())
        found.value = next_value();
    return found;
}

Word Words::short_option() {
    const std::string spelling{'-', bundle_.front()};
    bundle_.remove_prefix(1);
    const Option* option = find_option(*options_, spelling);
    if (option == nullptr) return {.kind = Word::Kind::unknown, .unknown = spelling};
    Word found{.kind = Word::Kind::option, .option = option};
    if (!option->takes_value()) return found;
    found.value = bundle_.empty() ? next_value() : bundle_;
    bundle_ = {};
    return found;
}

std::optional<std::string_view> Words::next_value() {
    if (words_.empty()) return std::nullopt;
    const std::string_view value = words_.front();
    words_ = words_.subspan(1);
    return value;
}

}  // namespace ocirt::cli
