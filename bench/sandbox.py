"""A machine to itself for a daemon: namespaces and cgroups of its own, on what the host has.

  processes  a PID namespace: whatever happens, it ends with the program
  mounts     private, with an empty /run, /var/lib and /var/tmp
  network    nothing
  cgroups    the roots of all hierarchies are sub-cgroups that are removed at the end; of a hybrid host only v1's,
             as crun 1.8.1 refuses to run on the whole
"""

import os
import pathlib
import re
import subprocess
import time

CGROUPS = pathlib.Path("/sys/fs/cgroup")


def hierarchies():
    """[(mount point, "cgroup" or "cgroup2", option for mount, directory of this process)], of a hybrid host only v1's."""
    mounts = re.findall(
        r"^(?:\S+ ){4}(\S+) .* - (cgroup2?) \S+ (\S+)$",
        pathlib.Path("/proc/self/mountinfo").read_text(), re.MULTILINE,
    )
    if any(kind == "cgroup" for _, kind, _ in mounts):
        mounts = [mount for mount in mounts if mount[1] == "cgroup"]
    own = {}
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        own[frozenset(filter(None, names.split(",")))] = (names, path.lstrip("/"))
    found = []
    for point, kind, options in mounts:
        for controllers, (names, path) in own.items():
            if controllers <= set(options.split(",")) and bool(controllers) == (kind == "cgroup"):
                option = "none," + names if names.startswith("name=") else names
                found.append((pathlib.Path(point), kind, option, pathlib.Path(point) / path))
    return found


def remove_below(cgroup):
    for path, _, _ in os.walk(cgroup, topdown=False):
        for _ in range(100):
            try:
                os.rmdir(path)
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.05)  # its last processes are still ending


def run(command):
    """Runs `command` in a sandbox, for it to call furnish() first. Returns its stdout."""
    name = f"ocirt-bench-{os.getpid()}"
    cgroups = [directory / name for _, _, _, directory in hierarchies()]
    try:
        for cgroup in cgroups:
            cgroup.mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):
                if (cgroup / file).exists():
                    (cgroup / file).write_text((cgroup.parent / file).read_text())

        def enter():
            for cgroup in cgroups:
                (cgroup / "cgroup.procs").write_text("0")

        spaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--net", "--cgroup"]
        return subprocess.run(
            ["unshare", *spaces, *command], preexec_fn=enter, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    finally:
        for cgroup in cgroups:
            remove_below(cgroup)


def furnish():
    """Inside: the mounts."""
    mounts = hierarchies()

    def mount(kind, target, *options):
        subprocess.run(["mount", "-t", kind, *(f"-o{option}" for option in options), kind, target], check=True)

    mount("proc", "/proc")
    subprocess.run(["umount", "--lazy", "/sys"], check=True)
    mount("sysfs", "/sys")
    if mounts[0][1] == "cgroup":
        mount("tmpfs", CGROUPS, "mode=755")
    for point, kind, option, _ in mounts:
        point.mkdir(exist_ok=True)
        mount(kind, point, *([option] if kind == "cgroup" else []))
    mount("tracefs", "/sys/kernel/tracing")
    for target in ("/run", "/var/lib", "/var/tmp"):
        mount("tmpfs", target)


class CpuTime:
    """CPU time of everything in the sandbox but what bench() has taken aside: the daemon's and all that it starts."""

    def __init__(self):
        v1 = CGROUPS / "cpuacct"
        self.root, self.file = (v1, "cpuacct.usage") if v1.exists() else (CGROUPS, "cpu.stat")
        for part in ("bench", "daemon"):
            (self.root / part).mkdir(exist_ok=True)

    def enter(self, part):
        """`part`: "bench", or "daemon" for what counts."""
        (self.root / part / "cgroup.procs").write_text("0")

    def read(self):
        """Nanoseconds."""
        return self.usage(self.root) - self.usage(self.root / "bench")

    def usage(self, cgroup):
        text = (cgroup / self.file).read_text()
        if self.file == "cpuacct.usage":
            return int(text)
        return int(re.search(r"^usage_usec (\d+)$", text, re.MULTILINE)[1]) * 1000
