#include "common/json_document.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include <nlohmann/json.hpp>

namespace ocirt {

namespace {

using Json = nlohmann::json;

constexpr std::size_t duplicate_fault_limit = 100;
constexpr std::uint32_t small_object = 16;  // up to here keys are compared pair by pair

// What nlohmann's exceptions say after their own prefix: "[json.exception.parse_error.101] parse error at line 1,
// column 3: syntax error while parsing value - invalid literal; last read: '...'; expected ...". The quotation of the
// input goes: it can be as long as the input and need not be UTF-8.
std::string clean(std::string_view what) {
    if (const auto end = what.find("] "); what.starts_with('[') && end != what.npos) what.remove_prefix(end + 2);
    if (what.starts_with("parse error at line"))
        if (const auto end = what.find(": "); end != what.npos) what.remove_prefix(end + 2);
    if (what.starts_with("number overflow")) return "number is too large";
    std::string text(what);
    if (const auto quote = text.find("; last read: '"); quote != text.npos) {
        const auto end = text.rfind("'; expected ");
        text.erase(quote, end != text.npos && end > quote ? end + 1 - quote : text.npos);
    }
    return text;
}

constexpr bool is_between_tokens(char c) {
    return c == ' ' || c == '\n' || c == ',' || c == ':' || c == '\t' || c == '\r';
}

}  // namespace

// Receives nlohmann's events. They carry no positions, so `at_` follows the text: from the end of the last token over
// blanks, commas and colons to the start of the next.
class JsonTreeBuilder {
   public:
    explicit JsonTreeBuilder(JsonDocument& document) : document_(document), text_(*document.text_) {
        document_.nodes_.reserve(std::min<std::size_t>(text_.size() / 12 + 4, json_value_limit));
    }

