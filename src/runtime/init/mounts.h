// Mounts, by descriptor: a tree is made detached, changed while nobody sees it, and attached to a place that was
// resolved once (threats A1, A7).
#pragma once

#include "runtime/init/machine.h"

struct mount_attr;

namespace ocirt::init {

// True where the kernel has mount_setattr (Linux 5.12) and lets init call it.
bool has_mount_setattr();

// move_mount of `tree` onto what `target` holds.
Result attach(long tree, long target);

// A detached copy of the mounts at `source`.
Result clone_tree(long source, bool recursive);

// mount_setattr of the mount `fd` is the root of.
Result set_attributes(long fd, mount_attr attributes, bool recursive);

// The same where the kernel lacks mount_setattr, for an attached mount: mount(2) by way of procfs. Attributes of a
// whole tree cannot be changed so (ENOSYS); propagation can.
Result remount(Machine& machine, int fd, const mount_attr& attributes, bool recursive);

// Keeps the mount that `root` is the root of, if the program takes its mounts back when it fails (Leave).
Result remember_mount(Machine& machine, Fd&& root);
// Unmounts what was remembered, the last one first.
void take_back_mounts(Machine& machine);

// Covers `directory` by an empty read-only tmpfs: one for all of this machine.
Result cover_directory(Machine& machine, long directory);

// MOUNT_ATTR_* as mount(2)'s MS_*.
uint64_t mount_flags(uint64_t attributes);

}  // namespace ocirt::init
