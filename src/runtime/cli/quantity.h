// Durations and sizes as runc's callers write them: Go's and Docker's forms. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.h"

namespace ocirt::cli {

// "5s", "1m30s", "1.5h", "300ms", "10us": Go's time.ParseDuration without a sign. Errors (invalid_argument): anything
// else, and what is above 292 years.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

// The value of --interval: as above, and more than 0. Errors name the option.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_interval(const std::string& text);

// "1048576", "512k", "10m", "1.5g", "20MiB": Docker's RAMInBytes, units of 1024. -1 stands for no limit. Errors
// (invalid_argument): anything else.
[[nodiscard]] Result<std::int64_t> parse_bytes(std::string_view text);

}  // namespace ocirt::cli
