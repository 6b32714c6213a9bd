#include "shim/native/log_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "shim/native/log_tail.h"

namespace ocirt::shim::native {
namespace {

constexpr std::size_t block = std::size_t{256} << 10;

std::int64_t size_of(const Fd& file) {
    struct stat status{};
    return ::fstat(file.get(), &status) == 0 ? status.st_size : 0;
}

}  // namespace

std::optional<LogRecord> parse_record(LogFormat format, std::string_view line, std::string& decoded) {
    return format == LogFormat::k8s ? parse_k8s_record(line) : parse_json_record(line, decoded);
}

Result<LogReader> LogReader::open(LogFiles files, LogFormat format, const LogSelection& selection, LogOutput& output) {
    LogReader reader(std::move(files), format, selection, output);
    if (selection.tail) {
        LogTail tail = TRY(find_tail(reader.files_, format, selection));
        reader.starts_ = std::move(tail.files);
        reader.is_shown_ = !tail.is_all;
    } else {
        reader.starts_.push_back({.file = TRY(reader.files_.oldest())});
        reader.is_shown_ = selection.takes(std::numeric_limits<Moment>::min());
    }
    LogStart first = std::move(reader.starts_.front());
    reader.starts_.pop_front();
    reader.go_to(std::move(first));
    return reader;
}

Result<> LogReader::stop_at_present_end() {
    last_ = TRY(files_.newest());
    last_end_ = size_of(last_);
    return {};
}

void LogReader::go_to(LogStart start) {
    now_ = std::move(start);
    offset_ = std::min(now_.output, now_.error);
    read_.clear();
    begin_ = 0;
    within_line_ = false;
}

Result<> LogReader::read_on() {
    for (;;) {
        TRY(read_file());
        if (is_at_last()) return output_.flush();
        // Whoever writes to the next file has written all to this one.
        LogStart next;
        if (!starts_.empty()) {
            next = std::move(starts_.front());
            starts_.pop_front();
        } else {
            if (!TRY(find_next_file())) return output_.flush();
            next.file = std::move(next_);
        }
        TRY(read_file());
        TRY(finish());
        go_to(std::move(next));
    }
}

// Whether there is something in it, or will be behind it.
Result<bool> LogReader::find_next_file() {
    next_ = TRY(files_.after(now_.file));
    // What is older than a file that has been thrown away has been, too.
    if (last_ && files_.is_gone(last_)) next_ = Fd(::fcntl(last_.get(), F_DUPFD_CLOEXEC, 0));
    return next_ && (size_of(next_) > 0 || !files_.is_newest(next_));
}

// In the file, of what is shown next.
std::int64_t LogReader::place() const { return offset_ - static_cast<std::int64_t>(read_.size() - begin_); }

Result<> LogReader::read_file() {
    if (size_of(now_.file) < offset_) go_to({.file = std::move(now_.file)});  // somebody has emptied it
    for (;;) {
        if (is_at_last() && place() >= last_end_) {
            read_.resize(begin_);
            return {};
        }
        const std::size_t left = read_.size() - begin_;
        read_.erase(0, begin_);
        begin_ = 0;
        read_.resize(left + block);
        const ssize_t count = ::pread(now_.file.get(), read_.data() + left, block, offset_);
        const int errnum = errno;
        read_.resize(left + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count < 0 && errnum == EINTR) continue;
        if (count < 0) return fail_errno(errnum, "pread", "read the log");
        if (count == 0) return {};
        offset_ += count;
        TRY(show_lines());
    }
}

Result<> LogReader::show_lines() {
    for (;;) {
        const std::string_view rest = std::string_view(read_).substr(begin_);
        const std::string_view line = monitor::first_line(rest);
        const bool ends = line.ends_with('\n');
        if (!ends && line.size() < longest_line) return {};
        if (within_line_)
            TRY(show_rest(line));
        else
            TRY(show(line));
        within_line_ = !ends;
        begin_ += line.size();
    }
}

// A line, or the beginning of one.
Result<> LogReader::show(std::string_view line) {
    const std::optional<LogRecord> record = parse_record(format_, line, decoded_);
    if (record) {
        stream_ = record->stream;
        is_shown_ = selection_.takes(record->at);
    }
    within_part_ = record && record->is_part;
    is_put_ = is_shown_ && place() >= now_.of(stream_);
    if (!is_put_) return {};
    return record ? output_.put(*record) : output_.put(stream_, line);
}

Result<> LogReader::show_rest(std::string_view bytes) {
    if (within_part_ && bytes.ends_with('\n')) bytes.remove_suffix(1);
    return is_put_ ? output_.put(stream_, bytes) : Result<>{};
}

Result<> LogReader::finish() {
    const std::string_view rest = std::string_view(read_).substr(begin_);
    if (rest.empty()) return output_.flush();
    if (within_line_)
        TRY(show_rest(rest));
    else if (parse_record(format_, rest, decoded_))
        TRY(show(rest));
    within_line_ = true;
    begin_ = read_.size();
    return output_.flush();
}

}  // namespace ocirt::shim::native
