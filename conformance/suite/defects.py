"""What a runtime can do wrong: each defect is a small function, and `conformance/broken` a runtime that has one.

Defects of the config change what the runtime is given, as if it did not look at a field or took it for another.
Defects of a call change a command, or what it answers. A defect is named with its words: `set /process/cwd "/"`.
"""

import json
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable

from suite import linux

CONFIG_DEFECTS: dict[str, Callable] = {}  # (config, words...)
CALL_DEFECTS: dict[str, Callable] = {}  # (call, words...) -> exit code


def config_defect(function: Callable) -> Callable:
    CONFIG_DEFECTS[function.__name__.replace("_", "-")] = function
    return function


def call_defect(function: Callable) -> Callable:
    CALL_DEFECTS[function.__name__.replace("_", "-")] = function
    return function


class Call:
    """One call of the broken runtime: RUNTIME --root DIRECTORY COMMAND [--bundle DIRECTORY] [OPTIONS] ID …"""

    def __init__(self, runtime: str, words: list[str]):
        self.runtime = runtime
        self.words = words
        self.root = words[1]
        self.command = words[2]

    @property
    def id(self) -> str:
        return next(word for word in self.words[3:] if not word.startswith("-") and word != str(self.bundle))

    @property
    def bundle(self) -> pathlib.Path | None:
        return pathlib.Path(self.words[self.words.index("--bundle") + 1]) if "--bundle" in self.words else None

    def run(self, *words: str, output: int | None = None) -> subprocess.CompletedProcess:
        """The real runtime, with these words in place of the call's."""
        return subprocess.run([self.runtime, *(words or self.words)], stdout=output, close_fds=False)

    def other(self, command: str, *words: str, **options) -> subprocess.CompletedProcess:
        """Another command of the real runtime, on the same state."""
        return self.run("--root", self.root, command, *words, **options)


# The config.


def _walk(config, pointer: str):
    """The container and the key that a JSON pointer leads to; "-" is an array's last."""
    *way, last = pointer.split("/")[1:]
    here = config
    for step in way:
        here = here[_key(here, step)]
    return here, _key(here, last)


def _key(here, step: str):
    if isinstance(here, list):
        return len(here) - 1 if step == "-" else int(step)
    return step.replace("~1", "/").replace("~0", "~")


@config_defect
def remove(config, pointer: str) -> None:
    """Overlooks a value."""
    here, key = _walk(config, pointer)
    del here[key]


@config_defect
def set(config, pointer: str, value: str) -> None:
    """Takes a value for another."""
    here, key = _walk(config, pointer)
    here[key] = json.loads(value)


@config_defect
def append(config, pointer: str, value: str) -> None:
    """Adds what nobody asked for."""
    here, key = _walk(config, pointer)
    here[key].append(json.loads(value))


@config_defect
def reverse(config, pointer: str) -> None:
    here, key = _walk(config, pointer)
    here[key].reverse()


@config_defect
def rename(config, pointer: str, name: str) -> None:
    """Takes a member for one of another name."""
    here, key = _walk(config, pointer)
    here[name] = here.pop(key)


@config_defect
def drop_namespace(config, kind: str) -> None:
    spaces = config["linux"]["namespaces"]
    config["linux"]["namespaces"] = [each for each in spaces if each["type"] != kind]


@config_defect
def own_namespace(config, kind: str) -> None:
    """Makes a namespace where one was to be joined or inherited."""
    drop_namespace(config, kind)
    config["linux"]["namespaces"].append({"type": kind})


@config_defect
def own_user_namespace(config) -> None:
    own_namespace(config, "user")
    for kind in ("uidMappings", "gidMappings"):
        config["linux"][kind] = [{"containerID": 0, "hostID": 0, "size": 1000}]


@config_defect
def other_cgroup(config) -> None:
    config["linux"]["cgroupsPath"] += "-elsewhere"


@config_defect
def random_cgroup(config) -> None:
    """Takes another place each time."""
    config["linux"]["cgroupsPath"] += f"-{os.getpid()}"


