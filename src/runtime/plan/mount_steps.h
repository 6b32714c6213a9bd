// Steps (steps.h): the root filesystem, from the detached tree to the masks. Freestanding.
#pragma once

#include "runtime/plan/step.h"

namespace ocirt::plan {

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
// mount_setattr on it, in this order: the whole tree to slave propagation (unless keep_peers), the recursive
// attributes, the attributes of the top mount, `propagation`. The parent carries it out before init needs it, or it is
// a step of init's: the sources of binds where it can (Draft::init_opens_trees), and all of them, before AttachRoot,
// where the parent is rootless and has no right to. Kernels before 5.12 have no
// mount_setattr: what is asked is then done by mount(2) once the tree is attached.
template <class R>
struct OpenTree {
    static constexpr Op op = Op::open_tree;
    Slot slot = slot_none;
    typename R::Text source{};
    uint32_t recursive = 0;      // rbind
    uint32_t keep_peers = 0;     // rootfsPropagation "shared": stays a peer of the host's mount
    uint64_t set = 0;            // MOUNT_ATTR_* of the top mount
    uint64_t clear = 0;          // (MOUNT_ATTR__ATIME whole when an atime word is set)
    uint64_t recursive_set = 0;  // MOUNT_ATTR_* of every mount of the tree
    uint64_t recursive_clear = 0;
    uint64_t propagation = 0;  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, each with MS_REC or without; 0: none
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

// Attaches the root tree where init stands, which is the rootfs' directory since its birth: hooks find the container's
// mounts by the host's path, and init resolves none. (In a mount namespace that was joined it is that one's "/".) From
// here on slot_root is the rootfs.
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
    mount_copy_up = 1,      // tmpcopyup: what the target holds is copied into the new tmpfs before it is attached
    mount_classic = 2,      // by mount(2): options longer than fsconfig takes (255 bytes), or types without fsopen
    mount_fallback_ro = 4,  // mounted read-only when the kernel refuses it writable (EROFS of a block device, sysfs)
    mount_own_mode = 8,     // with copy_up: the options name the mode of the tmpfs's root; the target's is not copied
    mount_own_owner = 16,   // the same for its uid or gid
};

// fsopen, fsconfig for every option ("key=value" or "key"), fsmount, mount_setattr, move_mount.
template <class R>
struct MountFs {
    static constexpr Op op = Op::mount_fs;
    typename R::Text fstype{};
    typename R::Text source{};
    typename R::Text target{};
    uint32_t target_flags = 0;
    uint32_t flags = 0;           // MountFsFlags
    typename R::Texts options{};  // the filesystem's own words, "ro" of the superblock among them
    uint64_t attributes = 0;      // MOUNT_ATTR_* of the mount (fsmount)
    uint64_t propagation = 0;     // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE; 0 leaves it
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
    uint64_t set = 0;          // MOUNT_ATTR_*
    uint64_t clear = 0;        // MOUNT_ATTR_*
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

// The SELinux label of a mount's root directory, for filesystems that take none at their mount: setxattr(2) of
// "security.selinux". `path`: the directory, a mount that is this container's alone.
template <class R>
struct LabelMount {
    static constexpr Op op = Op::label_mount;
    typename R::Text path{};
    typename R::Text label{};
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("path", s.path);
        v("label", s.label);
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

// chroot into the rootfs, or into its mount: a container without a mount namespace of its own.
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

// Finds the mount whose root is at `path`, for Unmount. The container's own root is none.
template <class R>
struct FindMount {
    static constexpr Op op = Op::find_mount;
    Slot slot = slot_none;
    typename R::Text path{};
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("slot", s.slot);
        v("path", s.path);
    }
};

// umount2(MNT_DETACH) of what FindMount found, with all that is mounted below it.
template <class R>
struct Unmount {
    static constexpr Op op = Op::unmount;
    Slot slot = slot_none;
    template <class S, class V>
    static constexpr void fields(S& s, V&& v) {
        v("slot", s.slot);
    }
};

}  // namespace ocirt::plan
