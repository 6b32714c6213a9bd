#include "common/syscall.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace ocirt::sys {

Result<Fd> open(const std::string& path, int flags, mode_t mode) {
    Fd fd(::open(path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd) return fail_errno("open", "open", path);
    return fd;
}

Result<Fd> open_at(const Fd& directory, const std::string& path, int flags, mode_t mode) {
    Fd fd(::openat(directory.get(), path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd) return fail_errno("openat", "open", path);
    return fd;
}

Result<Fd> open_beneath(const Fd& directory, const std::string& path, std::uint64_t flags, std::uint64_t resolve) {
    open_how how{.flags = flags | O_CLOEXEC, .mode = 0, .resolve = resolve};
    for (int attempt = 0;; ++attempt) {
        Fd fd(static_cast<int>(::syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof(how))));
        if (fd) return fd;
        if (errno != EAGAIN || attempt == 100) return fail_errno("openat2", "open", path);
    }
}

Result<> make_directory_at(const Fd& directory, const std::string& name, mode_t mode, bool existing_ok) {
    if (::mkdirat(directory.get(), name.c_str(), mode) == 0) return {};
    if (errno == EEXIST && existing_ok) return {};
    return fail_errno("mkdirat", "make the directory", name);
}

Result<std::string> read_all(const Fd& file, std::size_t limit) {
    std::string text;
    struct stat status{};
    std::size_t chunk = 4096;
    if (::fstat(file.get(), &status) == 0 && status.st_size > 0) {
        chunk = static_cast<std::size_t>(status.st_size) + 1;
        if (chunk > limit + 1) return fail_errno(EFBIG, "read", "read");
    }
    for (;;) {
        const std::size_t used = text.size();
        text.resize(used + chunk);
        const ssize_t got = ::read(file.get(), text.data() + used, chunk);
        if (got < 0 && errno == EINTR) {
            text.resize(used);
            continue;
        }
        if (got < 0) return fail_errno("read", "read");
        text.resize(used + static_cast<std::size_t>(got));
        if (got == 0) return text;
        if (text.size() > limit) return fail_errno(EFBIG, "read", "read");
        chunk = 4096;
    }
}

Result<> write_all(const Fd& file, const void* data, std::size_t size) {
    const char* next = static_cast<const char*>(data);
    while (size != 0) {
        const ssize_t written = ::write(file.get(), next, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail_errno("write", "write");
        next += written;
        size -= static_cast<std::size_t>(written);
    }
    return {};
}

Result<> write_file(const std::string& path, const std::string& text) {
    const Fd file = TRY(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    return write_all(file, text.data(), text.size());
}

bool is_at(const Fd& directory, const std::string& name, const Fd& file) {
    struct stat named{};
    struct stat opened{};
    return ::fstatat(directory.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ::fstat(file.get(), &opened) == 0 && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe2", "make a pipe");
    return Pipe{.reader = Fd(ends[0]), .writer = Fd(ends[1])};
}

Result<std::vector<std::string>> names_in(const Fd& directory) {
    Fd again = TRY(open_at(directory, ".", O_RDONLY | O_DIRECTORY));
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(again.get()), ::closedir);
    if (!list) return fail_errno("fdopendir", "list the directory");
    (void)again.release();  // closedir closes it
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(list.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    std::ranges::sort(names);
    return names;
}

// <sys/pidfd.h> of glibc 2.36 declares these for C only.
Result<Fd> open_pidfd(pid_t pid) {
    Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!fd) return fail_errno("pidfd_open", "open the process", std::to_string(pid));
    return fd;
}

Result<> send_signal(const Fd& pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0) return {};
    return fail_errno("pidfd_send_signal", "send the signal", std::to_string(signal));
}

Result<Fd> take_descriptor(const Fd& pidfd, int number) {
    Fd fd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd.get(), number, 0)));
    if (!fd) return fail_errno("pidfd_getfd", "take the descriptor", std::to_string(number));
    return fd;
}

Result<Fd> open_tree(const std::string& path, unsigned flags) {
    Fd fd(::open_tree(AT_FDCWD, path.c_str(), flags | OPEN_TREE_CLOEXEC));
    if (!fd) return fail_errno("open_tree", "open", path);
    return fd;
}

}  // namespace ocirt::sys
