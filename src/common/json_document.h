// A JSON text as a tree that remembers where everything stands.
//
// Unlike a DOM, it keeps the order of members, finds duplicate keys, knows the byte offset of every key and value, and
// leaves numbers as they were written beside their values. Strings without escapes are views into the text.
//
// parse() never fails: what is wrong with the text is in faults(), and a document with a syntax fault has no root.
// Follows RFC 8259; refuses a byte order mark, U+0000 anywhere (escaped, too: these strings end up in system calls),
// text that is not UTF-8, duplicate keys, and more than the limits below. Reading it costs no recursion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ocirt {

inline constexpr std::size_t json_size_limit = 10u << 20;  // bytes
inline constexpr std::uint32_t json_depth_limit = 64;      // arrays and objects in each other
inline constexpr std::uint32_t json_value_limit = 1u << 20;

enum class JsonKind : std::uint8_t { null, boolean, unsigned_integer, negative_integer, real, string, array, object };

// One value. `text` is a string's content or a number as written; the other members are the document's own threads.
struct JsonNode {
    JsonKind kind = JsonKind::null;
    bool boolean = false;
    std::uint32_t offset = 0;      // of the value's first byte
    std::uint32_t key_offset = 0;  // of the key's opening quote, for a member of an object
    std::uint32_t count = 0;       // of values in an array or an object
    std::uint32_t ordinal = 0;     // its place in the array or object around it
    std::uint32_t parent = 0;
    std::uint32_t next = 0;  // the value after it in the same array or object; 0: none
    std::string_view key;
    std::string_view text;
    union {
        std::uint64_t unsigned_value = 0;  // unsigned_integer
        std::int64_t signed_value;         // negative_integer
    };
};

// "an object", "a string": for messages.
[[nodiscard]] std::string_view noun(JsonKind kind);

struct JsonFault {
    std::size_t offset = 0;
    std::string message;
};

// Both count from 1; columns count characters, not bytes.
struct JsonPosition {
    std::size_t line = 1;
    std::size_t column = 1;
};

class JsonDocument {
   public:
    [[nodiscard]] static JsonDocument parse(std::string text);

    // nullptr when the text is not JSON.
    [[nodiscard]] const JsonNode* root() const { return nodes_.empty() ? nullptr : nodes_.data(); }
    [[nodiscard]] const std::vector<JsonFault>& faults() const { return faults_; }
    // What was parsed.
    [[nodiscard]] const std::string& text() const { return *text_; }

    // The values of an array or the members of an object, in the order of the text: for (...; node; node =
    // next(*node)).
    [[nodiscard]] const JsonNode* first(const JsonNode& container) const {
        return container.count == 0 ? nullptr : &container + 1;
    }
    [[nodiscard]] const JsonNode* next(const JsonNode& node) const { return node.next ? &nodes_[node.next] : nullptr; }
    // nullptr when `object` has no such member or is no object.
    [[nodiscard]] const JsonNode* member(const JsonNode& object, std::string_view name) const;

    // JSON pointers (RFC 6901): the node's own, and the value at one (nullptr when there is none).
    [[nodiscard]] std::string pointer(const JsonNode& node) const;
    [[nodiscard]] const JsonNode* find(std::string_view pointer) const;
    // Where the value at `pointer` is, or would be: the position of the innermost value on the way that exists.
    [[nodiscard]] JsonPosition position(std::string_view pointer) const;
    [[nodiscard]] JsonPosition position(std::size_t offset) const;

   private:
    friend class JsonScanner;
    [[nodiscard]] const JsonNode* walk(std::string_view pointer, bool nearest) const;

    std::unique_ptr<const std::string> text_;  // where the views lead: must not move
    std::deque<std::string> unescaped_;        // strings that had escapes
    std::vector<JsonNode> nodes_;              // depth first: a container's first value is the node after it
    std::vector<JsonFault> faults_;
};

// One step of a JSON pointer: "/" and the escaped name.
[[nodiscard]] std::string pointer_step(std::string_view name);
[[nodiscard]] std::string pointer_step(std::size_t index);

}  // namespace ocirt
