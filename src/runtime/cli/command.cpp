#include "runtime/cli/command.h"

namespace ocirt::cli {
namespace {

// The first part of `list`, which loses it.
std::string_view take_part(std::string_view& list) {
    const std::size_t comma = list.find(',');
    const std::string_view part = list.substr(0, comma);
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    return part;
}

}  // namespace

std::vector<std::string_view> split(std::string_view list) {
    std::vector<std::string_view> parts;
    while (!list.empty()) parts.push_back(take_part(list));
    return parts;
}

bool is_part(std::string_view list, std::string_view word) {
    while (!list.empty())
        if (take_part(list) == word) return true;
    return false;
}

const Option* find_option(const std::vector<Option>& options, std::string_view spelling) {
    for (const Option& option : options)
        if (is_part(option.spellings, spelling)) return &option;
    return nullptr;
}

}  // namespace ocirt::cli
