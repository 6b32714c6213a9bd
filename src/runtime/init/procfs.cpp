#include "runtime/init/procfs.h"

#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/mounts.h"
#include "runtime/init/paths.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

Result new_procfs() {
    const Fd context(TRY(sys::call(__NR_fsopen, "proc", FSOPEN_CLOEXEC)));
    TRY(sys::call(__NR_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    return sys::call(__NR_fsmount, context.get(), FSMOUNT_CLOEXEC,
                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

Result verify(int fd) {
    if (!TRY(is_on_procfs(fd))) return refuse(EXDEV, Detail::wrong_inode);
    struct statx file;
    TRY(status(fd, file));
    if (file.stx_ino != proc_root_inode) return refuse(EXDEV, Detail::wrong_inode);
    return done;
}

}  // namespace

Result procfs(Machine& machine) {
    if (machine.procfs) return {machine.procfs.get()};
    Result opened = new_procfs();
    if (!opened.ok()) opened = sys::call(__NR_open_tree, AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (!opened.ok()) opened = sys::call(__NR_openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    Fd root(TRY(opened));
    TRY(verify(root.get()));
    machine.procfs = static_cast<Fd&&>(root);
    return {machine.procfs.get()};
}

Result keep_procfs(Machine& machine) {
    constexpr plan::Op users[] = {plan::Op::write_sysctl, plan::Op::set_label, plan::Op::leave};
    bool needed = false;
    for (const plan::Op op : users) needed = needed || machine.program.has(op);
    return needed || !has_mount_setattr() ? procfs(machine) : done;
}

Result open_in_procfs(Machine& machine, const char* path, uint64_t flags) {
    const long root = TRY(procfs(machine));
    return openat2(root, path, flags, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

Result enter_procfs(Machine& machine, int fd, TextBuffer<32>& path) {
    const long root = TRY(procfs(machine));
    path.add("self/fd/").add_number(static_cast<uint64_t>(fd));
    return sys::call(__NR_fchdir, root);
}

Result leave_procfs(Machine& machine) { return sys::call(__NR_fchdir, TRY(machine.root())); }

Result perform(Machine& machine, const plan::WriteSysctl<Wire>& step) {
    const Text value = machine.program.text(step.value);
    PathBuffer path;
    path.add("sys/").add(machine.program.text(step.key));
    if (path.overflowed()) return refuse(ENAMETOOLONG);
    const Fd file(TRY(open_in_procfs(machine, path.c_str(), O_WRONLY)));
    TRY(sys::call(__NR_write, file.get(), value.data, value.size));
    return done;
}

}  // namespace ocirt::init