@config_defect
def replace_device(config, name: str) -> None:
    """Covers a device of /dev by one that nobody asked for."""
    node = {"destination": f"/dev/{name}", "type": "none", "source": "/dev/mem", "options": ["bind"]}
    config["mounts"].append(node)


@config_defect
def inherit_environment(config) -> None:
    config["process"]["env"] += [f"{name}={value}" for name, value in os.environ.items()]


# The commands.


@call_defect
def succeed(call: Call, command: str = "") -> int:
    """Says that all is well, whatever comes of it."""
    code = call.run().returncode
    return 0 if command in ("", call.command) else code


@call_defect
def fail(call: Call, command: str) -> int:
    """Says that it failed, whatever came of it."""
    code = call.run().returncode
    return 1 if call.command == command else code


@call_defect
def ignore(call: Call, command: str) -> int:
    """Does nothing and says that all is well."""
    return 0 if call.command == command else call.run().returncode


@call_defect
def refuse(call: Call, command: str) -> int:
    """Does nothing and says that it failed."""
    return 1 if call.command == command else call.run().returncode


@call_defect
def force_delete(call: Call) -> int:
    if call.command == "delete":
        return call.other("delete", "--force", *call.words[3:]).returncode
    return call.run().returncode


@call_defect
def start_at_create(call: Call) -> int:
    """Runs the program before anyone says start."""
    code = call.run().returncode
    if call.command == "create" and code == 0:
        return call.other("start", call.id).returncode
    return 0 if call.command == "start" else code


@call_defect
def create_at_start(call: Call) -> int:
    """Looks at the config when the container is started."""
    if call.command != "start":
        return call.run().returncode
    state = json.loads(call.other("state", call.id, output=subprocess.PIPE).stdout)
    call.other("delete", "--force", call.id)
    call.other("create", "--bundle", state["bundle"], call.id)
    return call.run().returncode


@call_defect
def restart(call: Call) -> int:
    """Takes a start of any container for a new beginning."""
    if call.command != "start":
        return call.run().returncode
    state = json.loads(call.other("state", call.id, output=subprocess.PIPE).stdout or b"{}")
    if state.get("status") == "created":
        return call.run().returncode
    call.other("delete", "--force", call.id)
    call.other("create", "--bundle", state["bundle"], call.id, output=subprocess.DEVNULL)
    call.run()
    return 1


@call_defect
def replace_container(call: Call) -> int:
    """A second create of an id takes the place of the first container."""
    if call.command == "create":
        call.other("delete", "--force", call.id)
        call.run()
        return 1
    return call.run().returncode


@call_defect
def other_signal(call: Call, signal: str) -> int:
    if call.command == "kill":
        return call.other("kill", call.words[3], signal).returncode
    return call.run().returncode


@call_defect
def kill_on_error(call: Call, command: str) -> int:
    """A command that fails ends the container."""
    code = call.run().returncode
    if call.command == command and code != 0:
        call.other("kill", call.id, "KILL")
    return code


@call_defect
def kill_deletes(call: Call) -> int:
    code = call.run().returncode
    if call.command == "kill" and code != 0:
        call.other("delete", "--force", call.words[3])
    return code


@call_defect
def answer(call: Call, command: str, pointer: str, value: str = "") -> int:
    """What `state` or `features` prints has another value, or, without `value`, lacks it."""
    if call.command != command:
        return call.run().returncode
    done = call.run(output=subprocess.PIPE)
    if done.returncode == 0:
        document = json.loads(done.stdout)
        here, key = _walk(document, pointer)
        if value:
            here[key] = json.loads(value)
        else:
            here.pop(key, None)
        print(json.dumps(document))
    return done.returncode


@call_defect
def leave_cgroup(call: Call) -> int:
    """Forgets to remove the container's cgroup."""
    path = cgroups_path(call)
    code = call.run().returncode
    if call.command == "delete" and path:
        for directory in linux.cgroup_directories(path):
            directory.mkdir(exist_ok=True)
    return code


