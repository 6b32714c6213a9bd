// What --log-path names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"

namespace ocirt::shim::monitor {

struct LogTarget {
    enum class Kind : std::uint8_t { none, k8s_file, json_file, journald, passthrough };
    Kind kind = Kind::none;
    std::string path{};  // of a file
};

// "DRIVER:PATH", or a driver without a path; "PATH" and ":PATH" are k8s-file's. Pure. Errors: Fault::invalid_argument.
[[nodiscard]] Result<LogTarget> parse_log_target(const std::string& word);

// Where --log-allowlist-dir is given: the path's directory, links resolved, is one of those or below one.
// Errors: Fault::invalid_argument.
[[nodiscard]] Result<> check_allowed(const LogTarget& target, const std::vector<std::string>& directories);

}  // namespace ocirt::shim::monitor
