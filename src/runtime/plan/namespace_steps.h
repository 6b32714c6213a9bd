// Steps (steps.h): the namespaces, the processes on the way into them, and what belongs to a new one. Freestanding.
#pragma once

#include "runtime/plan/step.h"

namespace ocirt::plan {

// unshare(2) of everything new but the user and pid namespaces (the parent's clone3 makes those).
template <class R>
struct Unshare {
    static constexpr Op op = Op::unshare;
    uint64_t flags = 0;  // CLONE_NEW*
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("flags", s.flags);
    }
};

// setns(2): one namespace by its descriptor, or all of a process at once by its pidfd (the kernel enters its user
// namespace first). For a pid namespace a Respawn follows.
template <class R>
struct JoinNamespace {
    static constexpr Op op = Op::join_namespace;
    Slot slot = slot_none;
    uint32_t kind = 0;  // CLONE_NEW* flags; more than one only with a pidfd
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("slot", s.slot);
        v("kind", s.kind);
    }
};

// setgroups(0) where it is allowed and the groups are not to be kept, setresgid(0), setresuid(0): after joining a user
// namespace.
template <class R>
struct BecomeRoot {
    static constexpr Op op = Op::become_root;
    uint32_t keep_groups = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("keepGroups", s.keep_groups);
    }
};

// clone3(CLONE_PARENT | CLONE_PIDFD | flags): the child goes on with the next step, the old process sends
// Stage::moved with the child's pid and pidfd, and exits 0.
template <class R>
struct Respawn {
    static constexpr Op op = Op::respawn;
    uint64_t flags = 0;  // CLONE_NEWPID or 0
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("flags", s.flags);
    }
};

// unshare(CLONE_NEWTIME), write timens_offsets, setns into it (time_namespaces(7); setns needs kernel 5.6).
template <class R>
struct SetTimeOffsets {
    static constexpr Op op = Op::set_time_offsets;
    typename R::Text offsets{};  // the lines to write: "monotonic 10 0\nboottime 20 0\n"; empty writes nothing
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("offsets", s.offsets);
    }
};

// Reads messages up to and including the last one of `stage`. A closed channel ends init.
template <class R>
struct Await {
    static constexpr Op op = Op::await;
    uint32_t stage = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("stage", s.stage);
    }
};

template <class R>
struct Notify {
    static constexpr Op op = Op::notify;
    uint32_t stage = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("stage", s.stage);
    }
};

// Writes "0" to each of `count` v1 `tasks` files: a process that enters a cgroup by itself does not wait for an RCU
// grace period, as it does when another one moves it (cgroup/cgroup.h, task_files).
template <class R>
struct EnterCgroups {
    static constexpr Op op = Op::enter_cgroups;
    Slot first_slot = slot_none;
    uint32_t count = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("firstSlot", s.first_slot);
        v("count", s.count);
    }
};

template <class R>
struct NewSession {  // setsid(2)
    static constexpr Op op = Op::new_session;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// keyctl(KEYCTL_JOIN_SESSION_KEYRING): the host's session keyring is not the container's (threat C7). ENOSYS is no
// failure (kernels without keys).
template <class R>
struct JoinSessionKeyring {
    static constexpr Op op = Op::join_session_keyring;
    typename R::Text name{};  // "_ses.<id>"
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("name", s.name);
    }
};

template <class R>
struct SetHostname {
    static constexpr Op op = Op::set_hostname;
    typename R::Text name{};
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("name", s.name);
    }
};

template <class R>
struct SetDomainname {
    static constexpr Op op = Op::set_domainname;
    typename R::Text name{};
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("name", s.name);
    }
};

template <class R>
struct RaiseLoopback {  // `lo` up in a new network namespace
    static constexpr Op op = Op::raise_loopback;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

}  // namespace ocirt::plan
