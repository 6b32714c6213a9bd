"""The config that a case begins with: what every engine asks for, and no more."""

import copy

CAPABILITIES = ["CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_DAC_OVERRIDE"]


def mount(destination: str, kind: str | None, source: str | None, *options: str) -> dict:
    """An entry of `mounts`; what is None is left out."""
    entry = {"destination": destination, "type": kind, "source": source, "options": list(options)}
    return {name: value for name, value in entry.items() if value is not None}


def bind(destination: str, source, *options: str) -> dict:
    return mount(destination, "none", str(source), "bind", *options)


_BASE = {
    "ociVersion": "1.0.2",
    "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["/probe"],
        "env": ["PATH=/bin"],
        "cwd": "/",
        "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
    },
    "root": {"path": "rootfs"},
    "mounts": [
        mount("/proc", "proc", "proc"),
        mount("/dev", "tmpfs", "tmpfs", "nosuid", "mode=755", "size=64k"),
        mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
    ],
    "linux": {
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
    },
}


def base_config(cgroups_path: str) -> dict:
    config = copy.deepcopy(_BASE)
    config["linux"]["cgroupsPath"] = cgroups_path
    return config
