#include "runtime/lifecycle/exec_user.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "common/syscall.h"
#include "runtime/lifecycle/process.h"
#include "runtime/security/accounts.h"
#include "runtime/spec/finding.h"

namespace ocirt::lifecycle {
namespace {

constexpr std::size_t file_limit = 10u << 20;

std::unexpected<Error> unusable(const std::string& path, std::string detail) {
    return fail({.fault = Fault::invalid_argument,
                 .pointer = "--user",
                 .operation = "read the container's",
                 .object = path,
                 .detail = std::move(detail),
                 .hint = "give numbers instead of names"});
}

// Empty where there is no such file.
Result<std::string> read_database(const Fd& root, const std::string& path) {
    const Result<Fd> file =
        sys::open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (!file && (file.error().errnum == ENOENT || file.error().errnum == ENOTDIR)) return std::string();
    if (!file) return unusable(path, errno_text(file.error().errnum));
    struct stat status{};
    if (::fstat(file->get(), &status) != 0) return fail_errno("fstat", "look at the container's", path);
    if (!S_ISREG(status.st_mode)) return unusable(path, "it is not a regular file");
    if (std::cmp_greater(status.st_size, file_limit))
        return unusable(path, "it is larger than " + std::to_string(file_limit >> 20) + " MiB");
    Result<std::string> text = sys::read_all(*file, file_limit);
    if (!text) return unusable(path, errno_text(text.error().errnum));
    return text;
}

std::unexpected<Error> unknown(const char* what, const std::string& name, const char* path) {
    return fail({.fault = Fault::invalid_argument,
                 .pointer = "--user",
                 .operation = std::string("find the ") + what,
                 .object = spec::quoted(name),
                 .detail = std::string("the container's ") + path + " has no such " + what});
}

}  // namespace

Result<spec::User> find_user(const Fd& root, const std::string& words, const spec::User& current) {
    constexpr const char* passwd_path = "/etc/passwd";
    constexpr const char* group_path = "/etc/group";
    const security::UserWords parsed = TRY(security::parse_user_words(words));
    const std::optional<std::uint32_t> uid = TRY(security::parse_id(parsed.user));
    const std::optional<std::uint32_t> gid =
        parsed.group.empty() ? std::nullopt : TRY(security::parse_id(parsed.group));
    spec::User user = current;
    const bool names_group = !parsed.group.empty() && !gid;
    const bool member_of = !uid && parsed.group.empty();
    const std::string groups = names_group || member_of ? TRY(read_database(root, group_path)) : std::string();
    if (uid) {
        user.uid = *uid;
    } else {
        const auto account = security::find_account(TRY(read_database(root, passwd_path)), parsed.user);
        if (!account) return unknown("user", parsed.user, passwd_path);
        user.uid = account->uid;
        user.gid = account->gid;
        user.additional_gids = member_of ? security::groups_of(groups, parsed.user) : std::vector<std::uint32_t>();
    }
    if (gid) user.gid = *gid;
    if (names_group) {
        const auto found = security::find_group(groups, parsed.group);
        if (!found) return unknown("group", parsed.group, group_path);
        user.gid = *found;
    }
    return user;
}

Result<Fd> open_root_of(pid_t pid, const Fd& pidfd) {
    const std::string path = "/proc/" + std::to_string(pid) + "/root";
    Result<Fd> root = sys::open(path, O_PATH | O_DIRECTORY);
    // Looked at after the directory is held: until then the pid was this process's.
    if (TRY(wait_for_end(pidfd, std::chrono::milliseconds(0))))
        return fail({.fault = Fault::wrong_state,
                     .operation = "enter the container",
                     .detail = "container not running: it has just ended"});
    return root;
}

}  // namespace ocirt::lifecycle
