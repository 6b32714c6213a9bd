// Which flags this kernel's seccomp(2) takes.
#pragma once

namespace ocirt {

// All of `flags` (SECCOMP_FILTER_FLAG_*) together. Asks with a filter that is missing, which is what a kernel that has
// the flags complains of.
[[nodiscard]] bool kernel_takes_filter_flags(unsigned flags);

}  // namespace ocirt
