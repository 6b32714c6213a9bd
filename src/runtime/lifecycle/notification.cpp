#include "runtime/lifecycle/notification.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace ocirt::lifecycle {
namespace {

enum class Value : std::uint8_t { one, number, text };

struct Variable {
    std::string_view name;
    Value value;
};
constexpr std::array variables{Variable{"READY", Value::one},
                               Variable{"RELOADING", Value::one},
                               Variable{"STOPPING", Value::one},
                               Variable{"WATCHDOG", Value::one},
                               Variable{"STATUS", Value::text},
                               Variable{"BUSERROR", Value::text},
                               Variable{"VARLINKERROR", Value::text},
                               Variable{"ERRNO", Value::number},
                               Variable{"EXTEND_TIMEOUT_USEC", Value::number},
                               Variable{"MONOTONIC_USEC", Value::number}};

constexpr std::size_t number_limit = 20;  // digits of 2^64

bool is_number(std::string_view text) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= number_limit && std::ranges::all_of(text, is_digit);
}

// C0, DEL, and C1 as UTF-8 has them (C2 80 to C2 9F): what a terminal would obey.
std::string shown(std::string_view text) {
    std::string clean(text.substr(0, notification_text_limit));
    // Not in the middle of a character.
    if (text.size() > clean.size())
        while (!clean.empty() && (static_cast<unsigned char>(text[clean.size()]) & 0xc0) == 0x80) clean.pop_back();
    for (std::size_t i = 0; i < clean.size(); ++i) {
        const auto byte = static_cast<unsigned char>(clean[i]);
        const bool c1 = byte == 0xc2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xa0;
        if (byte < ' ' || byte == 127 || c1) clean[i] = ' ';
        if (c1) clean[++i] = ' ';
    }
    return clean;
}

// The line as it goes on; empty if it does not.
std::string passed(std::string_view line) {
    const std::size_t equals = std::min(line.find('='), line.size());
    const auto* variable = std::ranges::find(variables, line.substr(0, equals), &Variable::name);
    if (variable == variables.end() || equals == line.size()) return {};
    const std::string_view value = line.substr(equals + 1);
    switch (variable->value) {
        case Value::one: return value == "1" ? std::string(line) : "";
        case Value::number: return is_number(value) ? std::string(line) : "";
        case Value::text: break;
    }
    return std::string(variable->name) + "=" + shown(value);
}

}  // namespace

Notification read_notification(std::string_view datagram) {
    Notification read;
    if (datagram.ends_with('\0')) datagram.remove_suffix(1);
    if (datagram.size() > notification_limit || datagram.find('\0') != datagram.npos) return read;
    while (datagram.ends_with('\n')) datagram.remove_suffix(1);
    read.barrier = datagram == "BARRIER=1";
    while (!datagram.empty()) {
        const std::string_view line = datagram.substr(0, datagram.find('\n'));
        datagram.remove_prefix(std::min(datagram.size(), line.size() + 1));
        const std::string more = passed(line);
        if (more.empty()) continue;
        read.ready = read.ready || line == "READY=1";
        read.lines += more + "\n";
    }
    return read;
}

}  // namespace ocirt::lifecycle
