// What init does inside a container, step by step: the one definition of every step, for the plan that makes them, the
// printer that describes them, the encoder, and init that carries them out.
//
// Each step is a template over how its texts and lists are held: `Hosted` (plan.h: std::string, std::vector) in the
// runtime, `Wire` (layout.h: offsets into one block) in init. `fields` names every member once, in wire order.
//
// Freestanding: init includes this file, so it needs no library.
//
// Paths named `target`, `path` or `link` are the container's, absolute, and resolved inside the root by descriptor
// (openat2 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS): no symlink in a hostile rootfs leads outside.
#pragma once

#include <stdint.h>

namespace ocirt::plan {

// init's table of descriptors. The parent names a descriptor by its slot when it sends it.
using Slot = uint32_t;
inline constexpr Slot slot_none = 0xffffffff;
inline constexpr Slot slot_program = 0;   // the encoded plan (read-only memfd, sealed)
inline constexpr Slot slot_report = 1;    // the report page (memfd, read and write)
inline constexpr Slot slot_listener = 2;  // start.sock, bound and listening
inline constexpr Slot slot_root = 3;      // the root tree, detached until AttachRoot
inline constexpr Slot slot_null = 4;      // the host's /dev/null, verified and detached, for masks
inline constexpr Slot slot_state = 5;     // the hooks' state JSON: a sealed memfd, replaced by later messages
inline constexpr Slot slot_first_free = 8;
inline constexpr Slot slot_limit = 4096;

// Where init and its parent meet. The parent sends each of the stages that init awaits exactly once and in this order;
// init sends those that it notifies. See protocol.h.
enum class Stage : uint32_t {
    setup = 1,         // parent: program, report, listener
    maps = 2,          // parent: uid_map and gid_map are written (read by the cloned child, before it executes init)
    trees = 3,         // parent: prepared mount trees and namespace descriptors
    cgroup = 4,        // parent: the process is in its cgroups (with the trees that bind them)
    mounted = 5,       // init: everything is mounted at the rootfs
    create_hooks = 6,  // parent: prestart and createRuntime hooks have run (slot_state holds the state)
    ready = 7,         // init: only `start` is missing
    committed = 8,     // parent: the state is on disk, init belongs to itself (slot_state holds the state)
    moved = 9,         // init: goes on as another process: pid and pidfd follow (Respawn)
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
    run_hook,
    change_directory,
    find_home,
    find_program,
    set_rlimit,
    set_umask,
    set_no_new_privileges,
    drop_bounding,
    set_user,
    set_capabilities,
    install_seccomp,
    await_start,
    exec,
    count,
};

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

// setns(2). For a pid namespace a Respawn follows.
template <class R>
struct JoinNamespace {
    static constexpr Op op = Op::join_namespace;
    Slot slot = slot_none;
    uint32_t kind = 0;  // one CLONE_NEW* flag
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("slot", s.slot);
        v("kind", s.kind);
    }
};

// setgroups(0) where it is allowed, setresgid(0), setresuid(0): after joining a user namespace.
template <class R>
struct BecomeRoot {
    static constexpr Op op = Op::become_root;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
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

// mount(NULL, "/", NULL, flags) while "/" is still the host's: cuts the new mount namespace's propagation back.
template <class R>
struct SetPropagation {
    static constexpr Op op = Op::set_propagation;
    uint64_t flags = 0;  // MS_SLAVE | MS_REC, ...
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("flags", s.flags);
    }
};

// A detached copy of the mounts at `source`, a path of the host, put into `slot`: open_tree(OPEN_TREE_CLONE) and
// mount_setattr on it, in this order: the whole tree to slave propagation (unless keep_peers), the recursive attributes,
// the attributes of the top mount, `propagation`. The parent carries it out before init needs it; a rootless parent has
// no right to, so there it is a step of init's before AttachRoot.
// Kernels before 5.12 have no mount_setattr: what is asked is then done by mount(2) once the tree is attached.
template <class R>
struct OpenTree {
    static constexpr Op op = Op::open_tree;
    Slot slot = slot_none;
    typename R::Text source{};
    uint32_t recursive = 0;       // rbind
    uint32_t keep_peers = 0;      // rootfsPropagation "shared": stays a peer of the host's mount
    uint64_t set = 0;             // MOUNT_ATTR_* of the top mount
    uint64_t clear = 0;           // (MOUNT_ATTR__ATIME whole when an atime word is set)
    uint64_t recursive_set = 0;   // MOUNT_ATTR_* of every mount of the tree
    uint64_t recursive_clear = 0;
    uint64_t propagation = 0;     // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, each with MS_REC or without; 0: none
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("slot", s.slot);
        v("source", s.source);
        v("recursive", s.recursive);
        v("keepPeers", s.keep_peers);
        v("set", s.set);
        v("clear", s.clear);
        v("recursiveSet", s.recursive_set);
        v("recursiveClear", s.recursive_clear);
        v("propagation", s.propagation);
    }
};

