"""A seccomp profile of the size and shape of Docker's default: an allow list with a few conditions on arguments.

Everything the kernel's table for this machine has is allowed, but for what a container must not do by default; so the
profile is as long as the real ones (some 300 names), which is what its cost hangs on.
"""

import pathlib
import re

# What engines withhold without a capability: modules, clocks, swap, mounts, keys, tracing, other namespaces, bpf.
WITHHELD = """
_sysctl acct add_key afs_syscall bpf clock_adjtime clock_settime create_module delete_module epoll_ctl_old
epoll_wait_old fanotify_init finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy getpmsg
init_module ioperm iopl io_uring_enter io_uring_register io_uring_setup kcmp kexec_file_load kexec_load keyctl
lookup_dcookie mbind migrate_pages mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl
open_by_handle_at open_tree perf_event_open pivot_root putpmsg query_module quotactl quotactl_fd reboot request_key
security set_mempolicy setdomainname sethostname setns settimeofday swapoff swapon sysfs tuxcall umount2 unshare
uselib userfaultfd ustat vhangup vserver
""".split()
CONDITIONAL = ["clone", "clone3", "personality", "socket"]
NEWER_THAN_LIBSECCOMP_2_5 = 450  # numbers from here on are unknown to Debian 12's library
NAMESPACE_FLAGS = 0x7E020000


def _kernel_names():
    header = next(pathlib.Path("/usr/include").glob("*-linux-gnu/asm/unistd_64.h"), None)
    header = header or pathlib.Path("/usr/include/asm-generic/unistd.h")
    pairs = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text(), re.MULTILINE)
    return sorted({name for name, number in pairs if int(number) < NEWER_THAN_LIBSECCOMP_2_5})


def profile():
    """The value of /linux/seccomp."""
    allowed = [name for name in _kernel_names() if name not in WITHHELD and name not in CONDITIONAL]
    personalities = [0, 8, 0x20000, 0x20008, 0xFFFFFFFF]
    rules = [{"names": allowed, "action": "SCMP_ACT_ALLOW"}]
    rules += [
        {
            "names": ["personality"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"}],
        }
        for value in personalities
    ]
    rules += [
        {
            "names": ["clone"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": NAMESPACE_FLAGS, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
        },
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}],
        },
    ]
    architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": architectures,
        "syscalls": rules,
    }
