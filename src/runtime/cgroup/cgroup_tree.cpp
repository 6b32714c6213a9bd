#include "runtime/cgroup/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {

namespace {

constexpr std::size_t procs_limit = 64u << 20;

bool vanished(int errnum) { return errnum == ENOENT || errnum == ENODEV; }

Fd open_below(const Fd& directory, const char* name) {
    return Fd(::openat(directory.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The names of the directories in a directory that was just opened.
Result<std::vector<std::string>> subdirectories(const Fd& directory) {
    std::vector<std::string> names;
    struct stat status{};
    // Every subdirectory's ".." is a link: with two there is none, and no need to read thirty files' names.
    if (::fstat(directory.get(), &status) == 0 && status.st_nlink == 2) return names;
    alignas(dirent64) char buffer[8192];
    for (;;) {
        const ssize_t size = ::getdents64(directory.get(), buffer, sizeof buffer);
        if (size < 0 && vanished(errno)) return names;
        if (size < 0) return fail_errno("getdents64", "list sub-cgroups");
        if (size == 0) return names;
        for (ssize_t at = 0; at < size;) {
            const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
            at += entry->d_reclen;
            const std::string_view name = entry->d_name;
            if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
        }
    }
}

Result<> add_pids(const Fd& directory, std::vector<pid_t>& pids) {
    const auto text = read_file(directory, "cgroup.procs", procs_limit);
    // A threaded cgroup answers EOPNOTSUPP: its processes are listed by its domain.
    if (!text && (vanished(text.error().errnum) || text.error().errnum == EOPNOTSUPP)) return {};
    if (!text) return std::unexpected(text.error());
    std::string_view rest = *text;
    while (!rest.empty()) {
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), pid);
        if (error != std::errc{}) break;
        if (pid > 0) pids.push_back(pid);
        rest.remove_prefix(std::min(rest.size(), static_cast<std::size_t>(end - rest.data()) + 1));
    }
    return {};
}

}  // namespace

// Depth first with one descriptor, going up by "..": depth is the container's choice, descriptors are ours.
Result<std::vector<pid_t>> pids_below(const Fd& top) {
    std::vector<pid_t> pids;
    Fd current = open_below(top, ".");
    if (!current && vanished(errno)) return pids;
    if (!current) return fail_errno("openat", "open cgroup");
    std::vector<std::vector<std::string>> pending;
    TRY(add_pids(current, pids));
    pending.push_back(TRY(subdirectories(current)));
    for (;;) {
        if (pending.back().empty()) {
            pending.pop_back();
            if (pending.empty()) break;
            current = open_below(current, "..");
            if (!current) return fail_errno("openat", "open parent cgroup");
            continue;
        }
        Fd child = open_below(current, pending.back().back().c_str());
        pending.back().pop_back();
        if (!child) continue;  // gone
        current = std::move(child);
        TRY(add_pids(current, pids));
        pending.push_back(TRY(subdirectories(current)));
    }
    std::ranges::sort(pids);
    pids.erase(std::ranges::unique(pids).begin(), pids.end());
    return pids;
}

namespace {

enum class Removal { gone, busy, failed };

Removal remove_directory(int parent, const char* name) {
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || vanished(errno)) return Removal::gone;
    return errno == EBUSY || errno == ENOTEMPTY ? Removal::busy : Removal::failed;
}

// Everything below `top`, leaves first.
Result<bool> remove_below(Fd top, const std::string& path) {
    Fd current = std::move(top);
    std::vector<std::string> names;  // the way down
    std::vector<std::vector<std::string>> pending;
    pending.push_back(TRY(subdirectories(current)));
    for (;;) {
        if (!pending.back().empty()) {
            Fd child = open_below(current, pending.back().back().c_str());
            if (child) {
                names.push_back(pending.back().back());
                current = std::move(child);
                pending.back().pop_back();
                pending.push_back(TRY(subdirectories(current)));
            } else {
                pending.back().pop_back();
            }
            continue;
        }
        if (names.empty()) return true;
        current = open_below(current, "..");
        if (!current) return false;  // taken away under us: start over
        const Removal removal = remove_directory(current.get(), names.back().c_str());
        if (removal == Removal::failed) return fail_errno("unlinkat", "remove cgroup", path + "/…/" + names.back());
        if (removal == Removal::busy) return false;
        names.pop_back();
        pending.pop_back();
    }
}

}  // namespace

Result<bool> remove_tree(const std::string& path) {
    Removal removal = remove_directory(AT_FDCWD, path.c_str());
    if (removal == Removal::gone) return true;
    const int errnum = errno;
    auto directory = open_directory(path);
    // A read-only mount answers EROFS for what is not there too.
    if (!directory && vanished(directory.error().errnum)) return true;
    if (removal == Removal::failed) return fail_errno(errnum, "unlinkat", "remove cgroup", path);
    if (!TRY(remove_below(TRY(std::move(directory)), path))) return false;
    removal = remove_directory(AT_FDCWD, path.c_str());
    if (removal == Removal::failed) return fail_errno("unlinkat", "remove cgroup", path);
    return removal == Removal::gone;
}

}  // namespace ocirt::cgroup
