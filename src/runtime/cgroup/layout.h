// Where every cgroup controller of this host really is.
//
// Three arrangements exist: v1 (one tree for each controller or group of them), v2 (one tree for all), and hybrids,
// where some controllers, or none, are in the v2 tree and the others in v1 trees. ocirt knows no "mode": it looks each
// controller up. One that the kernel lists but nobody mounted is absent. See cgroups(7), proc_pid_mountinfo(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace ocirt::cgroup {

enum class Version { v1 = 1, v2 = 2 };

struct Hierarchy {
    Version version = Version::v1;
    std::string mount_point;               // absolute: "/sys/fs/cgroup/memory"
    std::vector<std::string> controllers;  // "cpu", "cpuacct"; a named hierarchy has its name: "name=systemd"
    std::string own;                       // this process's cgroup as a path below mount_point: "/", "/user.slice/a"
};

struct Layout {
    std::vector<Hierarchy> hierarchies;

    // nullptr: the controller is absent.
    [[nodiscard]] const Hierarchy* find(std::string_view controller) const;
    // The v2 tree; nullptr where there is none.
    [[nodiscard]] const Hierarchy* unified() const;
};

// The layout that /proc/self/mountinfo and /proc/self/cgroup tell. Pure. The controllers of the v2 tree are in neither:
// the caller fills them in from cgroup.controllers (parse_controllers). Lines that make no sense are skipped: the
// kernel wrote them, and a line of a kind that ocirt does not know is not about cgroups.
//
// A mount may show a part of a hierarchy (inside a container without a cgroup namespace): `own` is then relative to
// that part, and "/" where this process's cgroup is outside of what the mount shows.
[[nodiscard]] Layout parse_layout(std::string_view mountinfo, std::string_view self_cgroup);

// The words of a cgroup.controllers file.
[[nodiscard]] std::vector<std::string> parse_controllers(std::string_view text);

// Reads the three files, each once. A host without cgroups gives an empty layout. `process` is whose cgroups `own` are:
// "self" or a pid. Errors: /proc unreadable.
[[nodiscard]] Result<Layout> read_layout(std::string_view process = "self");

}  // namespace ocirt::cgroup
