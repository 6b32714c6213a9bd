// UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace ocirt {

// The length of the sequence at the front of `text`; 0 if there is none. `text` is not empty.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

// How many bytes at the end of `text` are the beginning of a sequence that goes on behind it: 0 to 3.
[[nodiscard]] std::size_t unfinished_utf8(std::string_view text);

}  // namespace ocirt
