#include "common/seccomp_flags.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace ocirt {

bool kernel_takes_filter_flags(unsigned flags) {
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) != 0 && errno == EFAULT;
}

}  // namespace ocirt
