#include "shim/native/log_output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace ocirt::shim::native {
namespace {

constexpr std::size_t batch = std::size_t{64} << 10;

// A terminal, or a pipe, may have been set to O_NONBLOCK by whoever shares it.
Result<> write_all(const Fd& file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        pollfd waits{.fd = file.get(), .events = POLLOUT, .revents = 0};
        if (errno == EAGAIN && ::poll(&waits, 1, -1) >= 0) continue;
        if (errno != EINTR) return fail_errno("write", "write the output");
    }
    return {};
}

}  // namespace

Result<> LogOutput::put(const LogRecord& record) {
    bool& within_line = within_line_[record.stream == Stream::error ? 1 : 0];
    if (times_ && !within_line && !record.content.empty()) {
        TRY(put(record.stream, record.time));
        TRY(put(record.stream, " "));
    }
    TRY(put(record.stream, record.content));
    if (!record.content.empty()) within_line = !record.content.ends_with('\n');
    return {};
}

Result<> LogOutput::put(Stream stream, std::string_view bytes) {
    if (stream != stream_ || waiting_.size() >= batch) TRY(flush());
    stream_ = stream;
    waiting_ += bytes;
    return {};
}

Result<> LogOutput::flush() {
    const Result<> written = write_all(stream_ == Stream::error ? error_ : output_, waiting_);
    waiting_.clear();
    return written;
}

}  // namespace ocirt::shim::native
