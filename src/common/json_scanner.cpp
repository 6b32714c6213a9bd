#include "common/json_scanner.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace ocirt {
namespace {

constexpr std::size_t duplicate_fault_limit = 100;
constexpr std::uint32_t small_object = 16;  // up to here keys are compared pair by pair

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Bytes that stand for themselves in a string: neither its end, nor an escape, nor a control character, nor UTF-8.
constexpr std::array<bool, 256> plain_bytes = [] {
    std::array<bool, 256> plain{};
    for (std::size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
    return plain;
}();

constexpr bool is_plain(char c) { return plain_bytes[static_cast<unsigned char>(c)]; }

void append_utf8(std::string& text, std::uint32_t code) {
    const auto byte = [&text](std::uint32_t value) { text += static_cast<char>(value); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
        byte(0xC0 | code >> 6);
    } else if (code < 0x10000) {
        byte(0xE0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3F));
    } else {
        byte(0xF0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3F));
        byte(0x80 | (code >> 6 & 0x3F));
    }
    byte(0x80 | (code & 0x3F));
}

}  // namespace

JsonScanner::JsonScanner(JsonDocument& document)
    : document_(document), begin_(document.text_->data()), end_(begin_ + document.text_->size()), at_(begin_) {
    document_.nodes_.reserve(std::min<std::size_t>(document.text_->size() / 12 + 4, json_value_limit));
}

bool JsonScanner::scan() {
    skip_blanks();
    if (!take_value()) return false;
    while (!open_.empty()) {
        const Level& level = open_.back();
        const bool is_object = document_.nodes_[level.node].kind == JsonKind::object;
        skip_blanks();
        if (take(is_object ? '}' : ']')) {
            close();
            continue;
        }
        if (level.last != 0) {
            if (!take(',')) return false;
            skip_blanks();
        }
        if (!(is_object ? take_member() : take_value())) return false;
    }
    skip_blanks();
    return at_ == end_;
}

void JsonScanner::fault(std::size_t offset, std::string message) {
    document_.faults_.push_back({.offset = offset, .message = std::move(message)});
}

void JsonScanner::skip_blanks() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r') ++at_;
}

bool JsonScanner::take(char expected) {
    if (*at_ != expected) return false;
    ++at_;
    return true;
}

bool JsonScanner::take_member() {
    key_offset_ = static_cast<std::uint32_t>(offset(at_));
    if (!take_string(key_)) return false;
    skip_blanks();
    if (!take(':')) return false;
    skip_blanks();
    return take_value();
}

bool JsonScanner::take_value() {
    switch (peek()) {
        case '{': return open(JsonKind::object);
        case '[': return open(JsonKind::array);
        case 't': return take_literal("true", JsonKind::boolean);
        case 'f': return take_literal("false", JsonKind::boolean);
        case 'n': return take_literal("null", JsonKind::null);
        case '"': {
            const std::size_t start = offset(at_);
            std::string_view content;
            if (!take_string(content) || !add(JsonKind::string, start)) return false;
            document_.nodes_.back().text = content;
            return true;
        }
        default: return take_number();
    }
}

bool JsonScanner::take_literal(std::string_view word, JsonKind kind) {
    if (!std::string_view(at_, end_).starts_with(word) || !add(kind, offset(at_))) return false;
    document_.nodes_.back().boolean = word == "true";
    at_ += word.size();
    return true;
}

bool JsonScanner::take_digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek())) ++at_;
    return true;
}

bool JsonScanner::take_number() {
    const char* const start = at_;
    const bool is_negative = take('-');
    if (!take('0') && !take_digits()) return false;
    bool is_integer = true;
    if (take('.')) {
        is_integer = false;
        if (!take_digits()) return false;
    }
    if (take('e') || take('E')) {
        is_integer = false;
        if (!take('+')) (void)take('-');
        if (!take_digits()) return false;
    }
    JsonNode number;
    number.kind = JsonKind::real;
    if (is_integer && is_negative) {
        if (std::from_chars(start, at_, number.signed_value).ec == std::errc{})
            number.kind = JsonKind::negative_integer;
    } else if (is_integer) {
        if (std::from_chars(start, at_, number.unsigned_value).ec == std::errc{})
            number.kind = JsonKind::unsigned_integer;
    }
    if (number.kind == JsonKind::real && !std::isfinite(std::strtod(start, nullptr))) return false;
    if (!add(number.kind, offset(start))) return false;
    document_.nodes_.back().text = {start, at_};
    document_.nodes_.back().unsigned_value = number.unsigned_value;
    return true;
}

bool JsonScanner::take_string(std::string_view& content) {
    if (!take('"')) return false;
    const char* const start = at_;
    for (;;) {
        while (is_plain(peek())) ++at_;
        if (peek() == '"') break;
        if (peek() == '\\') return take_escaped(offset(start), content);
        if (!take_utf8()) return false;
    }
    content = {start, at_++};
    return true;
}

