// Whether a restored process may be what its image made it. An image says what a process was; that it is no more than
// config.json lets one become is checked before it runs (threat F3).
#pragma once

#include <cstdint>
#include <string_view>

#include "common/error.h"
#include "runtime/plan/plan.h"
#include "runtime/spec/config.h"

namespace ocirt::checkpoint {

// Of proc_pid_status(5), as the host sees it.
struct ProcessStatus {
    std::uint32_t uids[4]{};  // real, effective, saved, filesystem
    std::uint32_t gids[4]{};
    std::uint64_t inheritable = 0;
    std::uint64_t permitted = 0;
    std::uint64_t effective = 0;
    std::uint64_t bounding = 0;
    std::uint64_t ambient = 0;
    bool no_new_privileges = false;
    bool has_filter = false;  // seccomp(2), mode 2
};
[[nodiscard]] ProcessStatus parse_status(std::string_view text);

// What a process of the container can come to at most. A program with no_new_privileges gains nothing by execve; one
// without may become whatever the set-user-ID programs in its rootfs make of it.
struct Bounds {
    std::uint64_t bounding = 0;
    std::uint64_t permitted = 0;
    bool no_new_privileges = false;
    bool filter = false;
    std::uint32_t uid = 0;  // of the host
    std::uint32_t gid = 0;
};
[[nodiscard]] Bounds bounds_of(const plan::Plan& plan, const spec::Config& config);

// Errors: Fault::corrupted with the pointer of what the image does not keep to.
[[nodiscard]] Result<> check_process(const ProcessStatus& status, const Bounds& bounds);

}  // namespace ocirt::checkpoint
