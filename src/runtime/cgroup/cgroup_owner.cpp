// Cgroup's delegation to the container's user.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {
namespace {

constexpr gid_t unchanged = static_cast<gid_t>(-1);

// What may be given away without giving away a limit: since kernel 4.15 the kernel tells (cgroups(7)).
std::vector<std::string> delegated_files() {
    const auto text = read_file("/sys/kernel/cgroup/delegate", control_file_limit);
    if (!text) return {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads"};
    std::vector<std::string> files;
    for (std::size_t begin = 0; begin < text->size();) {
        const std::size_t end = std::min(text->find('\n', begin), text->size());
        if (end > begin) files.push_back(text->substr(begin, end - begin));
        begin = end + 1;
    }
    return files;
}

}  // namespace

Result<> Cgroup::give_to(uid_t owner) {
    Member* member = unified();
    if (member == nullptr) return {};
    const Fd& place = *TRY(directory(*member));
    const auto failed = [&](const std::string& file) {
        Error error =
            fail_errno("fchownat", "give to user " + std::to_string(owner), member->place.path + file).error();
        error.pointer = "/process/user/uid";
        return fail(std::move(error));
    };
    if (::fchown(place.get(), owner, unchanged) != 0) return failed("");
    for (const std::string& file : delegated_files())
        if (::fchownat(place.get(), file.c_str(), owner, unchanged, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT)
            return failed("/" + file);
    return {};
}

Result<> Cgroup::delegate(const std::string& name, std::optional<uid_t> owner, pid_t pid) {
    const Member* member = unified();
    if (member == nullptr) return {};
    Place place{.version = Version::v2, .path = member->place.path + "/" + name, .controllers = {}};
    if (::mkdir(place.path.c_str(), 0755) != 0) return fail_errno("mkdir", "create cgroup", place.path);
    Cgroup below = open({std::move(place)});
    if (owner) TRY(below.give_to(*owner));
    return below.attach(pid);
}

}  // namespace ocirt::cgroup
