#include "runtime/cgroup/control_file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ocirt::cgroup {

namespace {

Result<std::string> read_all(Fd fd, const std::string& name, std::size_t limit) {
    if (!fd) return fail_errno("openat", "open", name);
    std::string text;
    std::size_t used = 0;
    for (;;) {
        text.resize(used + 4096);
        const ssize_t count = ::read(fd.get(), text.data() + used, text.size() - used);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_errno("read", "read", name);
        used += static_cast<std::size_t>(count);
        if (used > limit) return fail_errno(EFBIG, "read", "read", name);
        if (count == 0) break;
    }
    text.resize(used);
    return text;
}

}  // namespace

Result<Fd> open_directory(const std::string& path) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    Fd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
    if (!fd) return fail_errno("openat2", "open cgroup", path);
    return fd;
}

Result<std::string> read_file(const Fd& directory, const std::string& file, std::size_t limit) {
    return read_all(Fd(::openat(directory.get(), file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)), file, limit);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    return read_all(Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), path, limit);
}

std::string_view chomp(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    return text;
}

Result<Fd> open_for_writing(const Fd& directory, const std::string& file) {
    Fd fd(::openat(directory.get(), file.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return fail_errno("openat", "open", file);
    return fd;
}

Result<Fd> open_for_writing(const std::string& path) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return fail_errno("open", "open", path);
    return fd;
}

Result<> write_once(const Fd& file, std::string_view value, const std::string& name) {
    for (;;) {
        if (::write(file.get(), value.data(), value.size()) >= 0) return {};
        if (errno != EINTR) return fail_errno("write", "write \"" + std::string(value) + "\" to", name);
    }
}

Result<> write_file(const Fd& directory, const std::string& file, std::string_view value) {
    return write_once(TRY(open_for_writing(directory, file)), value, file);
}

}  // namespace ocirt::cgroup
