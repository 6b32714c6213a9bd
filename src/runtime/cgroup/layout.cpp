#include "runtime/cgroup/layout.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {

namespace {

constexpr std::size_t mountinfo_limit = 64u << 20;

// A mount of type cgroup or cgroup2.
struct CgroupMount {
    Version version = Version::v1;
    std::string root;  // which part of the hierarchy it shows
    std::string mount_point;
    std::vector<std::string> options;  // of the superblock: "rw", "cpu", "cpuacct", "name=systemd"
};

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
        if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
            plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

// id parent major:minor root mount_point options [tag...] - type source super_options
std::optional<CgroupMount> parse_mount(std::string_view line) {
    const std::size_t dash = line.find(" - cgroup");
    if (dash == std::string_view::npos) return std::nullopt;
    const auto head = split(line.substr(0, dash), ' ');
    const auto tail = split(line.substr(dash + 3), ' ');
    if (head.size() < 6 || tail.size() < 3) return std::nullopt;
    if (tail[0] != "cgroup" && tail[0] != "cgroup2") return std::nullopt;
    CgroupMount mount{.version = tail[0] == "cgroup2" ? Version::v2 : Version::v1,
                      .root = unescape(head[3]),
                      .mount_point = unescape(head[4]),
                      .options = {}};
    for (std::string_view option : split(tail.back(), ',')) mount.options.emplace_back(option);
    return mount;
}

// `path` as seen from `root`, or nullopt when it is not below it.
std::optional<std::string> below(std::string_view root, std::string_view path) {
    if (root == "/") return std::string(path);
    if (!path.starts_with(root)) return std::nullopt;
    path.remove_prefix(root.size());
    if (path.empty()) return "/";
    if (path.front() != '/') return std::nullopt;
    return std::string(path);
}

// Of the mounts of one hierarchy the one to work in: one that shows our own cgroup rather than another, then one at the
// usual place rather than another, then the first; of several on one mount point the last, which hides the others.
const CgroupMount* choose(const std::vector<CgroupMount>& mounts, Version version, std::string_view option,
                          std::string_view own) {
    const CgroupMount* best = nullptr;
    int best_rank = -1;
    for (const CgroupMount& mount : mounts) {
        if (mount.version != version) continue;
        if (!option.empty() && std::ranges::find(mount.options, option) == mount.options.end()) continue;
        const int rank = (below(mount.root, own) ? 2 : 0) + (mount.mount_point.starts_with("/sys/fs/cgroup") ? 1 : 0);
        const bool hides = best != nullptr && best->mount_point == mount.mount_point;
        if (!hides && rank <= best_rank) continue;
        best = &mount;
        best_rank = rank;
    }
    return best;
}

// A cgroup namespace shows what is outside as "/..": no path of ours.
std::string own_path(const CgroupMount& mount, std::string_view own) {
    std::string path = below(mount.root, own).value_or("/");
    if (path == "/.." || path.starts_with("/../")) return "/";
    return path;
}

}  // namespace

const Hierarchy* Layout::find(std::string_view controller) const {
    for (const Hierarchy& hierarchy : hierarchies)
        if (std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end()) return &hierarchy;
    return nullptr;
}

const Hierarchy* Layout::unified() const {
    for (const Hierarchy& hierarchy : hierarchies)
        if (hierarchy.version == Version::v2) return &hierarchy;
    return nullptr;
}

Layout parse_layout(std::string_view mountinfo, std::string_view self_cgroup) {
    std::vector<CgroupMount> mounts;
    for (std::string_view line : split(mountinfo, '\n'))
        if (auto mount = parse_mount(line)) mounts.push_back(std::move(*mount));

    Layout layout;
    for (std::string_view line : split(self_cgroup, '\n')) {  // id:controllers:path
        const std::size_t first = line.find(':');
        if (first == std::string_view::npos) continue;
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const auto controllers = split(line.substr(first + 1, second - first - 1), ',');
        const std::string_view own = line.substr(second + 1);
        const Version version = controllers.empty() ? Version::v2 : Version::v1;
        const CgroupMount* mount =
            choose(mounts, version, controllers.empty() ? std::string_view{} : controllers.front(), own);
        if (mount == nullptr) continue;
        layout.hierarchies.push_back({.version = version,
                                      .mount_point = mount->mount_point,
                                      .controllers = {controllers.begin(), controllers.end()},
                                      .own = own_path(*mount, own)});
    }
    return layout;
}

std::vector<std::string> parse_controllers(std::string_view text) {
    std::vector<std::string> controllers;
    for (std::string_view word : split(chomp(text), ' ')) controllers.emplace_back(word);
    return controllers;
}

Result<Layout> read_layout(std::string_view process) {
    auto self_cgroup = read_file("/proc/" + std::string(process) + "/cgroup", control_file_limit);
    if (!self_cgroup) {
        if (self_cgroup.error().errnum == ENOENT) return Layout{};  // a kernel without cgroups
        return std::unexpected(self_cgroup.error());
    }
    Layout layout = parse_layout(TRY(read_file("/proc/self/mountinfo", mountinfo_limit)), *self_cgroup);
    for (Hierarchy& hierarchy : layout.hierarchies) {
        if (hierarchy.version != Version::v2) continue;
        const auto text = read_file(hierarchy.mount_point + "/cgroup.controllers", control_file_limit);
        if (text) hierarchy.controllers = parse_controllers(*text);
    }
    return layout;
}

}  // namespace ocirt::cgroup
