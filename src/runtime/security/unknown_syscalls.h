// ENOSYS for system calls that a seccomp profile cannot know.
//
// A profile that answers EPERM by default answers so to system calls younger than itself, too, and C libraries take
// EPERM for the kernel's last word where ENOSYS would let them fall back. Numbers grow with time, so everything above
// the highest number that the profile names is taken for younger. (Not exact: a few calls came to a number out of
// turn.)
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

namespace ocirt::security {

// One system call table: an architecture may hold two (x86_64 and x32).
struct KnownRange {
    std::uint32_t audit_arch = 0;  // AUDIT_ARCH_*, as the kernel puts it into seccomp_data
    std::uint32_t last = 0;        // last number of the table's own space
    std::uint32_t highest = 0;     // highest number that the profile names; first number of the space if none
};

// The number space of an architecture by libseccomp's token, with `highest` at its start.
[[nodiscard]] KnownRange syscall_range(std::uint32_t token);

// Instructions to put in front of a filter: numbers in highest+1..last of each range return ERRNO(ENOSYS), all others
// fall through to what follows. Leaves nothing behind in A or X that the filter would rely on: libseccomp's loads
// first.
[[nodiscard]] std::vector<sock_filter> answer_enosys(std::span<const KnownRange> ranges);

}  // namespace ocirt::security
