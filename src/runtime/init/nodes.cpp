// Directories, devices and links in the rootfs.
#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/paths.h"
#include "runtime/init/perform.h"
#include "runtime/init/procfs.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr uint32_t permissions = 07777;

bool is_device(const struct statx& file, const plan::MakeDevice<Wire>& step) {
    if ((file.stx_mode & S_IFMT) != step.type) return false;
    return step.type == S_IFIFO || (file.stx_rdev_major == step.major && file.stx_rdev_minor == step.minor);
}

// chmod of a descriptor that was opened with O_PATH.
Result change_mode(Machine& machine, int fd, uint32_t mode) {
    const Result changed = sys::call(nr_fchmodat2, fd, "", mode, AT_EMPTY_PATH);
    if (!changed.is(ENOSYS)) return changed;
    TextBuffer<32> path;
    TRY(enter_procfs(machine, fd, path));
    const Result by_name = sys::call(__NR_fchmodat, AT_FDCWD, path.c_str(), mode);
    TRY(leave_procfs(machine));
    return by_name;
}

}  // namespace

Result perform(Machine& machine, const plan::MakeDirectory<Wire>& step) {
    const Fd directory(TRY(make_directories(machine, machine.program.text(step.path), step.mode)));
    return done;
}

Result perform(Machine& machine, const plan::MakeDevice<Wire>& step) {
    Place place;
    TRY(find_place(machine, machine.program.text(step.path), place));
    const uint32_t mode = step.mode & permissions;
    const unsigned number = step.type == S_IFIFO ? 0 : device_number(step.major, step.minor);
    const Result made = sys::call(__NR_mknodat, place.directory.get(), place.name, step.type | mode, number);
    if (!made.ok() && !made.is(EEXIST)) return made;
    const Fd node(TRY(sys::call(__NR_openat, place.directory.get(), place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC)));
    struct statx file;
    TRY(status(node.get(), file));
    if (!is_device(file, step)) return refuse(EEXIST, Detail::wrong_inode);
    if (!made.ok()) return done;  // kept as it is
    if (file.stx_uid != step.uid || file.stx_gid != step.gid)
        TRY(sys::call(__NR_fchownat, node.get(), "", step.uid, step.gid, AT_EMPTY_PATH));
    // A default ACL of the directory may have taken something away.
    return (file.stx_mode & permissions) == mode ? done : change_mode(machine, node.get(), mode);
}

Result perform(Machine& machine, const plan::MakeSymlink<Wire>& step) {
    Place place;
    TRY(find_place(machine, machine.program.text(step.link), place));
    const char* target = machine.program.text(step.target).data;
    Result made = sys::call(__NR_symlinkat, target, place.directory.get(), place.name);
    if (made.is(EEXIST) && step.replace != 0) {
        TRY(sys::call(__NR_unlinkat, place.directory.get(), place.name, 0));
        made = sys::call(__NR_symlinkat, target, place.directory.get(), place.name);
    }
    return made.is(EEXIST) && step.replace == 0 ? done : made;
}

}  // namespace ocirt::init
