// Files that others wait for.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"

namespace ocirt {

// Seen whole or not at all, with mode 0644: written beside and renamed into place. Nothing is left on an error.
[[nodiscard]] Result<> write_whole_file(const std::string& path, std::string_view text);

}  // namespace ocirt
