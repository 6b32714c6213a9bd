#include "runtime/lifecycle/directory_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ocirt::lifecycle {

Result<DirectoryWatch> DirectoryWatch::make() {
    Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (fd) return DirectoryWatch(std::move(fd));
    auto failed = fail_errno("inotify_init1", "watch directories");
    if (failed.error().errnum == EMFILE) failed.error().hint = "sysctl fs.inotify.max_user_instances is the limit";
    return failed;
}

Result<int> DirectoryWatch::add(const std::string& path, std::uint32_t mask) const {
    const int directory = ::inotify_add_watch(fd_.get(), path.c_str(), mask | IN_ONLYDIR);
    if (directory >= 0) return directory;
    auto failed = fail_errno("inotify_add_watch", "watch the directory", path);
    if (failed.error().errnum == ENOSPC) failed.error().hint = "sysctl fs.inotify.max_user_watches is the limit";
    return failed;
}

void DirectoryWatch::remove(int directory) const { (void)::inotify_rm_watch(fd_.get(), directory); }

std::vector<DirectoryWatch::Change> DirectoryWatch::take() const {
    std::vector<Change> changes;
    alignas(inotify_event) std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return changes;
        for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            at += sizeof event;
            // Padded with zeros.
            changes.push_back({.directory = event.wd,
                               .mask = event.mask,
                               .name = event.len > 0 ? std::string(buffer.data() + at) : std::string()});
            at += event.len;
        }
    }
}

}  // namespace ocirt::lifecycle
