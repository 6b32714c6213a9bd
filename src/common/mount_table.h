// The mounts of a process, as /proc/PID/mountinfo tells them (proc_pid_mountinfo(5)), and which of them a path leads
// to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/fd.h"

namespace ocirt {

struct MountEntry {
    std::uint64_t id = 0;
    std::uint64_t parent = 0;
    std::string device;  // "0:21"
    std::string root;    // what of the filesystem is mounted
    std::string point;   // where, seen from the process' root
    std::string type;
    bool readonly = false;  // the mount's own flag
};

// Lines that make no sense are skipped: the kernel wrote them. Pure.
[[nodiscard]] std::vector<MountEntry> parse_mountinfo(std::string_view text);

// nullptr: none has this id.
[[nodiscard]] const MountEntry* find_mount(const std::vector<MountEntry>& table, std::uint64_t id);

// Whether `path` is `top` or below it, by names.
[[nodiscard]] bool is_at_or_below(std::string_view path, std::string_view top);

[[nodiscard]] Result<std::vector<MountEntry>> read_mounts(pid_t pid);
[[nodiscard]] Result<std::vector<MountEntry>> read_own_mounts();

// The mount whose root `path` leads to inside `root`, links followed inside it as well. std::nullopt: the path does not
// exist, or is no mount's root.
[[nodiscard]] Result<std::optional<std::uint64_t>> mount_at(const Fd& root, const std::string& path);

}  // namespace ocirt
