// Facts about files.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "facts.h"

namespace probe {
namespace {

std::string_view type_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG: return "file";
        case S_IFDIR: return "directory";
        case S_IFLNK: return "link";
        case S_IFCHR: return "c";
        case S_IFBLK: return "b";
        case S_IFIFO: return "p";
        default: return "socket";
    }
}

}  // namespace

Json read_file(Words words) {
    const int fd = open(words[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return refused();
    std::string content;
    char buffer[4096];
    ssize_t count = 0;
    while ((count = read(fd, buffer, sizeof(buffer))) > 0 && content.size() < (1u << 20))
        content.append(buffer, static_cast<std::size_t>(count));
    const Json result = count < 0 ? refused() : text(content);
    close(fd);
    return result;
}

Json list(Words words) {
    DIR* directory = opendir(words[0]);
    if (!directory) return refused();
    std::vector<Json> names;
    while (const dirent* entry = readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.push_back(text(name));
    }
    closedir(directory);
    std::ranges::sort(names);
    return array(names);
}

Json link_target(Words words) {
    char target[4096];
    const ssize_t size = readlink(words[0], target, sizeof(target));
    return size < 0 ? refused() : text({target, static_cast<std::size_t>(size)});
}

Json stat_file(Words words) {
    struct stat status{};
    if (lstat(words[0], &status) != 0) return refused();
    return object({{"type", text(type_of(status.st_mode))},
                   {"mode", number(status.st_mode & 07777)},
                   {"uid", number(status.st_uid)},
                   {"gid", number(status.st_gid)},
                   {"major", number(major(status.st_rdev))},
                   {"minor", number(minor(status.st_rdev))},
                   {"size", number(static_cast<int64_t>(status.st_size))}});
}

Json write_file(Words words) {
    const int fd = open(words[0], O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0) return refused();
    const Json result = outcome(write(fd, words[1], std::strlen(words[1])));
    close(fd);
    return result;
}

Json open_file(Words words) {
    const std::string_view access = words[1];
    const int flags = access == "rw" ? O_RDWR : access == "w" ? O_WRONLY : O_RDONLY;
    const int fd = open(words[0], flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const Json result = outcome(fd);
    if (fd >= 0) close(fd);
    return result;
}

Json make_node(Words words) {
    const mode_t type = *words[1] == 'b' ? S_IFBLK : S_IFCHR;
    const dev_t device =
        makedev(static_cast<unsigned>(std::atoi(words[2])), static_cast<unsigned>(std::atoi(words[3])));
    return outcome(mknod(words[0], type | 0600, device));
}

Json bind_mount(Words words) { return outcome(mount(words[0], words[1], nullptr, MS_BIND, nullptr)); }

}  // namespace probe
