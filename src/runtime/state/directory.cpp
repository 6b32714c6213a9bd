#include "runtime/state/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "common/syscall.h"

namespace ocirt::state {
namespace {

constexpr const char* record_name = "state.json";
constexpr const char* record_draft = "state.json.new";
constexpr const char* config_name = "config.json";
constexpr std::size_t record_limit = 16u << 20;

std::string quoted(std::string_view id) { return "\"" + std::string(id) + "\""; }

// mkdir -p; the last one 0700, those above it as any directory of /run.
Result<> make_root(const std::string& root) {
    for (std::size_t end = 1; end != std::string::npos;) {
        end = root.find('/', end + 1);
        const std::string part = root.substr(0, end);
        const mode_t mode = end == std::string::npos ? 0700 : 0711;
        if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST)
            return fail_errno("mkdir", "make the state directory", part);
    }
    return {};
}

enum class Purpose { look, make };

// O_PATH would do for everything but flock. Below /tmp anybody may have made it first; root may look into a user's.
Result<Fd> open_root(const std::string& root, Purpose purpose) {
    Fd fd = TRY(sys::open(root, O_RDONLY | O_DIRECTORY));
    const uid_t user = ::geteuid();
    if (user == 0 && purpose == Purpose::look) return fd;
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return fail_errno("fstat", "look at the state directory", root);
    const auto refused = [&](std::string detail, std::string hint) {
        return fail({.operation = "use the state directory",
                     .object = root,
                     .detail = std::move(detail),
                     .hint = std::move(hint)});
    };
    if (user != 0 && status.st_uid != user && status.st_uid != 0)
        return refused("it belongs to the user " + std::to_string(status.st_uid),
                       "--root with a directory of your own, or set XDG_RUNTIME_DIR");
    const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
    if (purpose == Purpose::make && others_write) return refused("others may write to it", "chmod 0700 " + root);
    return fd;
}

std::unexpected<Error> already_exists(const std::string& id) {
    return fail({.fault = Fault::already_exists,
                 .operation = "create the container",
                 .object = quoted(id),
                 .detail = "a container with this id already exists",
                 .hint = "`ocirt delete " + id + "` removes it"});
}

std::unexpected<Error> does_not_exist(std::string_view id) {
    return fail({.fault = Fault::not_found,
                 .operation = "find the container",
                 .object = quoted(id),
                 .detail = "it does not exist"});
}

}  // namespace

Result<> check_id(std::string_view id) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
               c == '-' || c == '.';
    };
    std::string detail;
    if (id.empty())
        detail = "it is empty";
    else if (id.size() > 255)
        detail = "it has " + std::to_string(id.size()) + " bytes, at most 255 are allowed";
    else if (id.front() == '.')
        detail = "it begins with a dot";
    else if (!std::ranges::all_of(id, allowed))
        detail = "only letters, digits and _ + - . are allowed";
    if (detail.empty()) return {};
    return fail({.fault = Fault::invalid_argument,
                 .operation = "use the container id",
                 .object = quoted(id.substr(0, 64)),
                 .detail = detail});
}

Result<> check_free(const std::string& root, const std::string& id) {
    TRY(check_id(id));
    struct stat status{};
    return ::lstat((root + "/" + id).c_str(), &status) == 0 ? already_exists(id) : Result<>{};
}

