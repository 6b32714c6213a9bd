// Reads a log's files from the oldest to the newest, and goes on where they grow and are rotated: every record is shown
// once, in the order of the log.
//
// A record's content goes to the output as it comes: lines that were logged in parts need no joining, and none is too
// long.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/fd.h"
#include "shim/native/log_files.h"
#include "shim/native/log_output.h"
#include "shim/native/log_records.h"

namespace ocirt::shim::native {

enum class LogFormat : std::uint8_t { k8s, json };

// A line that is longer is no record, or its content comes in parts.
inline constexpr std::size_t longest_line = std::size_t{1} << 20;

// What a line says; std::nullopt: it is no record. `decoded` holds what the record shows, unless the line does.
[[nodiscard]] std::optional<LogRecord> parse_record(LogFormat format, std::string_view line, std::string& decoded);

struct LogSelection {
    Moment since = std::numeric_limits<Moment>::min();
    Moment until = std::numeric_limits<Moment>::max();  // not included
    std::optional<std::uint64_t> tail{};                // lines, of both streams together; none: all
    [[nodiscard]] bool takes(Moment at) const { return at >= since && at < until; }
};

// Where to begin in a file, for each stream.
struct LogStart {
    Fd file;
    std::int64_t output = 0;
    std::int64_t error = 0;
    [[nodiscard]] std::int64_t& of(Stream stream) { return stream == Stream::error ? error : output; }
};

class LogReader {
   public:
    // Errors: as of LogFiles.
    [[nodiscard]] static Result<LogReader> open(LogFiles files, LogFormat format, const LogSelection& selection,
                                                LogOutput& output);

    // Nothing that is written from now on is to be shown: it might come faster than it is read. Errors: as of LogFiles.
    Result<> stop_at_present_end();

    // Shows everything that is there by now. Errors: the output's, or why a file cannot be read.
    Result<> read_on();
    // No more will come: also what the last record has without its end.
    Result<> finish();

    // Where there may be more: the file that it is at, and the next one as long as that is empty.
    [[nodiscard]] const Fd& file() const { return now_.file; }
    [[nodiscard]] const Fd& next_file() const { return next_; }
    [[nodiscard]] const Fd& directory() const { return files_.directory(); }

   private:
    LogReader(LogFiles files, LogFormat format, const LogSelection& selection, LogOutput& output)
        : files_(std::move(files)), format_(format), selection_(selection), output_(output) {}

    Result<> read_file();
    Result<bool> find_next_file();
    [[nodiscard]] bool is_at_last() const { return last_ && LogFiles::is_same(now_.file, last_); }
    [[nodiscard]] std::int64_t place() const;
    Result<> show_lines();
    Result<> show(std::string_view line);
    Result<> show_rest(std::string_view bytes);
    void go_to(LogStart start);

    LogFiles files_;
    LogFormat format_;
    LogSelection selection_;
    LogOutput& output_;
    std::deque<LogStart> starts_;  // files to come
    LogStart now_;
    Fd next_;
    std::string read_;         // of the file, and not shown yet
    std::size_t begin_ = 0;    // in `read_`
    std::int64_t offset_ = 0;  // in the file, of what comes behind `read_`
    std::string decoded_;
    bool within_line_ = false;        // of which the beginning has been read
    bool within_part_ = false;        // its newline is not the container's
    Stream stream_ = Stream::output;  // of the last record, with which lines go that are none
    bool is_shown_ = false;           // as its time says
    bool is_put_ = false;             // and its place
    Fd last_;                         // if it is valid, the file in which to stop
    std::int64_t last_end_ = 0;       // once all before this has been shown
};

}  // namespace ocirt::shim::native
