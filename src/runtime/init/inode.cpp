#include "runtime/init/inode.h"

#include "runtime/init/kernel.h"
#include "runtime/init/try.h"

namespace ocirt::init {

Result status(long fd, struct statx& file) {
    return sys::call(__NR_statx, fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, &file);
}

namespace {

Result is_on(long fd, long filesystem_magic) {
    struct statfs filesystem;
    TRY(sys::call(__NR_fstatfs, fd, &filesystem));
    return {filesystem.f_type == filesystem_magic};
}

}  // namespace

Result is_on_procfs(long fd) { return is_on(fd, PROC_SUPER_MAGIC); }

Result is_on_devpts(long fd) { return is_on(fd, DEVPTS_SUPER_MAGIC); }

Result is_directory(long fd) {
    struct statx file;
    TRY(status(fd, file));
    return {S_ISDIR(file.stx_mode)};
}

}  // namespace ocirt::init
