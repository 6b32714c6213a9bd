// What is mounted where, read from /proc/self/mountinfo (proc_pid_mountinfo(5)).
#pragma once

#include "runtime/init/machine.h"

namespace ocirt::init {

// Takes away every procfs and sysfs whose whole tree can be seen from "/", which is still the host's: unmounted, or
// covered by an empty directory where the kernel does not let go of it. What the container's root holds stays.
Result hide_full_mounts(Machine& machine);

}  // namespace ocirt::init
