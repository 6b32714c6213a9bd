#include "common/json_document.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/json_scanner.h"
#include "common/json_syntax.h"

namespace ocirt {

namespace {

// What is wrong before the first token.
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
    if (JsonScanner(document).scan()) return document;
    document.nodes_.clear();
    if (document.faults_.empty()) document.faults_.push_back(explain_syntax(*document.text_));
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
