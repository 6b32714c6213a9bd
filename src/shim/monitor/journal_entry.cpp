#include "shim/monitor/journal_entry.h"

#include <algorithm>
#include <cstdint>

namespace ocirt::shim::monitor {

void append_field(std::string& entry, std::string_view name, std::string_view value) {
    entry += name;
    if (!value.contains('\n')) {
        entry.append("=").append(value).append("\n");
        return;
    }
    entry += '\n';
    auto size = static_cast<std::uint64_t>(value.size());
    for (int i = 0; i < 8; ++i, size >>= 8) entry += static_cast<char>(size & 0xff);
    entry.append(value).append("\n");
}

bool is_field_name(std::string_view name) {
    constexpr std::size_t limit = 64;
    const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
    return !name.empty() && name.size() <= limit && name.front() >= 'A' && std::ranges::all_of(name, fits) &&
           name.front() != '_';
}

char take_priority(std::string_view& message, char otherwise) {
    if (message.size() < 3 || message[0] != '<' || message[1] < '0' || message[1] > '7' || message[2] != '>')
        return otherwise;
    const char priority = message[1];
    message.remove_prefix(3);
    return priority;
}

}  // namespace ocirt::shim::monitor
