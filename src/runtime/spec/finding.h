// What is wrong, or looks wrong, in config.json: gathered, not thrown, so that one run tells everything.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/json_document.h"

namespace ocirt::spec {

enum class Severity { error, warning };

struct Finding {
    std::string pointer;  // JSON pointer; empty for the whole document and for faults of its syntax
    std::size_t line = 1;
    std::size_t column = 1;
    Severity severity = Severity::error;
    std::string message;
};

// "config.json:12:14: /process/user/uid: 4294967296 is out of range 0..4294967294"; a warning says so after the
// position.
[[nodiscard]] std::string render(const Finding& finding, std::string_view file_name);

// All errors as one: the first, and how many more there are. Warnings do not count; without an error the result is
// empty.
[[nodiscard]] Error to_error(const std::vector<Finding>& findings, std::string_view file_name);

// Where parsers and rules put what they find.
class Findings {
   public:
    // Past this many of one severity they are no longer kept: nobody reads them, and each costs a walk over the text.
    static constexpr std::size_t limit = 100;

    explicit Findings(const JsonDocument& document) : document_(document) {}

    // At the value that `pointer` leads to, or at what would hold it.
    void add(Severity severity, std::string pointer, std::string message);
    // At a byte of the text.
    void add_at(std::size_t offset, Severity severity, std::string pointer, std::string message);

    // Whether an error was found at `pointer`, inside or around it: rules do not judge what could not be read.
    [[nodiscard]] bool has_error(std::string_view pointer) const;
    // In the order of the text.
    [[nodiscard]] std::vector<Finding> take();

   private:
    void add(JsonPosition at, Severity severity, std::string pointer, std::string message);

    const JsonDocument& document_;
    std::vector<Finding> findings_;
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
};

// A value of the file inside a message: quoted, control characters escaped, cut where it is long.
[[nodiscard]] std::string quoted(std::string_view value);

// The candidate that `word` was probably meant to be; empty when none is near. Differences in case only are nearest.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace ocirt::spec