Result<Directory> Directory::create(const std::string& root, const std::string& id) {
    TRY(check_id(id));
    TRY(make_root(root));
    Fd root_fd = TRY(open_root(root, Purpose::make));
    if (::mkdirat(root_fd.get(), id.c_str(), 0700) != 0) {
        if (errno == EEXIST) return already_exists(id);
        return fail_errno("mkdirat", "make the state directory of", quoted(id));
    }
    Fd fd = TRY(sys::open_at(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    Directory directory(std::move(root_fd), std::move(fd), id);
    TRY(directory.lock(std::chrono::seconds(5)));
    return directory;
}

Result<Directory> Directory::open(const std::string& root, const std::string& id) {
    TRY(check_id(id));
    Result<Fd> root_fd = open_root(root, Purpose::look);
    if (!root_fd && root_fd.error().errnum == ENOENT) return does_not_exist(id);
    if (!root_fd) return std::unexpected(std::move(root_fd).error());
    Result<Fd> fd = sys::open_at(*root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd && fd.error().errnum == ENOENT) return does_not_exist(id);
    if (!fd) return fail_errno(fd.error().errnum, "openat", "look at the container in", root + "/" + id);
    return Directory(std::move(*root_fd), std::move(*fd), id);
}

Result<> Directory::lock(std::chrono::milliseconds deadline) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (::flock(directory_.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno("flock", "lock the container", quoted(id_));
        if (std::chrono::steady_clock::now() >= end) {
            return fail(
                {.fault = Fault::timed_out,
                 .operation = "lock the container",
                 .object = quoted(id_),
                 .detail = "another ocirt has been working on it for " + std::to_string(deadline.count()) + " ms"});
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    struct stat status{};
    if (::fstat(directory_.get(), &status) != 0) return fail_errno("fstat", "look at the state of", quoted(id_));
    return status.st_nlink == 0 ? does_not_exist(id_) : Result<>{};
}

void Directory::unlock() { (void)::flock(directory_.get(), LOCK_UN); }

bool Directory::is_locked_by_other() const {
    // Another open description: flock is of the description, and ours may hold the lock.
    const Result<Fd> again = sys::open_at(directory_, ".", O_RDONLY | O_DIRECTORY);
    return again && ::flock(again->get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<> Directory::write(const Record& record) const {
    TRY(draft(record));
    return publish();
}

Result<> Directory::draft(const Record& record) const {
    const std::string text = to_json(record);
    const Fd file = TRY(sys::open_at(directory_, record_draft, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    return sys::write_all(file, text.data(), text.size());
}

// Where there is a record, the two change places and the old one is removed: a rename over it would have ext4 write the
// new one to the disk at once (auto_da_alloc), and `delete` wait for that. A record need not outlive the machine.
Result<> Directory::publish() const {
    const int directory = directory_.get();
    if (::renameat2(directory, record_draft, directory, record_name, RENAME_EXCHANGE) == 0) {
        (void)::unlinkat(directory, record_draft, 0);
        return {};
    }
    if (::renameat(directory, record_draft, directory, record_name) != 0)
        return fail_errno("renameat", "write the state record of", quoted(id_));
    return {};
}

Result<Record> Directory::read() const {
    const Result<Fd> file = sys::open_at(directory_, record_name, O_RDONLY | O_NOFOLLOW);
    if (!file && file.error().errnum == ENOENT) {
        return fail({.fault = Fault::not_found,
                     .operation = "read the state record of",
                     .object = quoted(id_),
                     .detail = "the container does not exist: its creation was cut short"});
    }
    if (!file) return std::unexpected(file.error());
    return from_json(TRY(sys::read_all(*file, record_limit)));
}

Result<> Directory::write_config(std::string_view text) const {
    const Fd file = TRY(sys::open_at(directory_, config_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    return sys::write_all(file, text.data(), text.size());
}

Result<std::string> Directory::read_config() const {
    const Fd file = TRY(sys::open_at(directory_, config_name, O_RDONLY | O_NOFOLLOW));
    return sys::read_all(file, record_limit);
}

bool Directory::has_notify_socket() const {
    return ::faccessat(directory_.get(), notify_socket, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool Directory::has_start_socket() const {
    return ::faccessat(directory_.get(), start_socket, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<> Directory::remove_start_socket() const {
    if (::unlinkat(directory_.get(), start_socket, 0) == 0 || errno == ENOENT) return {};
    return fail_errno("unlinkat", "remove the start socket of", quoted(id_));
}

Result<> Directory::unlink(const char* name) const {
    if (::unlinkat(directory_.get(), name, 0) == 0 || errno == ENOENT) return {};
    return fail_errno("unlinkat", "remove the state of", quoted(id_));
}

// Its lock is held as long as it lives.
bool Directory::has_monitor() const {
    const Result<Fd> lock = sys::open_at(directory_, monitor_lock, O_RDWR | O_NOFOLLOW);
    return lock && ::flock(lock->get(), LOCK_EX | LOCK_NB) != 0;
}

Result<> Directory::clear() const {
    const bool watched = has_monitor();
    for (const std::string& name : TRY(sys::names_in(directory_))) {
        constexpr std::string_view own[] = {start_socket, notify_socket, config_name,
                                            record_draft, exit_file,     record_name};
        if (!watched || std::ranges::find(own, name) != std::end(own)) TRY(unlink(name.c_str()));
    }
    return {};
}

Result<> Directory::remove() const {
    // Also what a monitor, or another version of ocirt, keeps there; it may just be writing how the container ended.
    constexpr int tries = 100;
    for (int i = 0; i < tries; ++i) {
        // The record last: until then `delete` finds it again.
        for (const std::string& name : TRY(sys::names_in(directory_)))
            if (name != record_name) TRY(unlink(name.c_str()));
        TRY(unlink(record_name));
        if (::unlinkat(root_.get(), id_.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
        if (errno != ENOTEMPTY) break;
    }
    return fail_errno("unlinkat", "remove the state directory of", quoted(id_));
}

Result<std::vector<std::string>> list_ids(const std::string& root) {
    const Result<Fd> directory = open_root(root, Purpose::look);
    if (!directory && directory.error().errnum == ENOENT) return {};
    if (!directory) return std::unexpected(directory.error());
    std::vector<std::string> ids = TRY(sys::names_in(*directory));
    std::erase_if(ids, [](const std::string& name) { return !check_id(name); });
    return ids;
}

}  // namespace ocirt::state
