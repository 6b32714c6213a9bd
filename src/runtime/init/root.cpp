// From the host's root to the container's.
#include "runtime/init/kernel.h"
#include "runtime/init/mountinfo.h"
#include "runtime/init/mounts.h"
#include "runtime/init/perform.h"
#include "runtime/init/procfs.h"
#include "runtime/init/try.h"

namespace ocirt::init {

Result perform(Machine&, const plan::SetPropagation<Wire>& step) {
    return sys::call(__NR_mount, nullptr, "/", nullptr, step.flags, nullptr);
}

Result perform(Machine& machine, const plan::AttachRoot<Wire>&) {
    TRY(keep_procfs(machine));
    const long root = TRY(machine.in_slot(plan::slot_root));
    TRY(sys::call(__NR_move_mount, root, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH));
    return sys::call(__NR_fchdir, root);
}

// "." twice stacks the old root on the new one (pivot_root(2)), so nothing of the rootfs is used for it. It is made a
// slave first: its unmounting must not reach the host.
Result perform(Machine& machine, const plan::PivotRoot<Wire>&) {
    const long root = TRY(machine.in_slot(plan::slot_root));
    const Fd old_root(TRY(sys::call(__NR_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC)));
    TRY(sys::call(__NR_fchdir, root));
    TRY(sys::call(__NR_pivot_root, ".", "."));
    TRY(sys::call(__NR_fchdir, old_root.get()));
    TRY(sys::call(__NR_mount, nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr));
    TRY(sys::call(__NR_umount2, ".", mnt_detach));
    return sys::call(__NR_chdir, "/");
}

// Without pivot_root the host's mounts stay below the new root, and a full procfs or sysfs among them would let a user
// namespace in the container mount its own (threat A10).
Result perform(Machine& machine, const plan::MoveRoot<Wire>&) {
    const long root = TRY(machine.in_slot(plan::slot_root));
    // Nothing is above "/": not for who climbs out of a chroot either.
    TRY(sys::call(__NR_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
    TRY(hide_full_mounts(machine));
    TRY(sys::call(__NR_fchdir, root));
    TRY(sys::call(__NR_chroot, "."));
    return sys::call(__NR_chdir, "/");
}

Result perform(Machine& machine, const plan::EnterRoot<Wire>&) {
    TRY(keep_procfs(machine));
    const long root = TRY(machine.in_slot(plan::slot_root));
    TRY(sys::call(__NR_fchdir, root));
    TRY(sys::call(__NR_chroot, "."));
    return sys::call(__NR_chdir, "/");
}

}  // namespace ocirt::init
