#include "shim/native/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <compare>
#include <utility>

#include "common/syscall.h"
#include "shim/monitor/log_file.h"

namespace ocirt::shim::native {
namespace {

constexpr int attempts = 100;  // while it is being rotated
constexpr unsigned gap = 1;    // names that are free for a moment while it is being rotated

auto last_written(const struct stat& status) { return std::pair(status.st_mtim.tv_sec, status.st_mtim.tv_nsec); }

bool have_one_file(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

}  // namespace

bool LogFiles::is_same(const Fd& one, const Fd& other) {
    struct stat first{};
    struct stat second{};
    return ::fstat(one.get(), &first) == 0 && ::fstat(other.get(), &second) == 0 && have_one_file(first, second);
}

Result<LogFiles> LogFiles::open(const std::string& path, std::int64_t rotated) {
    const std::size_t name = path.rfind('/') + 1;  // 0 where there is no slash
    LogFiles files;
    files.path_ = path;
    files.name_ = path.substr(name);
    files.rotated_ = static_cast<unsigned>(std::clamp<std::int64_t>(rotated, 0, monitor::most_kept_files));
    Result<Fd> directory = sys::open(name == 0 ? "." : path.substr(0, name), O_RDONLY | O_DIRECTORY);
    if (!directory) {
        Error error = std::move(directory).error();
        error.operation = "read the log";
        error.object = path;
        return fail(std::move(error));
    }
    files.directory_ = *std::move(directory);
    return files;
}

std::string LogFiles::name_at(unsigned place) const { return place == 0 ? name_ : name_ + "." + std::to_string(place); }

// Of a regular file; no other one is part of a log.
std::optional<struct stat> LogFiles::status_at(unsigned place) const {
    struct stat status{};
    const bool is_there = ::fstatat(directory_.get(), name_at(place).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    return is_there && S_ISREG(status.st_mode) ? std::optional(status) : std::nullopt;
}

// Behind the oldest one's place.
unsigned LogFiles::end() const {
    unsigned end = 0;
    for (unsigned place = 0; place <= rotated_ && place <= end + gap; ++place)
        if (status_at(place)) end = place + 1;
    return end;
}

// From the newest on: a file that is renamed meanwhile goes the same way, and is met.
std::optional<unsigned> LogFiles::place_of(const Fd& file) const {
    struct stat own{};
    if (::fstat(file.get(), &own) != 0 || own.st_nlink == 0) return std::nullopt;
    unsigned end = 0;
    for (unsigned place = 0; place <= rotated_ + 1 && place <= end + gap; ++place) {
        const std::optional<struct stat> status = status_at(place);
        if (status && have_one_file(*status, own)) return place;
        if (status) end = place + 1;
    }
    return std::nullopt;
}

Result<Fd> LogFiles::open_at(unsigned place) const {
    Result<Fd> file = sys::open_at(directory_, name_at(place), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat status{};
    if (file && ::fstat(file->get(), &status) == 0 && S_ISREG(status.st_mode)) return file;
    const std::string object = place == 0 ? path_ : path_ + "." + std::to_string(place);
    if (file)
        return fail({.fault = Fault::invalid_argument,
                     .operation = "read the log",
                     .object = object,
                     .detail = "it is no regular file"});
    Error error = std::move(file).error();
    error.operation = "read the log";
    error.object = object;
    if (error.errnum == ELOOP) error.hint = "it is a symlink";
    return fail(std::move(error));
}

Result<Fd> LogFiles::newest() const {
    for (int attempt = 1;; ++attempt) {
        Result<Fd> file = open_at(0);
        if (file || file.error().errnum != ENOENT) return file;
        // For a moment the next one is not in its place yet.
        if (attempt >= attempts) {
            Result<Fd> rotated = open_at(1);
            return rotated ? std::move(rotated) : std::move(file);
        }
    }
}

Result<Fd> LogFiles::oldest() const {
    for (int attempt = 1;; ++attempt) {
        const unsigned behind = end();
        Result<Fd> file = behind <= 1 ? newest() : open_at(behind - 1);
        if (file || file.error().errnum != ENOENT || attempt >= attempts) return file;
    }
}

Result<Fd> LogFiles::before(const Fd& file) const {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const std::optional<unsigned> place = place_of(file);
        if (!place) return Fd{};
        unsigned older = *place + 1;
        if (!status_at(older)) older += gap;
        if (older > rotated_ || !status_at(older)) {
            if (place_of(file) == place) return Fd{};
            continue;
        }
        Result<Fd> found = open_at(older);
        // Rotating begins with the oldest: if this one is in its place still, so was that one.
        if (found && place_of(file) == place) return found;
        if (!found && found.error().errnum != ENOENT) return found;
    }
    return Fd{};
}

// The oldest that was written to later than a file that has been removed.
std::optional<unsigned> LogFiles::first_after(const Fd& removed) const {
    struct stat own{};
    if (::fstat(removed.get(), &own) != 0) return std::nullopt;
    for (unsigned place = end(); place-- > 0;)
        if (const std::optional<struct stat> status = status_at(place);
            status && last_written(*status) >= last_written(own))
            return place;
    return std::nullopt;
}

Result<Fd> LogFiles::after(const Fd& file) const {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const std::optional<unsigned> place = place_of(file);
        if (place == 0U) return Fd{};
        std::optional<unsigned> newer = place ? std::nullopt : first_after(file);
        for (unsigned i = place.value_or(0); i-- > 0 && !newer;)
            if (status_at(i)) newer = i;
        if (!newer) {
            if (place_of(file) == place) return Fd{};
            continue;
        }
        Result<Fd> found = open_at(*newer);
        if (found && place_of(file) == place) return found;
        if (!found && found.error().errnum != ENOENT) return found;
    }
    return Fd{};
}

}  // namespace ocirt::shim::native
