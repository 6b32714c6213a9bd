#include "runtime/lifecycle/annotations.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <sstream>
#include <string>

#include "common/syscall.h"

namespace ocirt::lifecycle {
namespace {

constexpr const char* directory = "/etc/ocirt";
constexpr const char* file = "annotations.conf";
constexpr std::size_t size_limit = 64 << 10;
constexpr uid_t overflow_uid = 65534;  // how an owner reads who is not mapped: the host's root in a user namespace

// Root of a user namespace of this user's own making. The namespace of a host's root, and one that somebody else made
// for this root, are none: the groups there are the system's.
bool is_root_of_own_namespace() {
    const Result<Fd> self = sys::open("/proc/self/ns/user", O_RDONLY);
    const Result<Fd> map = sys::open("/proc/self/uid_map", O_RDONLY);
    uid_t owner = 0;
    if (!self || !map || ::ioctl(self->get(), NS_GET_OWNER_UID, &owner) != 0 || owner != ::geteuid()) return false;
    const Result<std::string> text = sys::read_all(*map, size_limit);
    if (!text) return false;
    std::istringstream lines(*text);
    for (std::uint32_t inside = 0, outside = 0, size = 0; lines >> inside >> outside >> size;)
        if (inside == 0) return outside != 0;
    return false;
}

bool is_administrators(const Fd& opened, bool unprivileged) {
    struct stat status{};
    if (::fstat(opened.get(), &status) != 0) return false;
    const bool owner = status.st_uid == 0 || (unprivileged && status.st_uid == overflow_uid);
    return owner && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

plan::Annotations untrusted(const std::string& why) {
    return {.note = std::string(directory) + "/" + file + " " + why};
}

// Nothing where there is no such file.
std::optional<plan::Annotations> read_file(bool unprivileged) {
    const auto missing = [](const Error& error) { return error.errnum == ENOENT; };
    const Result<Fd> parent = sys::open(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!parent && missing(parent.error())) return std::nullopt;
    if (!parent) return untrusted("cannot be looked for");
    const Result<Fd> opened = sys::open_at(*parent, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened && missing(opened.error())) return std::nullopt;
    if (!opened) return untrusted("cannot be opened");
    if (!is_administrators(*parent, unprivileged) || !is_administrators(*opened, unprivileged))
        return untrusted("or its directory is not root's alone to write");
    const Result<std::string> text = sys::read_all(*opened, size_limit);
    if (!text) return untrusted("cannot be read");
    return plan::Annotations{.allowed = plan::parse_allowed_annotations(*text)};
}

}  // namespace

plan::Annotations allowed_annotations(const spec::StringMap& wanted) {
    const auto of_crun = [](const auto& entry) { return entry.first.starts_with(plan::annotation_prefix); };
    if (std::ranges::none_of(wanted, of_crun)) return {};
    const bool unprivileged = ::geteuid() != 0 || is_root_of_own_namespace();
    if (std::optional<plan::Annotations> named = read_file(unprivileged)) return *std::move(named);
    if (!unprivileged) return {};
    return {.allowed = {std::string(plan::keep_original_groups)}};
}

}  // namespace ocirt::lifecycle
