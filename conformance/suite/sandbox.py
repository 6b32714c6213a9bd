"""Where the cases run: a machine to themselves, of which nothing is left.

  processes  a PID namespace: whatever happens, it ends with the suite
  mounts     private; all files are on a tmpfs that nobody else sees, and /run is empty. Of a hybrid host only cgroup v1, as crun 1.8.1
             refuses to run on the whole: the same environment for all runtimes
  network, hostname, IPC  empty ones
  cgroups    /ocirt-conformance-<pid>-<case> of the host's, removed at the end
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from suite import linux

_MARK = "OCIRT_CONFORMANCE_DIRECTORY"


def enter(hybrid: bool = False) -> pathlib.Path:
    """Runs the program again in a sandbox and ends with it; inside returns the directory to work in.

    `hybrid`: leave a hybrid host's cgroups as they are."""
    if _MARK in os.environ:
        work = pathlib.Path(os.environ.pop(_MARK))
        linux.mount("conformance", work, "tmpfs", 0, "mode=755")
        linux.mount("conformance", "/run", "tmpfs", 0, "mode=755")
        if not hybrid and not linux.is_unified():
            for mount in linux.mounts_here():
                if mount.kind == "cgroup2":
                    linux.unmount(mount.target)
        return work
    if os.geteuid() != 0:
        sys.exit("conformance: needs root")
    work = tempfile.mkdtemp(prefix="ocirt-conformance-")
    os.chmod(work, 0o755)
    spaces = "--mount --propagation private --pid --fork --kill-child --net --uts --ipc --mount-proc".split()
    status = 1
    try:
        command = ["unshare", *spaces, sys.executable, *sys.argv]
        status = subprocess.run(command, env=os.environ | {_MARK: work}).returncode
    except KeyboardInterrupt:
        status = 130
    finally:
        linux.remove_cgroups(cgroup_prefix(work))
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(status)


def cgroup_prefix(work: str | os.PathLike) -> str:
    """What the names of the sandbox's cgroups begin with."""
    return pathlib.Path(work).name + "-"
