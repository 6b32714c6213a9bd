// Steps (steps.h): the terminal, hooks, and what makes init the user's program. Freestanding.
#pragma once

#include "runtime/plan/step.h"

namespace ocirt::plan {

// A new terminal from the container's own devpts on /dev/pts: the master end goes to the parent (Stage::console), the
// other end becomes the controlling terminal and stdio. `bind`: it is bound over /dev/console as well.
template <class R>
struct OpenConsole {
    static constexpr Op op = Op::open_console;
    uint32_t bind = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("bind", s.bind);
    }
};

// Runs a hook: its stdin is slot_state from offset 0, its stdout and stderr are init's. A non-zero exit, a signal or
// the deadline (then SIGKILL) fails the step.
template <class R>
struct RunHook {
    static constexpr Op op = Op::run_hook;
    typename R::Text path{};
    typename R::Texts args{};
    typename R::Texts env{};
    uint64_t timeout_ms = 0;  // 0: none
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
        v("args", s.args);
        v("env", s.env);
        v("timeoutMs", s.timeout_ms);
    }
};

// chdir, then getcwd must be absolute and inside the root (threat C3). `as_user` 0: as root; 1: again as the user,
// where the first try was refused with EACCES.
template <class R>
struct ChangeDirectory {
    static constexpr Op op = Op::change_directory;
    typename R::Text path{};
    uint32_t as_user = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
        v("asUser", s.as_user);
    }
};

// HOME from the container's /etc/passwd for `uid`, "/" when it has none; read by descriptor, a regular file of at most
// 10 MiB (threat D5). Only planned when the environment has no HOME.
template <class R>
struct FindHome {
    static constexpr Op op = Op::find_home;
    uint32_t uid = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("uid", s.uid);
    }
};

// Finds args[0] as execvp would, with PATH of the container's environment, and remembers the path for Exec. Fails with
// ENOENT (127) or EACCES (126).
template <class R>
struct FindProgram {
    static constexpr Op op = Op::find_program;
    typename R::Text name{};
    typename R::Text search{};  // PATH's value
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("name", s.name);
        v("search", s.search);
    }
};

template <class R>
struct SetRlimit {
    static constexpr Op op = Op::set_rlimit;
    uint32_t resource = 0;
    uint64_t soft = 0;
    uint64_t hard = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("resource", s.resource);
        v("soft", s.soft);
        v("hard", s.hard);
    }
};

template <class R>
struct SetUmask {
    static constexpr Op op = Op::set_umask;
    uint32_t mask = 0022;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("mask", s.mask);
    }
};

template <class R>
struct SetNoNewPrivileges {
    static constexpr Op op = Op::set_no_new_privileges;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// Drops every capability that is not in `keep` from the bounding set, for all that this kernel knows.
template <class R>
struct DropBounding {
    static constexpr Op op = Op::drop_bounding;
    uint64_t keep = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("keep", s.keep);
    }
};

// Gives stdio to `uid`, so that the user can open /dev/stdout again. Devices other than terminals are left alone (the
// host's /dev/null among them), and so is what cannot be given away: an owner that is not mapped, a read-only mount.
template <class R>
struct OwnStdio {
    static constexpr Op op = Op::own_stdio;
    uint32_t uid = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("uid", s.uid);
    }
};

// PR_SET_KEEPCAPS, setgroups exactly as given (skipped where the user namespace denies it and none are asked for),
// setresgid, setresuid.
template <class R>
struct SetUser {
    static constexpr Op op = Op::set_user;
    uint32_t uid = 0;
    uint32_t gid = 0;
    typename R::Numbers groups{};
    uint32_t set_groups = 1;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("uid", s.uid);
        v("gid", s.gid);
        v("groups", s.groups);
        v("setGroups", s.set_groups);
    }
};

// capset, then the ambient set. What init itself lacks is left out: a capability that cannot be granted is a warning.
template <class R>
struct SetCapabilities {
    static constexpr Op op = Op::set_capabilities;
    uint64_t effective = 0;
    uint64_t permitted = 0;
    uint64_t inheritable = 0;
    uint64_t ambient = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("effective", s.effective);
        v("permitted", s.permitted);
        v("inheritable", s.inheritable);
        v("ambient", s.ambient);
    }
};

template <class R>
struct InstallSeccomp {  // seccomp(SECCOMP_SET_MODE_FILTER, flags): the last call before execve
    static constexpr Op op = Op::install_seccomp;
    uint64_t flags = 0;          // SECCOMP_FILTER_FLAG_*
    typename R::Bytes filter{};  // struct sock_filter[]
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("flags", s.flags);
        v("filter", s.filter);
    }
};

// Accepts on slot_listener until a peer says start (protocol.h). The accepted connection stays open, close-on-exec:
// its end is the answer.
template <class R>
struct AwaitStart {
    static constexpr Op op = Op::await_start;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// The end of a program that executes none of the user's. Where a step before it fails, what the program has mounted is
// taken back.
template <class R>
struct Leave {
    static constexpr Op op = Op::leave;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// close_range above the preserved descriptors, execve.
template <class R>
struct Exec {
    static constexpr Op op = Op::exec;
    typename R::Texts args{};
    typename R::Texts env{};
    uint32_t preserve_fds = 0;  // descriptors after stdio that the program gets
    uint32_t listen_fds = 0;    // of these, the first are sockets of sd_listen_fds(3): it gets LISTEN_PID, too
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("args", s.args);
        v("env", s.env);
        v("preserveFds", s.preserve_fds);
        v("listenFds", s.listen_fds);
    }
};

}  // namespace ocirt::plan
