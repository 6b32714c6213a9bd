// What init sets for the user's process and no other family does.
#include <linux/keyctl.h>

#include "runtime/init/kernel.h"
#include "runtime/init/perform.h"
#include "runtime/init/try.h"

namespace ocirt::init {

namespace {

struct Limit {  // struct rlimit64
    uint64_t soft;
    uint64_t hard;
};

// A descriptor of the host that leaked in, or a magic link, can lead chdir outside: there getcwd has no absolute answer
// (threat C3).
Result check_directory() {
    PathBuffer path;
    const Result size = sys::call(__NR_getcwd, path.bytes(), path_limit);
    if (!size.ok()) return size.because(Detail::outside_root);
    return path.c_str()[0] == '/' ? done : refuse(ENOENT, Detail::outside_root);
}

}  // namespace

Result perform(Machine&, const plan::NewSession<Wire>&) { return sys::call(__NR_setsid); }

Result perform(Machine& machine, const plan::JoinSessionKeyring<Wire>& step) {
    const Result joined = sys::call(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, machine.program.text(step.name).data);
    return joined.is(ENOSYS) ? done : joined;
}

Result perform(Machine& machine, const plan::ChangeDirectory<Wire>& step) {
    if (step.as_user != 0 && !machine.directory_denied) return check_directory();
    const Result changed = sys::call(__NR_chdir, machine.program.text(step.path).data);
    machine.directory_denied = step.as_user == 0 && changed.is(EACCES);
    if (machine.directory_denied) return done;
    TRY(changed);
    return check_directory();
}

Result perform(Machine&, const plan::SetRlimit<Wire>& step) {
    const Limit limit{step.soft, step.hard};
    return sys::call(__NR_prlimit64, 0, step.resource, &limit, nullptr);
}

Result perform(Machine&, const plan::SetUmask<Wire>& step) { return sys::call(__NR_umask, step.mask); }

Result perform(Machine&, const plan::SetNoNewPrivileges<Wire>&) {
    return sys::call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace ocirt::init
