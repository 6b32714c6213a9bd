"""The virtual machine, the same when it is saved and when it is resumed, and where its saved states lie.

QEMU without hardware help: where the tests run there is often none, and every processor then is the same one. The guest
talks to the host over three serial ports, each a socket here: `control` (one line each way, see guest/session), `out`
and `err`. It has no network.
"""

import hashlib
import os
import pathlib
import socket
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
PORTS = ("control", "out", "err")

# By mode: the kernel's words beyond what all have.
MODES = {
    "plain": "init=/run/vm/plain",
    "hybrid": "init=/run/vm/hybrid",
    "systemd": "init=/lib/systemd/systemd",
    "rootless": "init=/lib/systemd/systemd",
    "legacy": "init=/lib/systemd/systemd systemd.unified_cgroup_hierarchy=0",
    "selinux": "init=/lib/systemd/systemd security=selinux selinux=1 enforcing=0",
}
# Emulated, what costs is translation: a program's code is translated once where it lies at the same addresses each time
# (norandmaps), and what guards the kernel's memory costs more than all it guards here.
KERNEL = (
    "console=ttyS0 quiet panic=-1 reboot=t tsc=reliable no_timer_check cryptomgr.notests random.trust_cpu=on "
    "norandmaps mitigations=off init_on_alloc=0 rcupdate.rcu_expedited=1 audit=0 "
    "systemd.unified_cgroup_hierarchy=1 systemd.show_status=0"
)
CPU = "max,-la57,-smap,-smep,-pku,-umip,-avx,-avx2,-f16c,-xsave,-xsaveopt,-xsavec,-xsaves"


class Place:
    """The directories of the cache, named by what they were made from: an image, and in it the states made of it."""

    def __init__(self) -> None:
        home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        cache = pathlib.Path(os.environ.get("OCIRT_VM_DIR") or pathlib.Path(home) / "ocirt-vm").absolute()
        self.image = cache / _digest([HERE / "image", HERE / "guest" / "initrd"])
        # A state is of one machine of one QEMU.
        qemu = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, check=True).stdout
        self.states = self.image / _digest(sorted((HERE / "guest").iterdir()) + [HERE / "machine.py"], qemu)

    def has_image(self) -> bool:
        return (self.image / "done").exists()

    def has_state(self, mode: str) -> bool:
        return self.state(mode).exists()

    def disk(self, mode: str) -> pathlib.Path:
        return self.states / f"{mode}.qcow2"

    def state(self, mode: str) -> pathlib.Path:
        return self.states / f"{mode}.state"


def _digest(files: list[pathlib.Path], more: bytes = b"") -> str:
    digest = hashlib.sha256(more)
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _value(path: str | os.PathLike) -> str:
    """A path as a value in one of QEMU's lists."""
    return os.fspath(path).replace(",", ",,")


class Machine:
    """A running QEMU. `ports` are the host's ends. To be used in a `with`, which ends it."""

    def __init__(self, disk: str, source: os.PathLike, out: os.PathLike, console: int, more: list[str]) -> None:
        ends = {name: socket.socketpair() for name in PORTS}
        self.ports = {name: pair[0] for name, pair in ends.items()}
        guests = {name: pair[1] for name, pair in ends.items()}
        command = "qemu-system-x86_64 -accel tcg,thread=multi,tb-size=512 -machine pc -smp 2 -m 2048".split()
        command += ["-cpu", CPU]
        for node in range(2):  # of memory, with a processor each
            command += ["-object", f"memory-backend-ram,id=memory{node},size=1024M"]
            command += ["-numa", f"node,memdev=memory{node},cpus={node}"]
        command += "-nodefaults -no-user-config -display none -no-reboot -serial stdio".split()
        command += ["-drive", f"if=none,id=disk,{disk},cache=unsafe", "-device", "virtio-blk-pci,drive=disk"]
        command += ["-device", "virtio-serial-pci"]
        for name, end in guests.items():
            command += ["-chardev", f"socket,id={name},fd={end.fileno()}"]
            command += ["-device", f"virtserialport,chardev={name},name={name}"]
        for name, path, mode in (("src", source, ",readonly=on"), ("out", out, "")):
            command += ["-fsdev", f"local,id={name},path={_value(path)},security_model=none,multidevs=remap{mode}"]
            command += ["-device", f"virtio-9p-pci,fsdev={name},mount_tag={name}"]
        descriptors = [end.fileno() for end in guests.values()] + [
            int(word.removeprefix("fd:")) for word in more if word.startswith("fd:")
        ]
        self.process = subprocess.Popen(
            command + [word for word in more if not word.startswith("fd:")],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            pass_fds=descriptors,
        )
        for end in guests.values():
            end.close()

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for port in self.ports.values():
            port.close()
