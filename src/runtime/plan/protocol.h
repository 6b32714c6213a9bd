// What init and its parent say to each other, and the page on which init's fate stands.
//
//   parent (create)                                         init
//     clone3 ─────────────────────────────────────────────▶ (user namespace: waits for maps)
//     maps ───────────────────────────────────────────────▶ becomes root of it, executes init
//     setup      program, report ─────────────────────────▶ checks the program, carries it out
//     trees      start.sock, mount trees, namespaces ─────▶
//     cgroup     attached ────────────────────────────────▶ cgroup namespace, cgroup mounts
//     ◀──────────────────────────────────────────────────── mounted
//     limits; prestart and createRuntime hooks
//     create_hooks   state JSON ──────────────────────────▶ createContainer hooks, pivot, … (planned with hooks or a
//     terminal) ◀──────────────────────────────────────────────────── ready state on disk committed      state JSON
//     ──────────────────────────▶ waits on start.sock alone
//
//   start                                                   init
//     connect; StartRequest ──────────────────────────────▶ accepts; sends the descriptors of the report page and of
//                                                           the socket of notifications (if it has one), goes on
//     end of file: the program runs, or Report says why not
//
// A process that joins a running container (exec) is an init as well, with another program:
//
//   parent (exec)                                           init
//     clone3, born in the container's v2 cgroup ──────────▶ executes init
//     setup      program, report ─────────────────────────▶ checks the program, carries it out
//     trees      pidfd of the container, v1 task files ───▶ v1 cgroups, namespaces, goes on inside (Respawn)
//     ◀──────────────────────────────────────────────────── moved, ready
//     the container still lives; pid file
//     execute ────────────────────────────────────────────▶ limits, user, capabilities, seccomp, execve
//     end of file: the program runs, or Report says why not
//
// A seccomp filter that notifies has a listener, which an agent on the host gets. Once the filter is installed any
// system call of init's could be one of those that wait for the agent. So between the filter and execve init makes
// none:
//
//   start, or the parent of an exec                         init
//     ◀──────────────────────────────────────────────────── listener (over the connection of the start, or the channel)
//     listener ───────────────────────────────────────────▶ installs the filter
//     looks at Report.listener                              ◀─ writes it, and looks at Report.listener_taken
//     takes the descriptor (pidfd_getfd), sends it on,
//     writes Report.listener_taken ───────────────────────▶ execve
//
// The channel is a SOCK_SEQPACKET pair; descriptors ride on messages as SCM_RIGHTS, at most 250 on one. Until
// `committed` or `execute` init ends when the channel closes. A peer of start.sock that closes without a StartRequest
// changes nothing (that is how `state` finds out whether init still waits).
//
// Freestanding: init includes this file.
#pragma once

#include <stdint.h>

#include "runtime/plan/steps.h"

namespace ocirt::plan {

inline constexpr uint32_t message_magic = 0x6f63696d;  // "ocim"
inline constexpr uint32_t message_descriptor_limit = 250;

struct Message {
    uint32_t magic = message_magic;
    Stage stage{};
    Slot first_slot = slot_none;  // of the first descriptor on this message; the others follow in order
    uint32_t descriptors = 0;
    uint32_t more = 0;  // another message of the same stage follows
    uint32_t reserved = 0;
    int64_t pid = 0;  // moved: the new process, as seen from init's pid namespace
};

// start.sock, a listening SOCK_SEQPACKET.
inline constexpr uint32_t start_magic = 0x6f636973;  // "ocis"
struct StartRequest {
    uint32_t magic = start_magic;
    uint32_t version = 1;
};

// What a failed step has to say beyond its errno.
enum class Detail : uint32_t {
    none,
    kernel_log,      // text: the fsconfig log's lines
    bad_program,     // the encoded plan did not pass its check
    bad_message,     // the channel carried something else than expected
    channel_closed,  // the parent went away
    unsafe_target,   // text: what is there ("not a directory", "a symbolic link", "on procfs")
    wrong_inode,     // a device, procfs or descriptor is not what its name says
    outside_root,    // the working directory is not inside the container
    hook_exited,     // value: the exit status
    hook_killed,     // value: the signal
    hook_timed_out,  // value: the deadline in milliseconds
    exec_failed,     // text: the path that execve refused
    not_taken,       // nobody has taken the seccomp listener
};

enum class Outcome : uint32_t { working, failed, executing };

inline constexpr uint32_t report_magic = 0x6f636972;  // "ocir"

// Mapped shared by init and its parent (and by `start`). init is the only writer after setup, but for listener_taken.
struct Report {
    uint32_t magic;
    uint32_t step_count;
    Outcome outcome;  // written last, with release ordering
    uint32_t step;    // the failed step's index
    int32_t syscall;  // its number, -1 if none
    int32_t errnum;
    Detail detail;
    uint32_t text_size;
    int64_t value;
    uint64_t started;         // CLOCK_MONOTONIC ns when init began
    uint64_t warnings;        // capabilities asked for and not granted, as a mask
    uint32_t listener;        // the number of the seccomp listener's descriptor in init, plus one
    uint32_t listener_taken;  // not 0: init may go on
    char text[960];
    uint64_t finished[];  // step_count: CLOCK_MONOTONIC ns when each step ended, 0 until then
};
static_assert(sizeof(Report) == 1024, "the layout of a report is fixed");

}  // namespace ocirt::plan
