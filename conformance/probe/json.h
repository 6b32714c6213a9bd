// Just enough JSON to print facts: values are made as text, strings are quoted on the way.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace probe {

using Json = std::string;  // one serialised value

// Bytes above 0x7f go through as they are: paths and environments are UTF-8 or nobody's.
inline Json text(std::string_view value) {
    Json json = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (byte < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof(escape), "\\u%04x", byte);
            json += escape;
        } else {
            json += c;
        }
    }
    return json + '"';
}

inline Json number(int64_t value) { return std::to_string(value); }
inline Json number(uint64_t value) { return std::to_string(value); }
inline Json number(int value) { return std::to_string(value); }
inline Json number(unsigned value) { return std::to_string(value); }
inline Json boolean(bool value) { return value ? "true" : "false"; }

inline Json array(const std::vector<Json>& values) {
    Json json = "[";
    for (const Json& value : values) {
        if (json.size() > 1) json += ',';
        json += value;
    }
    return json + ']';
}

inline Json object(const std::vector<std::pair<std::string_view, Json>>& members) {
    Json json = "{";
    for (const auto& [name, value] : members) {
        if (json.size() > 1) json += ',';
        json += text(name) + ':' + value;
    }
    return json + '}';
}

}  // namespace probe
