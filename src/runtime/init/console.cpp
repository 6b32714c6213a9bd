// The terminal of a process, and who owns its stdio.
#include "runtime/init/channel.h"
#include "runtime/init/inode.h"
#include "runtime/init/kernel.h"
#include "runtime/init/mounts.h"
#include "runtime/init/paths.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

constexpr int stdio_count = 3;
constexpr int unchanged = -1;  // for fchown

// On a devpts the name "ptmx" is the kernel's: nothing of the rootfs is opened (threat A8).
Result open_master(Machine& machine) {
    const Fd devpts(TRY(open_in_root(machine, "/dev/pts", O_PATH | O_DIRECTORY)));
    if (TRY(is_on_devpts(devpts.get())) == 0) {
        machine.say("/dev/pts is no devpts mount");
        return refuse(ENXIO, Detail::unsafe_target);
    }
    return sys::call(__NR_openat, devpts.get(), "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
}

Result bind_console(Machine& machine, int terminal) {
    const Fd target(TRY(open_target(machine, "/dev/console", Kind::file, 0)));
    const Fd tree(TRY(clone_tree(terminal, false)));
    return attach(tree.get(), target.get());
}

Result send_master(Machine& machine, int master) {
    plan::Message message;
    message.stage = plan::Stage::console;
    message.descriptors = 1;
    return send(machine.channel.get(), message, master);
}

// What the user may open again by /dev/stdout: pipes, sockets, files and terminals.
Result is_given(int fd, const struct statx& file) {
    const uint32_t type = file.stx_mode & S_IFMT;
    if (type == S_IFBLK) return {0};
    if (type == S_IFCHR) return is_on_devpts(fd);
    return {1};
}

}  // namespace

Result perform(Machine& machine, const plan::OpenConsole<Wire>& step) {
    const Fd master(TRY(open_master(machine)));
    const int unlocked = 0;
    TRY(sys::call(__NR_ioctl, master.get(), TIOCSPTLCK, &unlocked));
    const Fd terminal(TRY(sys::call(__NR_ioctl, master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)));
    if (step.bind != 0) TRY(bind_console(machine, terminal.get()));
    TRY(send_master(machine, master.get()));
    TRY(sys::call(__NR_ioctl, terminal.get(), TIOCSCTTY, 0));
    for (int fd = 0; fd < stdio_count; ++fd) TRY(sys::call(__NR_dup3, terminal.get(), fd, 0));
    return done;
}

Result perform(Machine&, const plan::OwnStdio<Wire>& step) {
    for (int fd = 0; fd < stdio_count; ++fd) {
        struct statx file;
        const Result found = status(fd, file);
        if (found.is(EBADF)) continue;  // the caller closed it
        TRY(found);
        if (file.stx_uid == step.uid || TRY(is_given(fd, file)) == 0) continue;
        const Result given = sys::call(__NR_fchown, fd, step.uid, unchanged);
        if (!given.ok() && !given.is(EPERM) && !given.is(EINVAL) && !given.is(EROFS)) return given;
    }
    return done;
}

}  // namespace ocirt::init
