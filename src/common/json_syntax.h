// What is wrong with a text that is no JSON.
#pragma once

#include <string_view>

#include "common/json_document.h"

namespace ocirt {

// The first fault, in nlohmann's words. For texts that JsonScanner has refused.
[[nodiscard]] JsonFault explain_syntax(std::string_view text);

}  // namespace ocirt
