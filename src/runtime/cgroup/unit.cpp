#include "runtime/cgroup/unit.h"

#include <algorithm>

namespace ocirt::cgroup {
namespace {

constexpr std::size_t unit_name_limit = 255;
constexpr std::string_view slice_suffix = ".slice";
constexpr std::string_view scope_suffix = ".scope";

std::unexpected<Error> refuse(std::string_view object, std::string detail, std::string hint = {}) {
    return fail({.fault = Fault::invalid_config,
                 .pointer = "/linux/cgroupsPath",
                 .operation = "systemd unit",
                 .object = std::string(object),
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

bool is_unit_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":_.-\\@").find(c) != std::string_view::npos;
}

// As systemd-escape(1) writes what a name cannot have.
std::string escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (const char c : text) {
        if (is_unit_character(c) && c != '\\') {
            name += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        name += "\\x";
        name += digits[byte >> 4];
        name += digits[byte & 15];
    }
    return name;
}

Result<> check_name(std::string_view name) {
    if (name.size() > unit_name_limit) return refuse(name.substr(0, 64), "longer than 255 bytes");
    if (!std::ranges::all_of(name, is_unit_character))
        return refuse(name, "a unit's name has letters, digits and :_.\\-@ only",
                      "systemd-escape(1) writes the others");
    return {};
}

// systemd takes the dashes for the way from the root.
Result<> check_slice(std::string_view slice) {
    TRY(check_name(slice));
    if (!slice.ends_with(slice_suffix)) return refuse(slice, "not a slice", "write SLICE.slice:PREFIX:NAME");
    if (slice == "-.slice") return {};
    const std::string_view stem = slice.substr(0, slice.size() - slice_suffix.size());
    if (stem.empty() || stem.starts_with('-') || stem.ends_with('-') || stem.find("--") != std::string_view::npos)
        return refuse(slice, "a slice lies in the slice that its name has before the last dash: none may be empty");
    return {};
}

std::string default_slice(Session session) { return session ? "user.slice" : "system.slice"; }

std::vector<std::string> paths_at(const Layout& layout, std::string_view own) {
    std::vector<std::string> paths;
    paths.reserve(layout.hierarchies.size());
    for (const Hierarchy& hierarchy : layout.hierarchies)
        paths.push_back(std::string(hierarchy.mount_point == "/" ? "" : hierarchy.mount_point).append(own));
    return paths;
}

// The hierarchy in which systemd puts every process of a unit.
const Hierarchy* systemds_own(const Layout& layout) {
    const Hierarchy* named = layout.find("name=systemd");
    return named != nullptr ? named : layout.unified();
}

}  // namespace

Result<Unit> container_unit(std::string_view cgroups_path, std::string_view id, Session session) {
    if (cgroups_path.empty()) {
        Unit unit{
            .name = "ocirt-" + escaped(id).append(scope_suffix), .slice = default_slice(session), .session = session};
        TRY(check_name(unit.name));
        return unit;
    }
    const std::size_t first = cgroups_path.find(':');
    const std::size_t second = first == std::string_view::npos ? first : cgroups_path.find(':', first + 1);
    if (second == std::string_view::npos || cgroups_path.find(':', second + 1) != std::string_view::npos)
        return refuse(cgroups_path, "not of the form SLICE:PREFIX:NAME, which the systemd cgroup manager takes",
                      "such as system.slice:ocirt:web; a path is for --cgroup-manager=cgroupfs");
    const std::string_view slice = cgroups_path.substr(0, first);
    const std::string_view prefix = cgroups_path.substr(first + 1, second - first - 1);
    const std::string_view name = cgroups_path.substr(second + 1);
    if (name.empty()) return refuse(cgroups_path, "the name is missing", "write SLICE:PREFIX:NAME");
    if (name.ends_with(slice_suffix))
        return refuse(name, "systemd keeps no processes in a slice", "leave out \".slice\": the unit is a scope");
    Unit unit{.name = std::string(prefix), .slice = std::string(slice), .session = session};
    if (slice.empty()) unit.slice = default_slice(session);
    TRY(check_slice(unit.slice));
    (unit.name += prefix.empty() ? "" : "-").append(name).append(scope_suffix);
    TRY(check_name(unit.name));
    return unit;
}

std::string slice_path(std::string_view slice) {
    if (slice == "-.slice") return {};
    const std::string_view stem = slice.substr(0, slice.size() - slice_suffix.size());
    std::string path;
    for (std::size_t dash = stem.find('-');; dash = stem.find('-', dash + 1)) {
        path.append("/").append(stem.substr(0, dash)).append(slice_suffix);
        if (dash == std::string_view::npos) return path;
    }
}

std::vector<std::string> expected_unit_paths(const Layout& layout, const Unit& unit) {
    std::string own;
    if (unit.session) {
        const std::string uid = std::to_string(*unit.session);
        own = "/user.slice/user-" + uid + ".slice/user@" + uid + ".service";
    }
    return paths_at(layout, own + slice_path(unit.slice) + "/" + unit.name);
}

Result<std::vector<std::string>> unit_paths(const Layout& layout, const Layout& process, const Unit& unit) {
    const Hierarchy* own = systemds_own(process);
    if (own != nullptr && own->own.ends_with("/" + unit.name)) return paths_at(layout, own->own);
    return fail({.fault = Fault::wrong_state,
                 .operation = "find the cgroup of the systemd unit",
                 .object = unit.name,
                 .detail = own == nullptr ? "this host shows no cgroups of systemd's"
                                          : "its process is in " + own->own + ", as this process sees it"});
}

}  // namespace ocirt::cgroup