// From the first escape on; `start` is where the string's content begins.
bool JsonScanner::take_escaped(std::size_t start, std::string_view& content) {
    std::string text(begin_ + start, at_);
    for (;;) {
        const char* const run = at_;
        while (is_plain(peek())) ++at_;
        if (static_cast<unsigned char>(peek()) >= 0x80 && !take_utf8()) return false;
        text.append(run, at_);
        if (take('"')) break;
        if (at_ != run) continue;
        if (!take('\\') || !take_escape(text)) return false;
    }
    if (text.find('\0') != text.npos) {
        fault(start - 1, "a string holds the character U+0000");
        return false;
    }
    content = document_.unescaped_.emplace_back(std::move(text));
    return true;
}

bool JsonScanner::take_escape(std::string& content) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    if (const std::size_t index = letters.find(peek()); index != letters.npos) {
        content += meant[index];
        ++at_;
        return true;
    }
    std::uint32_t code = 0;
    if (!take('u') || !take_code_unit(code)) return false;
    if (code >= 0xDC00 && code < 0xE000) return false;
    if (code >= 0xD800 && code < 0xDC00) {
        std::uint32_t low = 0;
        if (!take('\\') || !take('u') || !take_code_unit(low) || low < 0xDC00 || low >= 0xE000) return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(content, code);
    return true;
}

bool JsonScanner::take_code_unit(std::uint32_t& unit) {
    constexpr std::ptrdiff_t digits = 4;
    if (end_ - at_ < digits) return false;
    const auto [end, error] = std::from_chars(at_, at_ + digits, unit, 16);
    if (error != std::errc{} || end != at_ + digits) return false;
    at_ = end;
    return true;
}

// One character beyond ASCII, in its only right form (Unicode 15, table 3-7).
bool JsonScanner::take_utf8() {
    const auto byte = [this](int index) { return static_cast<unsigned char>(at_[index]); };
    const auto continues = [&byte](int index) { return (byte(index) & 0xC0) == 0x80; };
    const unsigned char lead = byte(0);
    if (lead >= 0xC2 && lead <= 0xDF) {
        if (!continues(1)) return false;
        at_ += 2;
        return true;
    }
    if ((lead & 0xF0) == 0xE0) {
        const unsigned char least = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned char most = lead == 0xED ? 0x9F : 0xBF;
        if (byte(1) < least || byte(1) > most || !continues(2)) return false;
        at_ += 3;
        return true;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned char least = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char most = lead == 0xF4 ? 0x8F : 0xBF;
        if (byte(1) < least || byte(1) > most || !continues(2) || !continues(3)) return false;
        at_ += 4;
        return true;
    }
    return false;
}

bool JsonScanner::add(JsonKind kind, std::size_t offset) {
    auto& nodes = document_.nodes_;
    if (nodes.size() >= json_value_limit) {
        fault(offset, "more than " + std::to_string(json_value_limit) + " values");
        return false;
    }
    const auto index = static_cast<std::uint32_t>(nodes.size());
    JsonNode& node = nodes.emplace_back();
    node.kind = kind;
    node.offset = static_cast<std::uint32_t>(offset);
    if (open_.empty()) return true;
    Level& level = open_.back();
    JsonNode& parent = nodes[level.node];
    node.parent = level.node;
    node.ordinal = parent.count++;
    if (level.last != 0) nodes[level.last].next = index;
    level.last = index;
    if (parent.kind == JsonKind::object) {
        node.key = key_;
        node.key_offset = key_offset_;
    }
    return true;
}

bool JsonScanner::open(JsonKind kind) {
    const std::size_t start = offset(at_++);
    if (open_.size() >= json_depth_limit) {
        fault(start, "more than " + std::to_string(json_depth_limit) + " arrays and objects in each other");
        return false;
    }
    if (!add(kind, start)) return false;
    open_.push_back({.node = static_cast<std::uint32_t>(document_.nodes_.size() - 1)});
    return true;
}

void JsonScanner::close() {
    const JsonNode& node = document_.nodes_[open_.back().node];
    if (node.kind == JsonKind::object) find_duplicates(node);
    open_.pop_back();
}

void JsonScanner::find_duplicates(const JsonNode& object) {
    if (object.count < 2) return;
    if (object.count > small_object) return find_duplicates_sorted(object);
    for (const JsonNode* node = document_.first(object); node; node = document_.next(*node))
        for (const JsonNode* other = document_.first(object); other != node; other = document_.next(*other))
            if (other->key == node->key) {
                duplicate(*node);
                break;
            }
}

void JsonScanner::find_duplicates_sorted(const JsonNode& object) {
    std::vector<const JsonNode*> members;
    members.reserve(object.count);
    for (const JsonNode* node = document_.first(object); node; node = document_.next(*node)) members.push_back(node);
    std::ranges::sort(members, {}, [](const JsonNode* node) { return std::pair(node->key, node->ordinal); });
    for (std::size_t i = 1; i < members.size(); ++i)
        if (members[i]->key == members[i - 1]->key) duplicate(*members[i]);
}

void JsonScanner::duplicate(const JsonNode& node) {
    if (document_.faults_.size() < duplicate_fault_limit)
        fault(node.key_offset, "duplicate key at " + document_.pointer(node));
}

}  // namespace ocirt
