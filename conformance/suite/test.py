"""What a case works with: a bundle of its own, the runtime, and deadlines for all that it waits for."""

import json
import os
import pathlib
import select
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from suite import linux
from suite.case import Failure, check
from suite.config import base_config

DEADLINE = 20.0  # seconds, for a whole case
DEADLINE_WHEN_BROKEN = 5.0  # where a case is to fail: what does not come is not waited for so long


@dataclass
class Answer:
    """What a command of the runtime said."""

    code: int
    output: str
    error: str


class Test:
    def __init__(self, runtime: list[str], probe: pathlib.Path, work: pathlib.Path, cgroup: str, deadline: float):
        self.runtime = runtime  # the words that the command line begins with
        self.probe = probe
        self.work = work
        self.state_root = work / "state"
        self.bundle = work / "bundle"
        self.rootfs = self.bundle / "rootfs"
        self.rootfs.mkdir(parents=True)
        os.link(probe, self.rootfs / "probe")
        self.id = cgroup.strip("/")
        self.cgroup = cgroup
        self.config = base_config(cgroup)
        self.inside = Inside(self)
        self.before_exec: Callable[[], None] | None = None  # called in the runtime's process
        self.environment: dict[str, str] = {}  # added to the runtime's
        self.inherited: tuple[int, ...] = ()  # descriptors that the runtime gets
        self._deadline = time.monotonic() + deadline
        self._ids: list[str] = []

    # The parts of the config that most cases change.

    @property
    def process(self) -> dict:
        return self.config["process"]

    @property
    def linux(self) -> dict:
        return self.config["linux"]

    @property
    def mounts(self) -> list[dict]:
        return self.config["mounts"]

    def add_namespace(self, kind: str, path: str | None = None) -> None:
        self.drop_namespace(kind)
        self.linux["namespaces"].append({"type": kind} | ({"path": path} if path else {}))

    def drop_namespace(self, kind: str) -> None:
        self.linux["namespaces"] = [each for each in self.linux["namespaces"] if each["type"] != kind]

    def use_user_namespace(self, host_id: int = 100000, size: int = 65536) -> None:
        """Gives the container a user namespace of its own, whose root owns the rootfs."""
        self.add_namespace("user")
        for kind in ("uidMappings", "gidMappings"):
            self.linux[kind] = [{"containerID": 0, "hostID": host_id, "size": size}]
        os.chown(self.rootfs, host_id, host_id)

    # The runtime's commands.

    def left(self) -> float:
        """Seconds until the deadline."""
        return max(0.1, self._deadline - time.monotonic())

    def call(self, command: str, *words: str, output=subprocess.PIPE, cwd=None) -> Answer:
        """One command of the runtime; it has to end by itself."""
        errors = self.work / "errors"
        with open(errors, "w") as error_file:
            process = subprocess.Popen(
                [*self.runtime, "--root", str(self.state_root), command, *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=error_file,
                cwd=cwd or self.work,
                env=os.environ | self.environment,
                preexec_fn=self.before_exec,
                pass_fds=self.inherited,
            )
            try:
                text, _ = process.communicate(timeout=self.left())
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise Failure(f"{command} did not end") from None
        error = errors.read_text(errors="replace")
        if "defect:" in error:
            raise RuntimeError(error)  # of the broken wrapper itself: proves nothing
        return Answer(process.returncode, (text or b"").decode(errors="replace"), error)

    def expect(self, command: str, *words: str, **options) -> Answer:
        """A command that has to succeed."""
        answer = self.call(command, *words, **options)
        check(answer.code == 0, f"{command} failed with {answer.code}: {answer.error.strip()[-600:]}")
        return answer

    def write_config(self) -> None:
        (self.bundle / "config.json").write_text(json.dumps(self.config))

    def run(self, *args: str) -> Answer:
        """Create, start, wait, delete of the container, with the probe and `args` as its program, unless there are none."""
        if args:
            self.process["args"] = ["/probe", *args]
        self.write_config()
        self._ids.append(self.id)
        return self.call("run", "--bundle", str(self.bundle), self.id)

    def ask_all(self, *facts: Sequence[str]) -> list:
        """Runs the container; the probe's answers. Each fact is a list of words."""
        answer = self.run(*[word for fact in facts for word in [*fact, ","]])
        check(answer.code == 0, f"run failed with {answer.code}: {answer.error.strip()[-600:]}")
        try:
            return json.loads(answer.output)
        except ValueError:
            raise Failure(f"the program's output: {answer.output!r}") from None

    def ask(self, *fact: str):
        """As ask_all, of one fact."""
        return self.ask_all(fact)[0]

    def create(self, *args: str, id: str = "", bundle: str = "", cwd=None, options: Sequence[str] = ()) -> "Container":
        """A created container whose program is the probe with `args`."""
        if args:
            self.process["args"] = ["/probe", *args]
        self.write_config()
        container = Container(self, id or self.id)
        self._ids.append(container.id)
        self.expect(
            "create", "--bundle", bundle or str(self.bundle), *options, container.id, output=container.writer, cwd=cwd
        )
        container.close_writer()
        return container

    def start_holding(self, **options) -> "Container":
        """A running container that stays; its program has said so."""
        container = self.create("hold", **options)
        container.start()
        container.read_line()
        container.read_line()
        return container

    def refuse(self, why: str, at_start: bool = False) -> Answer:
        """The config must be refused by create, or `at_start` by start at the latest, and nothing may be left."""
        self.write_config()
        self._ids.append(self.id)
        with open(os.devnull, "wb") as nowhere:
            answer = self.call("create", "--bundle", str(self.bundle), self.id, output=nowhere)
            if at_start and answer.code == 0:
                return self.refuse_command("start", self.id)
        check(answer.code != 0, f"create accepts {why}")
        check(self.call("state", self.id).code != 0, f"create fails on {why}, and there is a container")
        for cgroup in linux.cgroup_directories(self.cgroup):
            check(not cgroup.exists(), f"create fails on {why}, and there is a cgroup {cgroup}")
        return answer

    def refuse_command(self, command: str, *words: str) -> Answer:
        answer = self.call(command, *words)
        check(answer.code != 0, f"{command} succeeds")
        return answer

    # Afterwards.

    def clean_up(self) -> None:
        """By hand: what the runtime would do with what is left is not asked."""
        while children := pathlib.Path("/proc/thread-self/children").read_text().split():
            for child in map(int, children):
                os.kill(child, 9)
                os.waitpid(child, 0)
        linux.remove_cgroups(self.id)


class Inside:
    """Questions about the container that take reading what the probe read."""

    def __init__(self, test: Test):
        self._test = test

    def mounts(self) -> dict[str, linux.Mount]:
        """By target; the last mount on it counts."""
        return {mount.target: mount for mount in linux.parse_mountinfo(self._read("/proc/self/mountinfo"))}

    def status(self) -> dict[str, str]:
        """/proc/self/status."""
        lines = self._read("/proc/self/status").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def _read(self, path: str) -> str:
        content = self._test.ask("read", path)
        check(isinstance(content, str), f"{path} cannot be read in the container: {content}")
        return content


class Container:
    """A container that create has made. Its stdout is a pipe that is read here."""

    def __init__(self, test: Test, name: str):
        self.test = test
        self.id = name
        reader, writer = os.pipe()
        self.reader = os.fdopen(reader, "rb", buffering=0)
        self.writer = os.fdopen(writer, "wb")
        self._line = b""

    def close_writer(self) -> None:
        self.writer.close()

    def read_line(self) -> str:
        """The next line that the program writes."""
        while b"\n" not in self._line:
            if not select.select([self.reader], [], [], self.test.left())[0]:
                raise Failure("the program says nothing")
            more = self.reader.read(4096)
            check(more, "the program has ended without a word")
            self._line += more
        line, self._line = self._line.split(b"\n", 1)
        return line.decode()

    def has_said(self) -> bool:
        """Whether there is output to read, now."""
        if not self._line and select.select([self.reader], [], [], 0)[0]:
            self._line = self.reader.read(4096)
        return bool(self._line)

    def start(self) -> None:
        self.test.expect("start", self.id)

    def state(self) -> dict:
        return json.loads(self.test.expect("state", self.id).output)

    @property
    def pid(self) -> int:
        pid = self.state().get("pid")
        check(isinstance(pid, int) and os.path.exists(f"/proc/{pid}"), f"the pid in the state is {pid!r}")
        return pid

    def kill(self, signal: str) -> None:
        self.test.expect("kill", self.id, signal)

    def delete(self, *options: str) -> None:
        self.test.expect("delete", *options, self.id)

    def wait(self, pid: int) -> None:
        """Until the container's process, a child of ours by now, has ended."""
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        ended = select.select([handle], [], [], self.test.left())[0]
        os.close(handle)
        check(ended, "the container's process does not end")
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            pass

    def end(self) -> None:
        """Kills the program and waits for its end."""
        pid = self.pid
        os.kill(pid, 9)
        self.wait(pid)
