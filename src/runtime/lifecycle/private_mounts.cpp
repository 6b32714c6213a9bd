#include "runtime/lifecycle/private_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/syscall.h"

namespace ocirt::lifecycle {

Result<PrivateMounts> PrivateMounts::enter() {
    PrivateMounts mounts(TRY(sys::open("/proc/self/ns/mnt", O_RDONLY)), TRY(sys::open("/", O_PATH | O_DIRECTORY)),
                         TRY(sys::open(".", O_PATH | O_DIRECTORY)));
    if (::unshare(CLONE_NEWNS) != 0) {
        mounts.before_.reset();
        return fail_errno("unshare", "make a mount namespace");
    }
    if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0)
        return fail_errno("mount", "keep mounts private");
    return mounts;
}

Result<> PrivateMounts::leave() {
    if (!before_) return {};
    const Fd before = std::move(before_);
    // setns(2) puts the process at the namespace's own root.
    if (::setns(before.get(), CLONE_NEWNS) != 0) return fail_errno("setns", "return to the mount namespace");
    if (::fchdir(root_.get()) != 0 || ::chroot(".") != 0) return fail_errno("chroot", "return to the root directory");
    if (::fchdir(directory_.get()) != 0) return fail_errno("fchdir", "return to the working directory");
    return {};
}

PrivateMounts::~PrivateMounts() { (void)leave(); }

}  // namespace ocirt::lifecycle