// Attaches the root tree on top of "/" (no path of the host is resolved). From here on slot_root is the rootfs.
template <class R>
struct AttachRoot {
    static constexpr Op op = Op::attach_root;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// How a mount's target is found. Missing targets are made: directories 0755, files 0644 empty where the mounted root
// is not a directory; dangling symlinks are followed inside the root.
enum TargetFlags : uint32_t {
    target_plain_directory = 1,  // must be a directory with no symlink on the way (proc, sysfs: threats B1, B2)
    target_may_be_in_proc = 2,   // /proc/meminfo and the others that lxcfs covers (threat B5); otherwise a target on
                                 // procfs is refused, but for its root (covering /proc by another proc)
};

// move_mount of a tree that the parent prepared (bind mounts, devices, cgroup directories).
template <class R>
struct AttachMount {
    static constexpr Op op = Op::attach_mount;
    Slot slot = slot_none;
    typename R::Text target{};
    uint32_t target_flags = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("slot", s.slot);
        v("target", s.target);
        v("targetFlags", s.target_flags);
    }
};

enum MountFsFlags : uint32_t {
    mount_copy_up = 1,        // tmpcopyup: what the target holds is copied into the new tmpfs before it is attached
    mount_classic = 2,        // by mount(2): options longer than fsconfig takes (255 bytes), or types without fsopen
    mount_fallback_ro = 4,    // mounted read-only when the kernel refuses it writable (EROFS of a block device, sysfs)
};

// fsopen, fsconfig for every option ("key=value" or "key"), fsmount, mount_setattr, move_mount.
template <class R>
struct MountFs {
    static constexpr Op op = Op::mount_fs;
    typename R::Text fstype{};
    typename R::Text source{};
    typename R::Text target{};
    uint32_t target_flags = 0;
    uint32_t flags = 0;             // MountFsFlags
    typename R::Texts options{};    // the filesystem's own words, "ro" of the superblock among them
    uint64_t attributes = 0;        // MOUNT_ATTR_* of the mount (fsmount)
    uint64_t propagation = 0;       // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0 leaves it
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("fstype", s.fstype);
        v("source", s.source);
        v("target", s.target);
        v("targetFlags", s.target_flags);
        v("flags", s.flags);
        v("options", s.options);
        v("attributes", s.attributes);
        v("propagation", s.propagation);
    }
};

// mount_setattr of the mount that holds `path`, whose root `path` must be. Before kernel 5.12: mount(2) by fchdir.
template <class R>
struct SetMountAttributes {
    static constexpr Op op = Op::set_mount_attributes;
    typename R::Text path{};
    uint64_t set = 0;    // MOUNT_ATTR_*
    uint64_t clear = 0;  // MOUNT_ATTR_*
    uint64_t propagation = 0;  // MS_*; with recursive: on the whole tree
    uint32_t recursive = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
        v("set", s.set);
        v("clear", s.clear);
        v("propagation", s.propagation);
        v("recursive", s.recursive);
    }
};

// mkdir -p inside the root; what exists stays as it is.
template <class R>
struct MakeDirectory {
    static constexpr Op op = Op::make_directory;
    typename R::Text path{};
    uint32_t mode = 0755;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
        v("mode", s.mode);
    }
};

// mknodat in the resolved parent directory, then owner and mode by descriptor after the inode's type and number have
// been verified (threat A6). An existing node of the same type and number is kept; anything else there is an error.
template <class R>
struct MakeDevice {
    static constexpr Op op = Op::make_device;
    typename R::Text path{};
    uint32_t type = 0;  // S_IFCHR, S_IFBLK, S_IFIFO
    uint32_t major = 0;
    uint32_t minor = 0;
    uint32_t mode = 0666;
    uint32_t uid = 0;
    uint32_t gid = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
        v("type", s.type);
        v("major", s.major);
        v("minor", s.minor);
        v("mode", s.mode);
        v("uid", s.uid);
        v("gid", s.gid);
    }
};

// symlinkat; an existing one is kept, `replace` removes what is there first (/dev/ptmx).
template <class R>
struct MakeSymlink {
    static constexpr Op op = Op::make_symlink;
    typename R::Text target{};  // what the link says
    typename R::Text link{};    // where it stands
    uint32_t replace = 0;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("target", s.target);
        v("link", s.link);
        v("replace", s.replace);
    }
};

// Writes sys/<key> of init's own detached procfs (threat B4): never through the container's /proc.
template <class R>
struct WriteSysctl {
    static constexpr Op op = Op::write_sysctl;
    typename R::Text key{};  // with slashes: "net/ipv4/ip_forward"
    typename R::Text value{};
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("key", s.key);
        v("value", s.value);
    }
};