    bool null() { return scalar(JsonKind::null, 4); }
    bool boolean(bool value) {
        if (!scalar(JsonKind::boolean, value ? 4 : 5)) return false;
        document_.nodes_.back().boolean = value;
        return true;
    }
    bool number_integer(Json::number_integer_t value) {
        if (!number(JsonKind::negative_integer)) return false;
        document_.nodes_.back().signed_value = value;
        return true;
    }
    bool number_unsigned(Json::number_unsigned_t value) {
        if (!number(JsonKind::unsigned_integer)) return false;
        document_.nodes_.back().unsigned_value = value;
        return true;
    }
    bool number_float(Json::number_float_t, const std::string&) { return number(JsonKind::real); }
    bool string(std::string& value) {
        skip_blanks();
        const std::size_t start = at_;
        const std::string_view content = take_string(value);
        if (has_nul(content, start) || !add(JsonKind::string, start)) return false;
        document_.nodes_.back().text = content;
        return true;
    }
    bool binary(Json::binary_t&) { return false; }  // not of JSON
    bool key(std::string& value) {
        skip_blanks();
        key_offset_ = static_cast<std::uint32_t>(at_);
        key_ = take_string(value);
        return !has_nul(key_, key_offset_);
    }
    bool start_object(std::size_t) { return open(JsonKind::object); }
    bool start_array(std::size_t) { return open(JsonKind::array); }
    bool end_object() {
        find_duplicates(open_.back().node);
        return close();
    }
    bool end_array() { return close(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
        // `position` counts the bytes read, the offending one included; at the end of the text it counts the end, too.
        fault(std::min(position == 0 ? 0 : position - 1, text_.size()), clean(error.what()));
        return false;
    }

   private:
    struct Level {
        std::uint32_t node;
        std::uint32_t last = 0;  // the newest value in it; 0: none yet
    };

    void fault(std::size_t offset, std::string message) {
        document_.faults_.push_back({.offset = offset, .message = std::move(message)});
    }

    void skip_blanks() {
        while (at_ < text_.size() && is_between_tokens(text_[at_])) ++at_;
    }

    // Steps over the string token at `at_`. The view is the text's own where nothing was escaped.
    std::string_view take_string(std::string& value) {
        const std::size_t start = at_ + 1;
        const std::size_t end = start + value.size();
        if (end < text_.size() && text_[end] == '"' && text_.compare(start, value.size(), value) == 0) {
            at_ = end + 1;
            return text_.substr(start, value.size());
        }
        at_ = start;
        while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
        ++at_;
        return document_.unescaped_.emplace_back(std::move(value));
    }

    bool has_nul(std::string_view content, std::size_t offset) {
        if (content.find('\0') == content.npos) return false;
        fault(offset, "a string holds the character U+0000");
        return true;
    }

    bool scalar(JsonKind kind, std::size_t size) {
        skip_blanks();
        const std::size_t start = at_;
        at_ += size;
        return add(kind, start);
    }

    bool number(JsonKind kind) {
        skip_blanks();
        const std::size_t start = at_;
        const std::size_t end = text_.find_first_not_of("0123456789+-.eE", start);
        at_ = end == text_.npos ? text_.size() : end;
        if (!add(kind, start)) return false;
        document_.nodes_.back().text = text_.substr(start, at_ - start);
        return true;
    }

    bool add(JsonKind kind, std::size_t offset) {
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

    bool open(JsonKind kind) {
        skip_blanks();
        if (open_.size() >= json_depth_limit) {
            fault(at_, "more than " + std::to_string(json_depth_limit) + " arrays and objects in each other");
            return false;
        }
        if (!add(kind, at_++)) return false;
        open_.push_back({.node = static_cast<std::uint32_t>(document_.nodes_.size() - 1)});
        return true;
    }

    bool close() {
        skip_blanks();
        ++at_;
        open_.pop_back();
        return true;
    }

    void find_duplicates(std::uint32_t index) {
        const JsonNode& object = document_.nodes_[index];
        if (object.count < 2) return;
        if (object.count > small_object) return find_duplicates_sorted(object);
        for (const JsonNode* node = document_.first(object); node; node = document_.next(*node))
            for (const JsonNode* other = document_.first(object); other != node; other = document_.next(*other))
                if (other->key == node->key) {
                    duplicate(*node);
                    break;
                }
    }

    void find_duplicates_sorted(const JsonNode& object) {
        std::vector<const JsonNode*> members;
        members.reserve(object.count);
        for (const JsonNode* node = document_.first(object); node; node = document_.next(*node))
            members.push_back(node);
        std::ranges::sort(members, {}, [](const JsonNode* node) { return std::pair(node->key, node->ordinal); });
        for (std::size_t i = 1; i < members.size(); ++i)
            if (members[i]->key == members[i - 1]->key) duplicate(*members[i]);
    }

    void duplicate(const JsonNode& node) {
        if (document_.faults_.size() < duplicate_fault_limit)
            fault(node.key_offset, "duplicate key at " + document_.pointer(node));
    }

    JsonDocument& document_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t key_offset_ = 0;
    std::string_view key_;
    std::vector<Level> open_;
};

namespace {

// What nlohmann would accept or report less clearly. Its lexer takes a NUL byte for the end of the text.
bool is_readable(std::string_view text, std::vector<JsonFault>& faults) {
    if (text.size() > json_size_limit)
        faults.push_back({.message = "larger than " + std::to_string(json_size_limit >> 20) + " MiB"});
    else if (text.find_first_not_of(" \t\r\n") == text.npos)
        faults.push_back({.message = "the file is empty"});
    else if (text.starts_with("\xEF\xBB\xBF"))
        faults.push_back({.message = "starts with a byte order mark: JSON is UTF-8 without one"});
    else if (const auto nul = text.find('\0'); nul != text.npos)
        faults.push_back({.offset = nul, .message = "holds a NUL byte"});
    return faults.empty();
}

// The next name of a JSON pointer, unescaped; `pointer` loses it. False at its end or where it is no pointer.
bool take_step(std::string_view& pointer, std::string& name) {
    if (!pointer.starts_with('/')) return false;
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    name.clear();
    for (std::size_t i = 0; i < step.size(); ++i) {
        const bool escape = step[i] == '~' && i + 1 < step.size();
        if (escape) ++i;
        name += !escape ? step[i] : step[i] == '0' ? '~' : '/';
    }
    return true;
}

}  // namespace

JsonDocument JsonDocument::parse(std::string text) {
    JsonDocument document;
    document.text_ = std::make_unique<const std::string>(std::move(text));
    if (!is_readable(*document.text_, document.faults_)) return document;
    JsonTreeBuilder builder(document);
    bool whole = false;
    try {
        const char* begin = document.text_->data();
        whole = Json::sax_parse(begin, begin + document.text_->size(), &builder);
    } catch (const std::exception& error) {
        document.faults_.push_back({.message = clean(error.what())});
    }
    if (!whole) document.nodes_.clear();
    return document;
}

const JsonNode* JsonDocument::member(const JsonNode& object, std::string_view name) const {
    if (object.kind != JsonKind::object) return nullptr;
    for (const JsonNode* node = first(object); node; node = next(*node))
        if (node->key == name) return node;
    return nullptr;
}

std::string JsonDocument::pointer(const JsonNode& node) const {
    if (&node == root()) return {};
    const JsonNode& parent = nodes_[node.parent];
    return pointer(parent) + (parent.kind == JsonKind::object ? pointer_step(node.key) : pointer_step(node.ordinal));
}

const JsonNode* JsonDocument::walk(std::string_view pointer, bool nearest) const {
    const JsonNode* node = root();
    std::string name;
    while (node && take_step(pointer, name)) {
        const JsonNode* inner = member(*node, name);
        std::size_t index = 0;
        const char* end = name.data() + name.size();
        if (node->kind == JsonKind::array &&
            std::from_chars(name.data(), end, index) == std::from_chars_result{end, {}})
            for (inner = first(*node); inner && inner->ordinal != index;) inner = next(*inner);
        if (!inner) return nearest ? node : nullptr;
        node = inner;
    }
    return node;
}

const JsonNode* JsonDocument::find(std::string_view pointer) const { return walk(pointer, false); }

JsonPosition JsonDocument::position(std::string_view pointer) const {
    const JsonNode* node = walk(pointer, true);
    return node ? position(node->offset) : JsonPosition{};
}

JsonPosition JsonDocument::position(std::size_t offset) const {
    const std::string_view before = std::string_view(*text_).substr(0, offset);
    const std::string_view line = before.substr(before.rfind('\n') + 1);
    const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    return {.line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
            .column = static_cast<std::size_t>(std::ranges::count_if(line, is_first_byte)) + 1};
}

std::string pointer_step(std::string_view name) {
    std::string step = "/";
    for (const char c : name) {
        if (c == '~')
            step += "~0";
        else if (c == '/')
            step += "~1";
        else
            step += c;
    }
    return step;
}

std::string pointer_step(std::size_t index) { return "/" + std::to_string(index); }

std::string_view noun(JsonKind kind) {
    switch (kind) {
        case JsonKind::null: return "null";
        case JsonKind::boolean: return "a boolean";
        case JsonKind::unsigned_integer:
        case JsonKind::negative_integer: return "an integer";
        case JsonKind::real: return "a number with a fraction or an exponent";
        case JsonKind::string: return "a string";
        case JsonKind::array: return "an array";
        case JsonKind::object: return "an object";
    }
    return "nothing";
}

}  // namespace ocirt
