#include "common/administrators_list.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/syscall.h"

namespace ocirt {
namespace {

constexpr const char* directory = "/etc/ocirt";
constexpr std::size_t size_limit = 64 << 10;
constexpr uid_t overflow_uid = 65534;  // how an owner reads who is not mapped: the host's root in a user namespace

bool is_administrators(const Fd& opened, bool unprivileged) {
    struct stat status{};
    if (::fstat(opened.get(), &status) != 0) return false;
    const bool owner = status.st_uid == 0 || (unprivileged && status.st_uid == overflow_uid);
    return owner && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

}  // namespace

std::vector<std::string> parse_administrators_list(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    std::vector<std::string> names;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        line = line.substr(0, line.find('#'));
        const std::size_t first = line.find_first_not_of(blank);
        if (first == std::string_view::npos) continue;
        names.emplace_back(line.substr(first, line.find_last_not_of(blank) + 1 - first));
    }
    return names;
}

std::optional<AdministratorsList> read_administrators_list(const std::string& file, bool unprivileged) {
    const auto missing = [](const Error& error) { return error.errnum == ENOENT; };
    const auto distrust = [&file](const char* why) {
        return AdministratorsList{.distrust = std::string(directory) + "/" + file + " " + why};
    };
    const Result<Fd> parent = sys::open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!parent && missing(parent.error())) return std::nullopt;
    if (!parent) return distrust("cannot be looked for");
    const Result<Fd> opened = sys::open_at(*parent, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened && missing(opened.error())) return std::nullopt;
    if (!opened) return distrust("cannot be opened");
    if (!is_administrators(*parent, unprivileged) || !is_administrators(*opened, unprivileged))
        return distrust("or its directory is not root's alone to write");
    const Result<std::string> text = sys::read_all(*opened, size_limit);
    if (!text) return distrust("cannot be read");
    return AdministratorsList{.names = parse_administrators_list(*text)};
}

}  // namespace ocirt
