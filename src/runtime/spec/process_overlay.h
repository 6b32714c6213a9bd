// What a command line of `exec` changes in a process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "runtime/spec/config.h"

namespace ocirt::spec {

// Every member but args may be empty: then the process keeps what it has.
struct ProcessOverlay {
    std::vector<std::string> args{};
    std::string cwd{};
    std::vector<std::string> env{};  // appended; the last assignment of a name is the one that counts
    std::optional<User> user{};      // replaces uid, gid and groups; the umask stays
    std::vector<std::uint32_t> additional_gids{};
    std::vector<std::string> capabilities{};  // "CAP_KILL" or "kill": bounding, effective and permitted
    std::optional<bool> no_new_privileges{};
    std::string apparmor_profile{};
    std::string selinux_label{};
};

// The container's own process with the overlay on it. No terminal: that is asked for each time.
// Fails with Fault::invalid_argument; the pointer is the option ("--env").
[[nodiscard]] Result<Process> lay_over(Process process, const ProcessOverlay& overlay);

// What a process of a file of its own takes from the container where the file says nothing, as runc and crun have it:
// capabilities, labels, scheduling, and an OOM score that must not be the engine's.
void inherit(Process& process, const Process& container);

}  // namespace ocirt::spec
