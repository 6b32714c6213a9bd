// Paths of the container, resolved inside its root and made there when they are missing. No symlink leads outside, and
// what was found is held by descriptor: no path is used twice (threats A1 to A3).
#pragma once

#include "runtime/init/machine.h"

namespace ocirt::init {

inline constexpr uint32_t directory_mode = 0755;  // of directories made on the way
inline constexpr uint32_t file_mode = 0644;       // of files made to be mounted on
inline constexpr int link_limit = 40;             // as the kernel's MAXSYMLINKS

// openat2, close-on-exec, tried again while a rename or a mount elsewhere disturbs it.
Result openat2(long directory, const char* path, uint64_t flags, uint64_t resolve);

// Opens what is at `path` inside the root.
Result open_in_root(Machine& machine, const char* path, uint64_t flags);

enum class Kind { directory, file };

// An O_PATH descriptor of the place to mount on, made when missing as `kind` says. target_flags: plan::TargetFlags.
Result open_target(Machine& machine, Text path, Kind kind, uint32_t target_flags);

// An O_PATH descriptor of the directory at `path`; what is missing is made, the last one with `mode`.
Result make_directories(Machine& machine, Text path, uint32_t mode);

// Where a node is made: the directory (made when missing) and the node's name in it.
struct Place {
    Fd directory;
    PathBuffer path;
    const char* name = nullptr;
};
Result find_place(Machine& machine, Text path, Place& place);

}  // namespace ocirt::init
