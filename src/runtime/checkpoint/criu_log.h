// The log that criu writes beside its work: where the reason of a failure stands.
#pragma once

#include <string>
#include <string_view>

#include "common/fd.h"

namespace ocirt::checkpoint {

// The last lines that tell of errors, joined by "; ", without time stamps and places in criu's source. Pure.
[[nodiscard]] std::string last_errors(std::string_view log);

// The same of the file `name` in `directory`; empty where there is nothing to read.
[[nodiscard]] std::string read_last_errors(const Fd& directory, const std::string& name);

}  // namespace ocirt::checkpoint
