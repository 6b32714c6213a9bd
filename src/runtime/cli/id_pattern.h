// Many containers by one POSIX extended regular expression (regex(7)), as crun's --regex.
#pragma once

#include <functional>
#include <string>

#include "runtime/cli/cli.h"

namespace ocirt::cli {

// Does `each` to every container whose id the pattern matches, somewhere in it, in the order of the ids. What fails
// does not keep the others from their turn: it is logged, and the exit status is 1. No match is no error, as for crun.
// Errors (invalid_argument): no regular expression, or above 256 bytes.
[[nodiscard]] Result<int> for_matching_ids(const Cli& cli, const std::string& pattern,
                                           const std::function<Result<>(const std::string& id)>& each);

}  // namespace ocirt::cli
