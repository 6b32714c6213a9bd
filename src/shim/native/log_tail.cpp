#include "shim/native/log_tail.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace ocirt::shim::native {
namespace {

constexpr std::size_t block = std::size_t{64} << 10;
// How far before the first line the beginnings of the others are looked for, of which parts come behind it.
constexpr std::int64_t look_back = std::int64_t{1} << 20;

// The bytes [begin, end) of the file; less where it has become shorter.
Result<std::string> read_block(const Fd& file, std::int64_t begin, std::int64_t end) {
    std::string bytes(static_cast<std::size_t>(end - begin), '\0');
    std::size_t size = 0;
    while (size < bytes.size()) {
        const ssize_t count =
            ::pread(file.get(), bytes.data() + size, bytes.size() - size, begin + static_cast<std::int64_t>(size));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("pread", "read the log");
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    bytes.resize(size);
    return bytes;
}

// Lines from the last to the first, until `visit(place, line)` says no; whether it never did. Of a line that is too
// long it gets the beginning.
template <class Visit>
Result<bool> visit_backwards(const Fd& file, std::int64_t end, Visit visit) {
    auto limit = static_cast<std::int64_t>(block);
    while (end > 0) {
        const std::int64_t begin = std::max<std::int64_t>(end - limit, 0);
        const std::string bytes = TRY(read_block(file, begin, end));
        std::string_view left = bytes;
        for (;;) {
            const std::size_t newline = left.size() < 2 ? left.npos : left.rfind('\n', left.size() - 2);
            if (newline == left.npos) break;
            if (!visit(begin + static_cast<std::int64_t>(newline) + 1, left.substr(newline + 1))) return false;
            left = left.substr(0, newline + 1);
        }
        if (begin == 0) return left.empty() || visit(0, left);
        if (left.size() < bytes.size()) {
            end = begin + static_cast<std::int64_t>(left.size());
            limit = static_cast<std::int64_t>(block);
        } else if (limit < static_cast<std::int64_t>(longest_line)) {
            limit = static_cast<std::int64_t>(longest_line);
        } else {
            end = begin + 1;  // the byte before a line's beginning tells that it is one
        }
    }
    return true;
}

class Tail {
   public:
    Tail(LogFormat format, const LogSelection& selection) : format_(format), selection_(selection) {}

    // Whether there may be more of it before `file`.
    Result<bool> take(Fd file) {
        struct stat status{};
        if (::fstat(file.get(), &status) != 0) return fail_errno("fstat", "read the log");
        const std::int64_t size = status.st_size;
        starts_.push_front({.file = std::move(file), .output = size, .error = size});
        return visit_backwards(starts_.front().file, size,
                               [this](std::int64_t place, std::string_view line) { return visit(place, line); });
    }
    [[nodiscard]] const Fd& oldest() const { return starts_.front().file; }
    LogTail found() && { return {.files = std::move(starts_), .is_all = is_all_}; }

   private:
    bool visit(std::int64_t place, std::string_view line) {
        LogStart& start = starts_.front();
        const std::optional<LogRecord> record = parse_record(format_, line, decoded_);
        const bool is_torn = std::exchange(is_last_, false) && !line.ends_with('\n');
        if (is_torn) {
            // It is being written.
            start.output = start.error = place;
            return true;
        }
        if (record && record->at < selection_.since) {
            is_all_ = std::ranges::none_of(lines_, &Line::is_complete);
            return false;
        }
        if (record && record->at >= selection_.until) return true;
        const Stream stream = record ? record->stream : Stream::output;
        Line& at = lines_[stream == Stream::error ? 1 : 0];
        const bool begins_another = !record || !record->is_part || !at.is_open;
        if (begins_another && count_ == *selection_.tail) {
            at = {.is_open = false, .is_complete = true};
        } else if (!at.is_complete) {
            if (begins_another) ++count_;
            at.is_open = true;
            start.of(stream) = place;
        }
        if (count_ < *selection_.tail) return true;
        looked_ += static_cast<std::int64_t>(line.size());
        return std::ranges::any_of(lines_, [](const Line& one) { return one.is_open; }) && looked_ < look_back;
    }

    // Of a stream, what stands before the last lines.
    struct Line {
        bool is_open = false;      // its beginning may stand further before
        bool is_complete = false;  // no more of the stream belongs to them
    };

    LogFormat format_;
    const LogSelection& selection_;
    std::deque<LogStart> starts_;
    std::array<Line, 2> lines_{};
    std::uint64_t count_ = 0;
    std::int64_t looked_ = 0;
    std::string decoded_;
    bool is_last_ = true;
    bool is_all_ = false;
};

}  // namespace

Result<LogTail> find_tail(const LogFiles& files, LogFormat format, const LogSelection& selection) {
    Tail tail(format, selection);
    for (Fd file = TRY(files.newest()); file && TRY(tail.take(std::move(file)));)
        file = TRY(files.before(tail.oldest()));
    return std::move(tail).found();
}

}  // namespace ocirt::shim::native
