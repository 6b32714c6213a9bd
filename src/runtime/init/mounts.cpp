#include "runtime/init/mounts.h"

#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/paths.h"
#include "runtime/init/perform.h"
#include "runtime/init/procfs.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr uint64_t propagations = MS_SHARED | MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE;

// The MS_* of a mount as statfs tells them: most of its ST_* bits are the same ones.
uint64_t current_flags(const struct statfs& filesystem) {
    constexpr uint64_t st_noexec_and_below = 0xf, st_noatime = 0x400, st_nodiratime = 0x800;
    constexpr uint64_t st_relatime = 0x1000, st_nosymfollow = 0x2000;
    const auto flags = static_cast<uint64_t>(filesystem.f_flags);
    uint64_t mount = flags & (st_noexec_and_below | st_noatime | st_nodiratime);
    if ((flags & st_relatime) != 0) mount |= MS_RELATIME;
    if ((flags & st_nosymfollow) != 0) mount |= MS_NOSYMFOLLOW;
    return mount;
}

Result set_slot(Machine& machine, plan::Slot slot, Fd tree) {
    machine.slots[slot] = static_cast<Fd&&>(tree);
    return done;
}

// The null device that masks files: another one there would be written to, or read from (threat B3).
Result check_null_device(int fd) {
    struct statx file;
    TRY(status(fd, file));
    const bool null = S_ISCHR(file.stx_mode) && file.stx_rdev_major == 1 && file.stx_rdev_minor == 3;
    return null ? done : refuse(ENODEV, Detail::wrong_inode);
}

Result cover_file(Machine& machine, long file) {
    const int null = static_cast<int>(TRY(machine.in_slot(plan::slot_null)));
    if (machine.null_attached) {
        const Fd copy(TRY(clone_tree(null, false)));
        return attach(copy.get(), file);
    }
    TRY(check_null_device(null));
    TRY(attach(null, file));
    machine.null_attached = true;
    return done;
}

