"""Namespaces that are joined by path."""

import os

from suite import linux
from suite.case import case, equal
from suite.test import Test

SECTION = "config-linux.md#namespaces"
JOIN = "The runtime MUST place the container process in the namespace associated with that `path`."
WRONG = "The runtime MUST generate an error if `path` is not associated with a namespace of type `type`."
ABSOLUTE = "This value MUST be an absolute path in the runtime mount namespace."
WORDS = {"network": "net", "ipc": "ipc", "uts": "uts", "pid": "pid", "cgroup": "cgroup", "time": "time"}

for kind, word in WORDS.items():

    @case(SECTION, JOIN, broken=f"own-namespace {kind}", name=f"joined-{kind}")
    def joined(test: Test, kind=kind, word=word):
        with linux.held_namespace(word, test.probe) as path:
            test.add_namespace(kind, path)
            if kind == "uts":
                test.config.pop("hostname", None)
            equal(
                test.ask("link", f"/proc/self/ns/{word}"), linux.namespace_id(path), f"the container's {kind} namespace"
            )


@case(SECTION, JOIN, broken="own-user-namespace", name="joined-user")
def joined_user(test: Test):
    with linux.held_namespace("user", test.probe) as path:
        test.add_namespace("user", path)
        equal(test.ask("link", "/proc/self/ns/user"), linux.namespace_id(path), "the container's user namespace")


for kind, word in {"network": "uts", "uts": "net", "ipc": "net", "pid": "net"}.items():

    @case(SECTION, WRONG, broken=(f"own-namespace {kind}", "succeed create"), name=f"wrong-type-for-{kind}")
    def wrong_type(test: Test, kind=kind, word=word):
        test.add_namespace(kind, f"/proc/{os.getpid()}/ns/{word}")
        test.refuse(f"a {kind} namespace that is one of {word}")


@case(SECTION, WRONG, broken=("own-namespace network", "succeed create"))
def path_of_a_file(test: Test):
    test.add_namespace("network", str(test.probe))
    test.refuse("a namespace that is a file")


@case(SECTION, WRONG, broken=("own-namespace network", "succeed create"))
def path_does_not_exist(test: Test):
    test.add_namespace("network", "/nowhere/net")
    test.refuse("a namespace that does not exist")


@case(SECTION, ABSOLUTE, broken=("own-namespace network", "succeed create"))
def relative_path(test: Test):
    (test.bundle / "net").symlink_to("/proc/self/ns/net")
    (test.work / "net").symlink_to("/proc/self/ns/net")
    test.add_namespace("network", "net")
    test.refuse("a relative path of a namespace")
