// What every step shares: init's table of descriptors, the stages at which init and its parent meet, and the list of
// all steps. Freestanding.
#pragma once

#include <stdint.h>

namespace ocirt::plan {

// init's table of descriptors. The parent names a descriptor by its slot when it sends it.
using Slot = uint32_t;
inline constexpr Slot slot_none = 0xffffffff;
inline constexpr Slot slot_program = 0;    // the encoded plan (read-only memfd, sealed)
inline constexpr Slot slot_report = 1;     // the report page (memfd, read and write)
inline constexpr Slot slot_listener = 2;   // start.sock, bound and listening
inline constexpr Slot slot_root = 3;       // the root tree, detached until AttachRoot
inline constexpr Slot slot_null = 4;       // the host's /dev/null, verified and detached, for masks
inline constexpr Slot slot_state = 5;      // the hooks' state JSON: a sealed memfd, replaced by later messages
inline constexpr Slot slot_container = 6;  // exec: a pidfd of the container's init, whose namespaces are joined
inline constexpr Slot slot_notify = 7;     // where the container's notifications arrive: kept for `start`
inline constexpr Slot slot_first_free = 8;
inline constexpr Slot slot_limit = 4096;

// How many mounts a program that ends with Leave can take back when it fails.
inline constexpr uint32_t undo_limit = 512;

// Where init and its parent meet. The parent sends each of the stages that init awaits exactly once and in this order;
// init sends those that it notifies. See protocol.h.
enum class Stage : uint32_t {
    setup = 1,         // parent: program, report
    maps = 2,          // parent: uid_map and gid_map are written (read by the cloned child, before it executes init)
    trees = 3,         // parent: start.sock, prepared mount trees and namespace descriptors
    cgroup = 4,        // parent: the cgroups are made (with their task files, and the trees that bind them)
    mounted = 5,       // init: everything is mounted at the rootfs
    create_hooks = 6,  // parent: prestart and createRuntime hooks have run (slot_state holds the state)
    ready = 7,         // init: only `start` is missing
    committed = 8,     // parent: the state is on disk, init belongs to itself (slot_state holds the state)
    moved = 9,         // init: goes on as another process: pid and pidfd follow (Respawn)
    console = 10,      // init: the terminal's master end comes with it (OpenConsole)
    execute = 11,      // parent of an exec: go on to the program; the channel closes when it runs
    listener = 12,  // init: a seccomp filter with a listener comes next. Back: install it, the listener will be taken
};

enum class Op : uint32_t {
    unshare,
    join_namespace,
    become_root,
    respawn,
    set_time_offsets,
    await,
    notify,
    enter_cgroups,
    new_session,
    join_session_keyring,
    set_hostname,
    set_domainname,
    raise_loopback,
    set_propagation,
    open_tree,
    attach_root,
    attach_mount,
    mount_fs,
    set_mount_attributes,
    make_directory,
    make_device,
    make_symlink,
    write_sysctl,
    pivot_root,
    move_root,
    enter_root,
    mask_path,
    readonly_path,
    open_console,
    run_hook,
    change_directory,
    find_home,
    find_program,
    set_rlimit,
    set_umask,
    set_no_new_privileges,
    drop_bounding,
    own_stdio,
    set_user,
    set_capabilities,
    install_seccomp,
    await_start,
    exec,
    // Records of containers that still run name ops by their number: new ones come last.
    find_mount,
    unmount,
    leave,
    set_scheduler,
    set_io_priority,
    set_cpu_affinity,
    set_personality,
    set_memory_policy,
    set_label,
    label_mount,
    count,
};

}  // namespace ocirt::plan