Result empty_filesystem() {
    const Fd context(TRY(sys::call(__NR_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
    TRY(sys::call(__NR_fsconfig, context.get(), FSCONFIG_SET_STRING, "nr_inodes", "1", 0));
    TRY(sys::call(__NR_fsconfig, context.get(), FSCONFIG_SET_STRING, "mode", "555", 0));
    TRY(sys::call(__NR_fsconfig, context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0));
    TRY(sys::call(__NR_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    return sys::call(__NR_fsmount, context.get(), FSMOUNT_CLOEXEC,
                     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

Result check_mount_root(Machine& machine, const struct statx& file) {
    if ((file.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return done;
    machine.say("not a mount point");
    return refuse(EINVAL, Detail::unsafe_target);
}

Result unmount(Machine& machine, int root) {
    TextBuffer<32> path;
    TRY(enter_procfs(machine, root, path));
    const Result unmounted = sys::call(__NR_umount2, path.c_str(), mnt_detach);
    TRY(leave_procfs(machine));
    return unmounted;
}

bool is_missing(Result opened) { return opened.is(ENOENT) || opened.is(ENOTDIR); }

}  // namespace

bool has_mount_setattr() { return !sys::call(__NR_mount_setattr, -1, nullptr, 0, nullptr, 0).is(ENOSYS); }

Result attach(long tree, long target) {
    return sys::call(__NR_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

Result clone_tree(long source, bool recursive) {
    return sys::call(__NR_open_tree, source, "",
                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0));
}

Result set_attributes(long fd, mount_attr attributes, bool recursive) {
    return sys::call(__NR_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes,
                     sizeof attributes);
}

Result remount(Machine& machine, int fd, const mount_attr& attributes, bool recursive) {
    const bool changes = (attributes.attr_set | attributes.attr_clr) != 0;
    if (changes && recursive) return {-ENOSYS, __NR_mount_setattr};
    struct statfs filesystem;
    TRY(sys::call(__NR_fstatfs, fd, &filesystem));
    const uint64_t kept = current_flags(filesystem) & ~mount_flags(attributes.attr_clr);
    TextBuffer<32> path;
    TRY(enter_procfs(machine, fd, path));
    Result result;
    if (changes)
        result = sys::call(__NR_mount, nullptr, path.c_str(), nullptr,
                           MS_REMOUNT | MS_BIND | kept | mount_flags(attributes.attr_set), nullptr);
    if (result.ok() && attributes.propagation != 0)
        result = sys::call(__NR_mount, nullptr, path.c_str(), nullptr,
                           attributes.propagation | (recursive ? MS_REC : 0), nullptr);
    TRY(leave_procfs(machine));
    return result;
}

uint64_t mount_flags(uint64_t attributes) {
    uint64_t flags = 0;
    if ((attributes & MOUNT_ATTR_RDONLY) != 0) flags |= MS_RDONLY;
    if ((attributes & MOUNT_ATTR_NOSUID) != 0) flags |= MS_NOSUID;
    if ((attributes & MOUNT_ATTR_NODEV) != 0) flags |= MS_NODEV;
    if ((attributes & MOUNT_ATTR_NOEXEC) != 0) flags |= MS_NOEXEC;
    if ((attributes & MOUNT_ATTR_NODIRATIME) != 0) flags |= MS_NODIRATIME;
    if ((attributes & MOUNT_ATTR_NOSYMFOLLOW) != 0) flags |= MS_NOSYMFOLLOW;
    if ((attributes & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME) return flags | MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
    if ((attributes & MOUNT_ATTR_NOATIME) != 0) flags |= MS_NOATIME;
    if ((attributes & MOUNT_ATTR_STRICTATIME) != 0) flags |= MS_STRICTATIME;
    return flags;
}

Result remember_mount(Machine& machine, Fd&& root) {
    Fd mount(static_cast<Fd&&>(root));
    if (!machine.program.has(plan::Op::leave)) return done;
    if (machine.attached_count == plan::undo_limit) {
        TRY(unmount(machine, mount.get()));
        return refuse(E2BIG);
    }
    machine.attached[machine.attached_count++] = static_cast<Fd&&>(mount);
    return done;
}

void take_back_mounts(Machine& machine) {
    while (machine.attached_count > 0) {
        const Fd root(static_cast<Fd&&>(machine.attached[--machine.attached_count]));
        static_cast<void>(unmount(machine, root.get()));
    }
}

Result cover_directory(Machine& machine, long directory) {
    if (machine.mask_directory) {
        const Fd copy(TRY(clone_tree(machine.mask_directory.get(), false)));
        return attach(copy.get(), directory);
    }
    Fd empty(TRY(empty_filesystem()));
    TRY(attach(empty.get(), directory));
    machine.mask_directory = static_cast<Fd&&>(empty);
    return done;
}

Result perform(Machine& machine, const plan::OpenTree<Wire>& step) {
    const Text source = machine.program.text(step.source);
    Fd tree(TRY(sys::call(__NR_open_tree, AT_FDCWD, source.data,
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (step.recursive != 0 ? AT_RECURSIVE : 0))));
    if (step.keep_peers == 0) TRY(set_attributes(tree.get(), {0, 0, MS_SLAVE, 0}, true));
    if ((step.recursive_set | step.recursive_clear) != 0)
        TRY(set_attributes(tree.get(), {step.recursive_set, step.recursive_clear, 0, 0}, true));
    if ((step.set | step.clear) != 0) TRY(set_attributes(tree.get(), {step.set, step.clear, 0, 0}, false));
    if (step.propagation != 0)
        TRY(set_attributes(tree.get(), {0, 0, step.propagation & propagations, 0}, (step.propagation & MS_REC) != 0));
    return set_slot(machine, step.slot, static_cast<Fd&&>(tree));
}

Result perform(Machine& machine, const plan::AttachMount<Wire>& step) {
    const long tree = TRY(machine.in_slot(step.slot));
    const Kind kind = TRY(is_directory(tree)) != 0 ? Kind::directory : Kind::file;
    const Fd target(TRY(open_target(machine, machine.program.text(step.target), kind, step.target_flags)));
    TRY(attach(tree, target.get()));
    return remember_mount(machine, static_cast<Fd&&>(machine.slots[step.slot]));
}

Result perform(Machine& machine, const plan::FindMount<Wire>& step) {
    Fd place(TRY(open_in_root(machine, machine.program.text(step.path).data, O_PATH)));
    struct statx file;
    struct statx root;
    TRY(status(place.get(), file));
    TRY(status(TRY(machine.root()), root));
    TRY(check_mount_root(machine, file));
    if (file.stx_mnt_id == root.stx_mnt_id) {
        machine.say("the container's root");
        return refuse(EINVAL, Detail::unsafe_target);
    }
    return set_slot(machine, step.slot, static_cast<Fd&&>(place));
}

Result perform(Machine& machine, const plan::Unmount<Wire>& step) {
    TRY(unmount(machine, static_cast<int>(TRY(machine.in_slot(step.slot)))));
    machine.slots[step.slot].reset();
    return done;
}

Result perform(Machine& machine, const plan::SetMountAttributes<Wire>& step) {
    const Fd place(TRY(open_in_root(machine, machine.program.text(step.path).data, O_PATH)));
    struct statx file;
    TRY(status(place.get(), file));
    TRY(check_mount_root(machine, file));
    const mount_attr attributes{step.set, step.clear, step.propagation & propagations, 0};
    const bool recursive = step.recursive != 0 || (step.propagation & MS_REC) != 0;
    const Result result = set_attributes(place.get(), attributes, recursive);
    return result.is(ENOSYS) ? remount(machine, place.get(), attributes, recursive) : result;
}

Result perform(Machine& machine, const plan::MaskPath<Wire>& step) {
    const Result opened = open_in_root(machine, machine.program.text(step.path).data, O_PATH);
    if (is_missing(opened)) return done;
    const Fd target(TRY(opened));
    return TRY(is_directory(target.get())) != 0 ? cover_directory(machine, target.get())
                                                : cover_file(machine, target.get());
}

Result perform(Machine& machine, const plan::ReadonlyPath<Wire>& step) {
    const Result opened = open_in_root(machine, machine.program.text(step.path).data, O_PATH);
    if (is_missing(opened)) return done;
    const Fd target(TRY(opened));
    const Fd tree(TRY(clone_tree(target.get(), true)));
    constexpr mount_attr readonly{MOUNT_ATTR_RDONLY, 0, 0, 0};
    const Result set = set_attributes(tree.get(), readonly, false);
    if (!set.ok() && !set.is(ENOSYS)) return set;
    TRY(attach(tree.get(), target.get()));
    return set.ok() ? done : remount(machine, tree.get(), readonly, false);
}

}  // namespace ocirt::init
