#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace ocirt {

// Whether all of `text` is a number of this type, in decimal and without a sign that the type has not.
template <class Number>
[[nodiscard]] bool read_number(std::string_view text, Number& number) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end;
}

}  // namespace ocirt
