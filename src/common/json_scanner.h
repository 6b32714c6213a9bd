// From a JSON text to the nodes of a JsonDocument, in one pass. A config is read at every start of a container: this
// takes a quarter of what a general parser takes, because it only has to tell right from wrong. What is wrong with a
// wrong text is json_syntax.h's to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/json_document.h"

namespace ocirt {

class JsonScanner {
   public:
    // `document` holds the text; it must be without NUL bytes and within json_size_limit.
    explicit JsonScanner(JsonDocument& document);

    // False where the text is no JSON (then no fault is recorded) or has a fault that JSON itself allows: a limit
    // passed, U+0000 in a string. Duplicate keys are recorded and do not stop it.
    [[nodiscard]] bool scan();

   private:
    struct Level {
        std::uint32_t node;
        std::uint32_t last = 0;  // the newest value in it; 0: none yet
    };

    void fault(std::size_t offset, std::string message);
    void skip_blanks();
    [[nodiscard]] bool take(char expected);
    [[nodiscard]] bool take_member();
    [[nodiscard]] bool take_value();
    [[nodiscard]] bool take_literal(std::string_view word, JsonKind kind);
    [[nodiscard]] bool take_number();
    [[nodiscard]] bool take_digits();
    [[nodiscard]] bool take_string(std::string_view& content);
    [[nodiscard]] bool take_escaped(std::size_t start, std::string_view& content);
    [[nodiscard]] bool take_escape(std::string& content);
    [[nodiscard]] bool take_code_unit(std::uint32_t& unit);
    [[nodiscard]] bool take_utf8();
    [[nodiscard]] bool open(JsonKind kind);
    [[nodiscard]] bool add(JsonKind kind, std::size_t offset);
    void close();
    void find_duplicates(const JsonNode& object);
    void find_duplicates_sorted(const JsonNode& object);
    void duplicate(const JsonNode& node);

    [[nodiscard]] char peek() const { return *at_; }  // '\0' at the end of the text
    [[nodiscard]] std::size_t offset(const char* place) const { return static_cast<std::size_t>(place - begin_); }

    JsonDocument& document_;
    const char* const begin_;
    const char* const end_;
    const char* at_;
    std::uint32_t key_offset_ = 0;
    std::string_view key_;
    std::vector<Level> open_;
};

}  // namespace ocirt
