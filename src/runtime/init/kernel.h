// What the kernel's headers say, and the few shapes of its interface that they leave to the C library.
// Only for init's .cpp files: next to a C library's own headers these would clash.
#pragma once

#include <asm/errno.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/statfs.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/wait.h>
#include <stddef.h>
#include <stdint.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace ocirt::init {

inline constexpr long nr_fchmodat2 = 452;  // Linux 6.6; on every machine

inline constexpr int at_recursive = 0x8000;  // AT_RECURSIVE: <linux/fcntl.h> has it, but not where it is older
inline constexpr int clock_monotonic = 1;
inline constexpr int prot_read = 1, prot_write = 2;
inline constexpr int map_shared = 1, map_private = 2, map_anonymous = 0x20;
inline constexpr int mnt_detach = 2;

inline constexpr int af_unix = 1;
inline constexpr int sock_dgram = 2, sock_seqpacket = 5, sock_cloexec = O_CLOEXEC;
inline constexpr int sol_socket = 1, scm_rights = 1;
inline constexpr int msg_ctrunc = 0x8, msg_trunc = 0x20, msg_nosignal = 0x4000, msg_cmsg_cloexec = 0x40000000;

struct IoVector {
    void* base;
    size_t size;
};

struct MessageHeader {  // struct user_msghdr
    void* name;
    int name_size;
    IoVector* vectors;
    size_t vector_count;
    void* control;
    size_t control_size;
    unsigned flags;
};

struct ControlHeader {  // struct cmsghdr
    size_t size;
    int level;
    int type;
};

// mknod's device number, as the kernel's new_encode_dev reads it.
constexpr unsigned device_number(uint32_t major, uint32_t minor) {
    return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

}  // namespace ocirt::init
