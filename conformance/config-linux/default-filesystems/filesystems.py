"""The filesystems that applications expect."""

from suite.case import case, equal
from suite.config import mount
from suite.test import Test

SECTION = "config-linux.md#default-filesystems"
SENTENCE = "The following filesystems SHOULD be made available in each container's filesystem:"
FILESYSTEMS = {"/proc": "proc", "/sys": "sysfs", "/dev/pts": "devpts", "/dev/shm": "tmpfs"}

for path, kind in FILESYSTEMS.items():

    @case(
        SECTION,
        SENTENCE,
        broken="remove /mounts/-",
        name=path.strip("/").replace("/", "-"),
        note="the config's mounts name them: the runtime has to be able to mount each",
    )
    def filesystem(test: Test, path=path, kind=kind):
        test.config["mounts"] = [each for each in test.mounts if each["destination"] != path]
        if kind != "proc":
            options = ["newinstance", "ptmxmode=0666"] if kind == "devpts" else []
            test.mounts.append(mount(path, kind, kind, *options))
            mounted = test.inside.mounts().get(path)
            equal(mounted and mounted.kind, kind, f"the filesystem on {path}")
        else:
            test.mounts.append(mount(path, kind, kind))
            equal(test.ask("link", "/proc/self/exe"), "/probe", "what /proc/self/exe leads to")
