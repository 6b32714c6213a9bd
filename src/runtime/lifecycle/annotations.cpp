#include "runtime/lifecycle/annotations.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>

#include "common/administrators_list.h"
#include "common/syscall.h"

namespace ocirt::lifecycle {
namespace {

constexpr std::size_t size_limit = 64 << 10;

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

}  // namespace

plan::Annotations allowed_annotations(const spec::StringMap& wanted) {
    const auto of_crun = [](const auto& entry) { return entry.first.starts_with(plan::annotation_prefix); };
    if (std::ranges::none_of(wanted, of_crun)) return {};
    const bool unprivileged = ::geteuid() != 0 || is_root_of_own_namespace();
    if (std::optional<AdministratorsList> list = read_administrators_list("annotations.conf", unprivileged))
        return {.allowed = std::move(list->names), .note = std::move(list->distrust)};
    if (!unprivileged) return {};
    return {.allowed = {std::string(plan::keep_original_groups)}};
}

}  // namespace ocirt::lifecycle
