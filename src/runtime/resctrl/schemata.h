// The lines of a `schemata` file: "L3:0=7f0;1=1f".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ocirt::resctrl {

// What `lines` ask for and `present`, the text of a schemata file, does not have: "L3:1 is 3f, not 1f", empty when it
// has it all. Written in another way is the same: the kernel adds spaces and zeros, and sorts, and rounds percentages
// of bandwidth up to a multiple of `bandwidth_step` (info/MB/bandwidth_gran). Domains that the lines do not name may
// have anything.
[[nodiscard]] std::string difference(const std::vector<std::string>& lines, std::string_view present,
                                     std::uint64_t bandwidth_step);

}  // namespace ocirt::resctrl