template <class R>
struct PivotRoot {  // pivot_root(".", "."), the old root detached
    static constexpr Op op = Op::pivot_root;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// --no-pivot: the full procfs and sysfs of the host are unmounted or covered, then the root moved onto "/" and chroot
// (threat A10).
template <class R>
struct MoveRoot {
    static constexpr Op op = Op::move_root;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// chroot into the rootfs: a container without a mount namespace of its own.
template <class R>
struct EnterRoot {
    static constexpr Op op = Op::enter_root;
    template <class S, class V>
    static constexpr void fields(S&, V&&) {}
};

// A directory gets an empty read-only tmpfs (one for all), anything else the null device; a missing path is skipped.
template <class R>
struct MaskPath {
    static constexpr Op op = Op::mask_path;
    typename R::Text path{};
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
    }
};

template <class R>
struct ReadonlyPath {  // bound onto itself read-only; a missing path is skipped
    static constexpr Op op = Op::readonly_path;
    typename R::Text path{};
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
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

// chdir, then getcwd must be absolute and inside the root (threat C3). `as_user` 0: as root; 1: again as the user, where
// the first try was refused with EACCES.
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

// close_range above the preserved descriptors, execve.
template <class R>
struct Exec {
    static constexpr Op op = Op::exec;
    typename R::Texts args{};
    typename R::Texts env{};
    uint32_t preserve_fds = 0;  // descriptors after stdio that the program gets
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("args", s.args);
        v("env", s.env);
        v("preserveFds", s.preserve_fds);
    }
};

// Calls f.template operator()<Step>() for the step template of `op`; false for an unknown op.
template <class R, class F>
constexpr bool with_op(Op op, F&& f) {
    switch (op) {
        case Op::unshare: f.template operator()<Unshare<R>>(); return true;
        case Op::join_namespace: f.template operator()<JoinNamespace<R>>(); return true;
        case Op::become_root: f.template operator()<BecomeRoot<R>>(); return true;
        case Op::respawn: f.template operator()<Respawn<R>>(); return true;
        case Op::set_time_offsets: f.template operator()<SetTimeOffsets<R>>(); return true;
        case Op::await: f.template operator()<Await<R>>(); return true;
        case Op::notify: f.template operator()<Notify<R>>(); return true;
        case Op::enter_cgroups: f.template operator()<EnterCgroups<R>>(); return true;
        case Op::new_session: f.template operator()<NewSession<R>>(); return true;
        case Op::join_session_keyring: f.template operator()<JoinSessionKeyring<R>>(); return true;
        case Op::set_hostname: f.template operator()<SetHostname<R>>(); return true;
        case Op::set_domainname: f.template operator()<SetDomainname<R>>(); return true;
        case Op::raise_loopback: f.template operator()<RaiseLoopback<R>>(); return true;
        case Op::set_propagation: f.template operator()<SetPropagation<R>>(); return true;
        case Op::open_tree: f.template operator()<OpenTree<R>>(); return true;
        case Op::attach_root: f.template operator()<AttachRoot<R>>(); return true;
        case Op::attach_mount: f.template operator()<AttachMount<R>>(); return true;
        case Op::mount_fs: f.template operator()<MountFs<R>>(); return true;
        case Op::set_mount_attributes: f.template operator()<SetMountAttributes<R>>(); return true;
        case Op::make_directory: f.template operator()<MakeDirectory<R>>(); return true;
        case Op::make_device: f.template operator()<MakeDevice<R>>(); return true;
        case Op::make_symlink: f.template operator()<MakeSymlink<R>>(); return true;
        case Op::write_sysctl: f.template operator()<WriteSysctl<R>>(); return true;
        case Op::pivot_root: f.template operator()<PivotRoot<R>>(); return true;
        case Op::move_root: f.template operator()<MoveRoot<R>>(); return true;
        case Op::enter_root: f.template operator()<EnterRoot<R>>(); return true;
        case Op::mask_path: f.template operator()<MaskPath<R>>(); return true;
        case Op::readonly_path: f.template operator()<ReadonlyPath<R>>(); return true;
        case Op::run_hook: f.template operator()<RunHook<R>>(); return true;
        case Op::change_directory: f.template operator()<ChangeDirectory<R>>(); return true;
        case Op::find_home: f.template operator()<FindHome<R>>(); return true;
        case Op::find_program: f.template operator()<FindProgram<R>>(); return true;
        case Op::set_rlimit: f.template operator()<SetRlimit<R>>(); return true;
        case Op::set_umask: f.template operator()<SetUmask<R>>(); return true;
        case Op::set_no_new_privileges: f.template operator()<SetNoNewPrivileges<R>>(); return true;
        case Op::drop_bounding: f.template operator()<DropBounding<R>>(); return true;
        case Op::set_user: f.template operator()<SetUser<R>>(); return true;
        case Op::set_capabilities: f.template operator()<SetCapabilities<R>>(); return true;
        case Op::install_seccomp: f.template operator()<InstallSeccomp<R>>(); return true;
        case Op::await_start: f.template operator()<AwaitStart<R>>(); return true;
        case Op::exec: f.template operator()<Exec<R>>(); return true;
        case Op::count: break;
    }
    return false;
}

}  // namespace ocirt::plan
