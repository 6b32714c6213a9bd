#include "common/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "common/utf8.h"

namespace ocirt {
namespace {

void append_escaped(std::string& out, char c) {
    constexpr std::array digits{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    const auto code = static_cast<std::uint8_t>(c);
    out += "\\u00";
    out += digits[code >> 4];
    out += digits[code & 15];
}

}  // namespace

void JsonWriter::new_line() {
    if (indent_ == 0) return;
    text_ += '\n';
    text_.append(static_cast<std::size_t>(depth_) * static_cast<std::size_t>(indent_), ' ');
}

void JsonWriter::separate() {
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (!first_) text_ += ',';
    if (depth_ != 0) new_line();
    first_ = false;
}

void JsonWriter::open(char bracket) {
    separate();
    text_ += bracket;
    ++depth_;
    first_ = true;
}

void JsonWriter::close(char bracket) {
    --depth_;
    if (!first_) new_line();
    text_ += bracket;
    first_ = false;
}

void JsonWriter::key(std::string_view name) {
    value(name);
    text_ += indent_ == 0 ? ":" : ": ";
    after_key_ = true;
}

void JsonWriter::literal(std::string_view text) {
    separate();
    text_ += text;
}

void JsonWriter::value(bool truth) { literal(truth ? "true" : "false"); }

void JsonWriter::value(double number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), std::isfinite(number) ? number : 0).ptr;
    literal({text.data(), static_cast<std::size_t>(end - text.data())});
}

void JsonWriter::value(std::string_view text) {
    separate();
    text_ += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char front = text.front();
        if (length == 0)
            text_ += "\xef\xbf\xbd";
        else if (length > 1 || (front >= ' ' && front != '"' && front != '\\' && front != 0x7f))
            text_ += text.substr(0, length);
        else
            append_escaped(text_, front);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    text_ += '"';
}

}  // namespace ocirt