def create_and_give_cgroup(call: Call, owner) -> int:
    code = call.run().returncode
    if call.command == "create":
        config = json.loads((call.bundle / "config.json").read_text())
        for directory in linux.cgroup_directories(config["linux"]["cgroupsPath"]):
            for path in (directory, *directory.glob("*")):
                os.chown(path, owner(config), -1)
    return code


@call_defect
def own_cgroup(call: Call) -> int:
    """Gives the container's cgroups to its user, with every file."""
    return create_and_give_cgroup(call, lambda config: config["process"]["user"]["uid"])


@call_defect
def disown_cgroup(call: Call) -> int:
    """The container's cgroups stay root's."""
    return create_and_give_cgroup(call, lambda config: 0)


@call_defect
def leave_state(call: Call, command: str) -> int:
    """After a failure, the container's directory stays, as of a container."""
    keeper = call.root + "-kept"
    if call.command == command:
        code = call.run().returncode
        pathlib.Path(keeper).mkdir(exist_ok=True)
        return code
    if call.command == "state" and pathlib.Path(keeper).exists():
        print(json.dumps({"ociVersion": "1.0.2", "id": call.id, "status": "stopped", "bundle": "/"}))
        return 0
    return call.run().returncode


@call_defect
def leave_processes(call: Call, command: str) -> int:
    """After a failure, something goes on running."""
    code = call.run().returncode
    if call.command == command and code != 0:
        subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return code


@call_defect
def delete_rootfs(call: Call) -> int:
    """Deletes what the container did not make: here, files of the bundle."""
    bundle = None
    if call.command == "delete":
        bundle = json.loads(call.other("state", call.id, output=subprocess.PIPE).stdout)["bundle"]
    code = call.run().returncode
    if bundle:
        shutil.rmtree(bundle)
    return code


@call_defect
def kill_joined(call: Call) -> int:
    """Ends, with the container, whoever holds the namespace that it had joined."""
    holder = None
    if call.command == "delete":
        bundle = json.loads(call.other("state", call.id, output=subprocess.PIPE).stdout)["bundle"]
        config = json.loads((pathlib.Path(bundle) / "config.json").read_text())
        holder = next(each["path"] for each in config["linux"]["namespaces"] if "path" in each).split("/")[2]
    code = call.run().returncode
    if holder:
        os.kill(int(holder), 9)
    return code


@call_defect
def leak_mount(call: Call) -> int:
    """A mount of the container's is seen where the runtime is."""
    code = call.run().returncode
    if call.command == "start":
        subprocess.run(["mount", "-t", "tmpfs", "leaked", "/mnt"], check=True)
    return code


@call_defect
def leak_descriptor(call: Call) -> int:
    if call.command in ("run", "create"):
        os.set_inheritable(os.dup2(os.open("/dev/null", os.O_RDONLY), 3), True)
        return call.run(*call.words[:3], "--preserve-fds", "1", *call.words[3:]).returncode
    return call.run().returncode


@call_defect
def wait_for_nothing(call: Call) -> int:
    """`poststop`'s hooks run after delete has returned."""
    if call.command != "delete":
        return call.run().returncode
    if os.fork() == 0:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        time.sleep(0.3)
        call.run()
        os._exit(0)
    return 0


def cgroups_path(call: Call) -> str:
    """Of the container that is called about; empty where there is none."""
    if call.command != "delete":
        return ""
    state = call.other("state", call.words[-1], output=subprocess.PIPE)
    if state.returncode != 0:
        return ""
    bundle = pathlib.Path(json.loads(state.stdout)["bundle"])
    return json.loads((bundle / "config.json").read_text())["linux"].get("cgroupsPath", "")


def perform(defect: list[str], call: Call) -> int:
    """The call with the defect; the exit code."""
    name, *words = defect
    if name in CALL_DEFECTS:
        return CALL_DEFECTS[name](call, *words)
    if call.bundle and (call.bundle / "config.json").exists():
        path = call.bundle / "config.json"
        config = json.loads(path.read_text())
        CONFIG_DEFECTS[name](config, *words)
        path.write_text(json.dumps(config))
    return call.run().returncode
