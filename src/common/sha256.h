// SHA-256 (FIPS 180-4), for names that have to differ: not a secret's guard.
#pragma once

#include <string>
#include <string_view>

namespace ocirt {

// 64 hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view data);

}  // namespace ocirt
