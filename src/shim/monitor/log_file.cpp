#include "shim/monitor/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "common/syscall.h"

namespace ocirt::shim::monitor {
namespace {

constexpr std::size_t batch = 512;  // parts in one writev
constexpr mode_t mode = 0640;
constexpr int append_flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY;

iovec part_of(std::string_view bytes) { return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()}; }

}  // namespace

Result<LogFile> LogFile::open(const std::string& path, const LogLimits& limits) {
    const std::size_t slash = path.rfind('/');
    LogFile log;
    log.limits_ = limits;
    log.name_ = path.substr(slash == path.npos ? 0 : slash + 1);
    const std::string directory = slash == path.npos ? "." : path.substr(0, slash + 1);
    Result<Fd> opened = sys::open(directory, O_RDONLY | O_DIRECTORY);
    Result<Fd> file;
    if (opened) {
        log.directory_ = *std::move(opened);
        file = log.open_file(append_flags);
    } else {
        file = std::unexpected(std::move(opened).error());
    }
    if (!file) {
        Error error = std::move(file).error();
        error.operation = "open the log";
        error.object = path;
        if (error.errnum == ELOOP) error.hint = "it is a symlink: name the file itself";
        return fail(std::move(error));
    }
    log.take(*std::move(file));
    log.total_ = log.size_;
    return log;
}

Result<Fd> LogFile::open_file(int flags) const { return sys::open_at(directory_, name_, flags, mode); }

void LogFile::take(Fd file) {
    struct stat status{};
    file_ = std::move(file);
    regular_ = ::fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode);
    size_ = regular_ ? status.st_size : 0;
}

Result<> LogFile::append(std::initializer_list<std::string_view> parts) {
    std::int64_t size = 0;
    for (const std::string_view part : parts) size += static_cast<std::int64_t>(part.size());
    if (limits_.total_max > 0 && total_ >= limits_.total_max) return {};
    Result<> done;
    if (limits_.size_max > 0 && regular_ && size_ > 0 && size_ + size > limits_.size_max) {
        done = flush();
        if (done) done = rotate();
    } else if (parts_.size() + parts.size() > batch) {
        done = flush();
    }
    size_ += size;
    total_ += size;
    // While something older is kept, this one has to wait behind it.
    if (kept_.empty())
        for (const std::string_view part : parts) parts_.push_back(part_of(part));
    else
        for (const std::string_view part : parts) kept_ += part;
    return done;
}

Result<> LogFile::flush() {
    if (!kept_.empty()) {
        const std::string waiting = std::move(kept_);
        kept_.clear();
        std::vector<iovec> first{part_of(waiting)};
        TRY(write_all(first));
    }
    const Result<> written = write_all(parts_);
    parts_.clear();
    return written;
}

// All of it, or what is left is in `kept_`.
Result<> LogFile::write_all(std::vector<iovec>& parts) {
    std::size_t first = 0;
    while (first < parts.size()) {
        const auto count = static_cast<int>(parts.size() - first);
        ssize_t written = ::writev(file_.get(), &parts[first], count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            const int errnum = written < 0 ? errno : ENOSPC;
            keep(parts, first);
            return fail_errno(errnum, "writev", "write the log", name_);
        }
        while (written > 0) {
            iovec& part = parts[first];
            const std::size_t step = std::min(part.iov_len, static_cast<std::size_t>(written));
            torn_ = static_cast<const char*>(part.iov_base)[step - 1] != '\n';
            part = {.iov_base = static_cast<char*>(part.iov_base) + step, .iov_len = part.iov_len - step};
            written -= static_cast<ssize_t>(step);
            if (part.iov_len == 0) ++first;
        }
        while (first < parts.size() && parts[first].iov_len == 0) ++first;
    }
    return {};
}

void LogFile::keep(const std::vector<iovec>& parts, std::size_t first) {
    for (; first < parts.size(); ++first)
        kept_.append(static_cast<const char*>(parts[first].iov_base), parts[first].iov_len);
}

std::uint64_t LogFile::give_up() {
    // A record of which a part is in the file is written to its end, later: nobody could read the next one otherwise.
    const std::size_t rest = torn_ ? std::min(kept_.find('\n'), kept_.size() - 1) + 1 : 0;
    const std::size_t lost = kept_.size() - std::min(rest, kept_.size());
    kept_.resize(kept_.size() - lost);
    kept_.shrink_to_fit();
    size_ -= static_cast<std::int64_t>(lost);
    total_ -= static_cast<std::int64_t>(lost);
    return lost;
}

// The full file becomes FILE.1, or goes: its place is taken by a new one in one step.
Result<> LogFile::rotate() {
    const std::string next = "." + name_ + ".next";
    ::unlinkat(directory_.get(), next.c_str(), 0);
    Fd file = TRY(sys::open_at(directory_, next, append_flags | O_EXCL, mode));
    for (unsigned i = limits_.kept_files; i > 0; --i) {
        const std::string older = name_ + "." + std::to_string(i);
        const std::string newer = i == 1 ? name_ : name_ + "." + std::to_string(i - 1);
        if (::renameat(directory_.get(), newer.c_str(), directory_.get(), older.c_str()) != 0 && errno != ENOENT)
            return fail_errno("renameat", "rotate the log", newer);
    }
    if (::renameat(directory_.get(), next.c_str(), directory_.get(), name_.c_str()) != 0)
        return fail_errno("renameat", "rotate the log", name_);
    take(std::move(file));
    return {};
}

Result<> LogFile::reopen() {
    if (sys::is_at(directory_, name_, file_)) return {};
    Fd file = TRY(open_file(append_flags));
    take(std::move(file));
    return {};
}

Result<> LogFile::sync() const {
    if (regular_ && ::fdatasync(file_.get()) != 0) return fail_errno("fdatasync", "write the log", name_);
    return {};
}

}  // namespace ocirt::shim::monitor
