// GVariant's text form (GLib, "GVariant Text Format"), as far as properties of units need it. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "common/bus_message.h"

namespace ocirt::cgroup {

//   true                     a bool
//   'a "b"' "it's"           a text, with \\, \' and \" in it
//   5 -5 0x10                an int32, or what stands before it: int32, uint32, uint64, @i, @u, @t
//   ['a', 'b'] []            texts; @as before it is allowed
// std::nullopt for everything else, and for what does not end where its value does.
[[nodiscard]] std::optional<BusValue> parse_variant_text(std::string_view text);

}  // namespace ocirt::cgroup
