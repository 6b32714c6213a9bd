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
#include "runtime/cgroup/unit_annotations.h"

namespace ocirt::lifecycle {
namespace {

constexpr std::size_t size_limit = 64 << 10;

}  // namespace

std::optional<std::uint32_t> own_user_namespace() {
    const Result<Fd> self = sys::open("/proc/self/ns/user", O_RDONLY);
    const Result<Fd> map = sys::open("/proc/self/uid_map", O_RDONLY);
    uid_t owner = 0;
    if (!self || !map || ::ioctl(self->get(), NS_GET_OWNER_UID, &owner) != 0 || owner != ::geteuid())
        return std::nullopt;
    const Result<std::string> text = sys::read_all(*map, size_limit);
    if (!text) return std::nullopt;
    std::istringstream lines(*text);
    for (std::uint32_t inside = 0, outside = 0, size = 0; lines >> inside >> outside >> size;)
        if (inside == 0 && outside != 0) return outside;
    return std::nullopt;
}

plan::Annotations allowed_annotations(const spec::StringMap& wanted) {
    const auto is_judged = [](const auto& entry) {
        return entry.first.starts_with(plan::annotation_prefix) || entry.first.starts_with(cgroup::property_prefix);
    };
    if (std::ranges::none_of(wanted, is_judged)) return {};
    const bool unprivileged = ::geteuid() != 0 || own_user_namespace().has_value();
    if (std::optional<AdministratorsList> list = read_administrators_list("annotations.conf", unprivileged))
        return {.allowed = std::move(list->names), .note = std::move(list->distrust)};
    if (!unprivileged) return {};
    return {.allowed = {std::string(plan::keep_original_groups)}};
}

}  // namespace ocirt::lifecycle
