// An entry of the systemd journal in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): fields, each
// "NAME=VALUE" and a newline; where the value has newlines NAME, a newline, its length as 64 bits little-endian, VALUE,
// a newline.
#pragma once

#include <string>
#include <string_view>

namespace ocirt::shim::monitor {

void append_field(std::string& entry, std::string_view name, std::string_view value);

// Whether journald takes it for a field's name: capitals, digits, underscores, no digit or underscore first, 64 at
// most.
[[nodiscard]] bool is_field_name(std::string_view name);

// A message's own priority, "<3>text" (sd-daemon(3)): '0' to '7', which `message` loses; else `otherwise`.
[[nodiscard]] char take_priority(std::string_view& message, char otherwise);

}  // namespace ocirt::shim::monitor
