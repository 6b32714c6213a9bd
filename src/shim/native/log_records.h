// What stands in a line of a log that a monitor writes (monitor/k8s_log.h, monitor/json_log.h). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shim/monitor/stream.h"
#include "shim/native/moment.h"

namespace ocirt::shim::native {

using monitor::Stream;

struct LogRecord {
    Stream stream = Stream::output;
    std::string_view time{};  // as it stands there
    Moment at = 0;
    std::string_view content{};
    bool is_part = false;  // the container's line goes on in the next record of the stream
};

// "TIME STREAM TAGS CONTENT"; the newline at the end of a line is content unless it is a part. A line without one is
// the beginning of a record. std::nullopt: it is no record.
[[nodiscard]] std::optional<LogRecord> parse_k8s_record(std::string_view line);

// {"log":"CONTENT","stream":"stdout","time":"TIME"}, and whatever else there is. `decoded` holds what the record shows.
[[nodiscard]] std::optional<LogRecord> parse_json_record(std::string_view line, std::string& decoded);

}  // namespace ocirt::shim::native
