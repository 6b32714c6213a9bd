"""System calls that somebody else decides about."""

import json
import os
import socket
import threading

from suite.case import case, check, equal
from suite.test import Test

SECTION = "config-linux.md#seccomp"
STATE = "config-linux.md#the-container-process-state"


class Agent:
    """Listens as an agent does; takes one connection's data and descriptors, and answers no call."""

    def __init__(self, test: Test):
        self.path = test.work / "agent.sock"
        self.data = b""
        self.first_data = b""
        self.descriptors: list[int] = []
        self.closed = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._listener.settimeout(test.left())
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        try:
            connection, _ = self._listener.accept()
            connection.settimeout(10)
            while True:
                data, descriptors, _, _ = socket.recv_fds(connection, 65536, 8)
                self.descriptors += descriptors
                if not data:
                    self.closed = True
                    return
                self.first_data = self.first_data or data
                self.data += data
        except OSError:
            return  # what has come counts

    def finish(self) -> dict:
        """The container process state that was sent."""
        self._thread.join(1)  # the program runs: by now it has been sent
        check(self.data, "nothing is sent to the listenerPath")
        return json.loads(self.data)


def start_with_agent(test: Test, **more) -> tuple[Agent, int]:
    """A started container whose getsid is notified; and its pid."""
    agent = Agent(test)
    test.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "listenerPath": str(agent.path),
        "syscalls": [{"names": ["getsid"], "action": "SCMP_ACT_NOTIFY"}],
    } | more
    return agent, test.start_holding().pid


@case(
    SECTION,
    "the runtime will send the container process state data structure when the `SCMP_ACT_NOTIFY` action is used.",
    broken="remove /linux/seccomp",
)
def descriptor(test: Test):
    agent, _ = start_with_agent(test)
    agent.finish()
    equal(len(agent.descriptors), 1, "descriptors that are sent")
    equal(os.readlink(f"/proc/self/fd/{agent.descriptors[0]}"), "anon_inode:seccomp notify", "what is sent")


@case(
    SECTION,
    "**`seccompFd`** (string, REQUIRED) is the seccomp file descriptor returned by the seccomp syscall.",
    broken="remove /linux/seccomp",
)
def names_of_descriptors(test: Test):
    agent, _ = start_with_agent(test)
    equal(agent.finish().get("fds"), ["seccompFd"], "fds")


@case(
    SECTION,
    "This string will be sent as the `metadata` field in the container process state.",
    broken="remove /linux/seccomp/listenerMetadata",
)
def metadata(test: Test):
    agent, _ = start_with_agent(test, listenerMetadata='of the "case"')
    equal(agent.finish().get("metadata"), 'of the "case"', "metadata")


@case(
    SECTION,
    "The connection MUST NOT be reused and it MUST be closed after sending a seccomp state.",
    broken="remove /linux/seccomp",
)
def connection_is_closed(test: Test):
    agent, _ = start_with_agent(test)
    agent.finish()
    check(agent.closed, "the connection stays open")


@case(
    STATE,
    "**`pid`** (int, REQUIRED) is the container process ID, as seen by the runtime.",
    broken="remove /linux/seccomp",
)
def pid(test: Test):
    agent, pid_of_container = start_with_agent(test)
    equal(agent.finish().get("pid"), pid_of_container, "pid")


@case(
    STATE,
    "**`ociVersion`** (string, REQUIRED) is version of the Open Container Initiative Runtime Specification with "
    "which the container process state complies.",
    broken="remove /linux/seccomp",
)
def version(test: Test):
    agent, _ = start_with_agent(test)
    check(isinstance(agent.finish().get("ociVersion"), str), "there is no ociVersion")


@case(STATE, "**`state`** (state, REQUIRED) is the state of the container.", broken="remove /linux/seccomp")
def state(test: Test):
    agent, _ = start_with_agent(test)
    given = agent.finish().get("state", {})
    equal((given.get("id"), given.get("bundle")), (test.id, str(test.bundle)), "id and bundle of the state")


@case(SECTION, "If sending to this socket fails, the runtime MUST generate an error.", broken="succeed")
def nobody_listens(test: Test):
    test.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "listenerPath": str(test.work / "nobody.sock"),
        "syscalls": [{"names": ["getsid"], "action": "SCMP_ACT_NOTIFY"}],
    }
    test.process["args"] = ["/probe", "hold"]
    test.refuse("a listenerPath where nobody listens", at_start=True)


@case(SECTION, "If the `SCMP_ACT_NOTIFY` action is not used this value is ignored.", broken="refuse run")
def not_used(test: Test):
    test.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": str(test.work / "nobody.sock")}
    equal(test.ask("cwd"), "/", "a container with a listenerPath and nothing to notify")


@case(
    SECTION,
    "This field MUST NOT be set if `listenerPath` is not set.",
    broken=("remove /linux/seccomp", "succeed create"),
)
def metadata_without_path(test: Test):
    test.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "of the case"}
    test.refuse("a listenerMetadata without a listenerPath")
