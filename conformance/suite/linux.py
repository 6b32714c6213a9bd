"""What Python's library does not know of Linux, and the host's side of mounts, namespaces and cgroups."""

import ctypes
import os
import pathlib
import re
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_libc = ctypes.CDLL(None, use_errno=True)

MS_REC, MS_BIND, MS_REMOUNT = 0x4000, 0x1000, 0x20
MS_PRIVATE, MS_SLAVE, MS_SHARED = 1 << 18, 1 << 19, 1 << 20
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_NOATIME, MS_NODIRATIME, MS_NOSYMFOLLOW = 0x400, 0x800, 0x100
MNT_DETACH = 2
CLONE_NEWNS = 0x20000
PR_SET_CHILD_SUBREAPER = 36
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24


def _checked(result: int, what: str) -> int:
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)
    return result


def mount(source: str | os.PathLike, target: str | os.PathLike, kind: str = "", flags: int = 0, data: str = "") -> None:
    _checked(
        _libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode()),
        f"mount on {target}",
    )


def unmount(target: str | os.PathLike) -> None:
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def own_mount_namespace() -> None:
    _checked(_libc.unshare(CLONE_NEWNS), "unshare")


def prctl(option: int, argument: int) -> int:
    return _checked(_libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0), "prctl")


@dataclass(frozen=True)
class Mount:
    """A line of mountinfo."""

    target: str
    options: frozenset[str]  # of the mount
    propagation: tuple[str, ...]  # "shared:3", "master:1", "unbindable"
    kind: str
    super_options: frozenset[str]  # of the filesystem

    @property
    def all_options(self) -> frozenset[str]:
        return self.options | self.super_options


def parse_mountinfo(text: str) -> list[Mount]:
    mounts = []
    for line in text.splitlines():
        own, filesystem = line.split(" - ", 1)
        words, last = own.split(), filesystem.split()
        mounts.append(
            Mount(words[4], frozenset(words[5].split(",")), tuple(words[6:]), last[0], frozenset(last[2].split(",")))
        )
    return mounts


def mounts_here() -> list[Mount]:
    return parse_mountinfo(pathlib.Path("/proc/self/mountinfo").read_text())


def is_unified() -> bool:
    """Whether this host has nothing but cgroup v2."""
    return not any(mount.kind == "cgroup" for mount in mounts_here())


def controller_directory(controller: str, path: str) -> pathlib.Path | None:
    """Where the cgroup `path` (from the hierarchy's root) has the files of `controller`, or of v2 itself where it is "";
    None where the host has none."""
    for mount in mounts_here():
        root = pathlib.Path(mount.target)
        if _has_in_v1(mount, controller) or mount.kind == "cgroup2" and _is_in_v2(controller, root):
            return root / path.lstrip("/")
    return None


def is_v1(controller: str) -> bool:
    """Whether it is in a hierarchy of v1 here."""
    return any(_has_in_v1(mount, controller) for mount in mounts_here())


def _has_in_v1(mount: Mount, controller: str) -> bool:
    return mount.kind == "cgroup" and controller != "" and controller in mount.super_options


def _is_in_v2(controller: str, root: pathlib.Path) -> bool:
    return not controller or controller in (root / "cgroup.controllers").read_text().split()


def controller_has(controller: str, file: str) -> bool:
    """Whether cgroups of this host have that file."""
    root = controller_directory(controller, "/")
    return root is not None and (root / file).exists()


def cgroup_directories(path: str) -> list[pathlib.Path]:
    """The cgroup `path` in every hierarchy."""
    found = [mount.target for mount in mounts_here() if mount.kind in ("cgroup", "cgroup2")]
    return [pathlib.Path(target) / path.lstrip("/") for target in found]


def remove_cgroups(prefix: str) -> None:
    """Those whose name in the hierarchies' roots begins so; their processes are killed."""
    for root in cgroup_directories("/"):
        for top in root.glob(prefix + "*"):
            for directory, _, _ in os.walk(top, topdown=False):
                _end_cgroup(pathlib.Path(directory))


def _end_cgroup(cgroup: pathlib.Path) -> None:
    for _ in range(200):
        try:
            cgroup.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            pids = (cgroup / "cgroup.procs").read_text().split()
            waiting = []
            for pid in map(int, pids):
                try:
                    waiting.append(os.pidfd_open(pid))
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            for fd in waiting:
                select.select([fd], [], [], 0.05)
                os.close(fd)


@contextmanager
def held_namespace(kind: str, probe: pathlib.Path) -> Iterator[str]:
    """A new namespace (unshare's word: net, ipc, …) with a process in it; yields the path of its file."""
    fork = ["--fork", "--kill-child"] if kind in ("pid", "time") else []
    more = ["--map-root-user"] if kind == "user" else []
    holder = subprocess.Popen(
        ["unshare", f"--{kind}", *more, *fork, str(probe), "hold"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    try:
        holder.stdout.readline()
        holder.stdout.readline()
        names = {"mount": "mnt", "pid": "pid_for_children", "time": "time_for_children"}
        yield f"/proc/{holder.pid}/ns/{names.get(kind, kind)}"
    finally:
        holder.kill()
        holder.wait()


def namespace_id(path: str) -> str:
    """ "net:[4026531840]" of a file of /proc/PID/ns."""
    kind, inode = pathlib.Path(path).name.removesuffix("_for_children"), os.stat(path).st_ino
    return f"{kind}:[{inode}]"


def capability_names() -> list[str]:
    """By number, as capabilities(7) lists them."""
    return [
        "CAP_" + name.upper()
        for name in """chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
        net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace
        sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write
        audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf
        checkpoint_restore""".split()
    ]


def capability_set(mask: str) -> set[str]:
    """Of the hexadecimal number in /proc/PID/status."""
    return {name for number, name in enumerate(capability_names()) if int(mask, 16) >> number & 1}


def own_capabilities() -> set[str]:
    """The effective ones of this process."""
    mask = re.search(r"^CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text(), re.MULTILINE)
    return capability_set(mask[1]) if mask else set()


def kernel() -> tuple[int, int]:
    """Its version: (6, 1)."""
    major, minor = re.match(r"(\d+)\.(\d+)", os.uname().release).groups()
    return int(major), int(minor)


def cpus(text: str) -> list[int]:
    """Of a list as the kernel writes it: "0-2,7"."""
    found = []
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        found += range(int(first), int(last or first) + 1)
    return found


@contextmanager
def shared_memory_segment() -> Iterator[None]:
    """One of System V, in this IPC namespace."""
    segment = _checked(_libc.shmget(0, ctypes.c_size_t(4096), 0o1600), "shmget")
    try:
        yield
    finally:
        _libc.shmctl(segment, 0, None)


@contextmanager
def network_device() -> Iterator[str]:
    """A device in this network namespace; its name. It may be moved meanwhile."""
    name = f"veth{os.getpid()}"
    words = ["ip", "link", "add", name, "type", "veth", "peer", "name", name + "p"]
    subprocess.run(words, check=True, capture_output=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "link", "delete", name + "p"], capture_output=True)
