// init's own view of procfs. A container can mount over its /proc, or make any path of its rootfs look like one: what
// init writes to or looks up in procfs goes through a mount that only init has (threats A8, B4).
#pragma once

#include "runtime/init/machine.h"

namespace ocirt::init {

// The descriptor of a procfs root, verified (PROC_SUPER_MAGIC, inode 1): a new detached mount; where the kernel refuses
// that (parts of /proc are covered) a detached copy of /proc; else /proc as it is. Opened once, at the first call: the
// latter two need "/" to be the host's, so a program that needs procfs has it opened before it leaves (keep_procfs).
Result procfs(Machine& machine);

// Opens procfs now if this program or this kernel will need it later.
Result keep_procfs(Machine& machine);

// Opens `path` below the procfs root: nothing mounted over it and no magic link is followed.
Result open_in_procfs(Machine& machine, const char* path, uint64_t flags);

// Makes the procfs root the working directory and `path` the name there of what `fd` holds ("self/fd/12"), for the few
// old calls that take no descriptor. leave_procfs afterwards.
Result enter_procfs(Machine& machine, int fd, TextBuffer<32>& path);
Result leave_procfs(Machine& machine);

}  // namespace ocirt::init
