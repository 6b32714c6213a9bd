// Points in time, as logs have them and as users write them. In nanoseconds since 1970; what is too far away for that
// is the first or the last of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/error.h"

namespace ocirt::shim::native {

using Moment = std::int64_t;

// "2026-11-23T13:16:15.000000001+01:00", "2026-11-23T13:16:15Z". Pure; std::nullopt for anything else.
[[nodiscard]] std::optional<Moment> parse_rfc3339(std::string_view text);

// That, or without the zone, the seconds or the time of the day (then it is local time); seconds since 1970,
// "1795439775.5"; or how long before `now`, "1h30m". Errors: Fault::invalid_argument.
[[nodiscard]] Result<Moment> parse_moment(std::string_view text, Moment now);

}  // namespace ocirt::shim::native
