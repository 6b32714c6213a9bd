// What an open descriptor really is: files that init trusts are verified by inode, never by name.
#pragma once

#include "runtime/init/sys.h"

struct statx;

namespace ocirt::init {

inline constexpr uint64_t proc_root_inode = 1;

// statx of the inode itself, mount id included.
Result status(long fd, struct statx& file);

// 1 if the file is on a procfs.
Result is_on_procfs(long fd);
// 1 if the file is on a devpts.
Result is_on_devpts(long fd);

// 1 if it is a directory.
Result is_directory(long fd);

}  // namespace ocirt::init
