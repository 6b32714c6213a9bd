#include "runtime/cgroup/cgroups_path.h"

#include <algorithm>

namespace ocirt::cgroup {

namespace {

constexpr std::size_t path_limit = 4000;  // leaves room for a file's name below PATH_MAX
constexpr std::size_t name_limit = 255;

std::unexpected<Error> refuse(std::string_view path, std::string detail, std::string hint = {}) {
    return fail({.fault = Fault::invalid_config,
                 .operation = "cgroup path",
                 .object = std::string(path),
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

// "/a/b" for "a//./c/../b": lexical cleaning is exact here, since cgroupfs has no symlinks. Refuses what climbs out.
Result<std::string> clean(std::string_view path) {
    if (path.size() > path_limit) return refuse(path.substr(0, 64), "longer than 4000 bytes");
    if (path.find('\n') != std::string_view::npos || path.find('\0') != std::string_view::npos)
        return refuse(path, "a cgroup's name has no newline or NUL in it");
    std::vector<std::string_view> names;
    for (std::string_view rest = path; !rest.empty();) {
        const std::size_t end = std::min(rest.find('/'), rest.size());
        const std::string_view name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (name.empty() || name == ".") continue;
        if (name == "..") {
            if (names.empty()) return refuse(path, "leads out of its root");
            names.pop_back();
            continue;
        }
        if (name.size() > name_limit) return refuse(path, "a name in it is longer than 255 bytes");
        names.push_back(name);
    }
    std::string cleaned;
    for (std::string_view name : names) (cleaned += '/') += name;
    return cleaned;
}

std::string_view parent(std::string_view path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Result<std::vector<std::string>> container_paths(const Layout& layout, std::string_view cgroups_path,
                                                 std::string_view id) {
    const bool absolute = cgroups_path.starts_with('/');
    auto cleaned = clean(cgroups_path.empty() ? id : cgroups_path);
    if (cleaned && cleaned->empty())
        cleaned = refuse(cgroups_path, "names the root itself", "a container needs a cgroup of its own");
    if (!cleaned) {
        cleaned.error().pointer = "/linux/cgroupsPath";
        return std::unexpected(std::move(cleaned).error());
    }
    std::vector<std::string> paths;
    for (const Hierarchy& hierarchy : layout.hierarchies) {
        std::string_view base;
        if (!absolute)
            base = hierarchy.version == Version::v2 ? parent(hierarchy.own) : std::string_view(hierarchy.own);
        if (base == "/") base = {};
        const std::string_view mount_point =
            hierarchy.mount_point == "/" ? "" : std::string_view(hierarchy.mount_point);
        paths.push_back(std::string(mount_point).append(base).append(*cleaned));
    }
    return paths;
}

Result<std::string> sub_cgroup_path(std::string_view container, std::string_view sub_cgroup) {
    return std::string(container) + TRY(clean(sub_cgroup));
}

}  // namespace ocirt::cgroup
