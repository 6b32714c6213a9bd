"""Namespaces that are made, and namespaces that are inherited."""

from suite import linux
from suite.case import case, check, equal
from suite.test import Test

SECTION = "config-linux.md#namespaces"
NEW = "If `path` is not specified, the runtime MUST create a new container namespace of type `type`."
INHERIT = (
    "If a namespace type is not specified in the `namespaces` array, the container MUST inherit the runtime namespace of "
    "that type."
)
FILES = {
    "pid": "pid",
    "network": "net",
    "mount": "mnt",
    "ipc": "ipc",
    "uts": "uts",
    "user": "user",
    "cgroup": "cgroup",
    "time": "time",
}


def namespace_in(test: Test, kind: str) -> str:
    return test.ask("link", f"/proc/self/ns/{FILES[kind]}")


def of_runtime(kind: str) -> str:
    return linux.namespace_id(f"/proc/self/ns/{FILES[kind]}")


def prepare(test: Test, kind: str) -> None:
    if kind == "user":
        test.use_user_namespace()
    else:
        test.add_namespace(kind)


for kind in FILES:

    @case(SECTION, NEW, broken=f"drop-namespace {kind}", name=f"new-{kind}")
    def new(test: Test, kind=kind):
        prepare(test, kind)
        found = namespace_in(test, kind)
        check(
            isinstance(found, str) and found != of_runtime(kind), f"the container's {kind} namespace is the runtime's"
        )


for kind in FILES:
    if kind == "mount":
        continue  # a container without its own has no root of its own
    defect = f"own-namespace {kind}"
    if kind == "user":
        defect = "own-user-namespace"

    @case(SECTION, INHERIT, broken=defect, name=f"inherited-{kind}")
    def inherited(test: Test, kind=kind):
        test.drop_namespace(kind)
        equal(namespace_in(test, kind), of_runtime(kind), f"the container's {kind} namespace")


@case(
    SECTION,
    "will only be able to see other processes inside the same container or inside the same pid namespace.",
    broken="drop-namespace pid",
)
def sees_only_its_processes(test: Test):
    pids = [name for name in test.ask("list", "/proc") if name.isdigit()]
    equal(pids, ["1"], "the processes in /proc")


@case(SECTION, "**`network`** the container will have its own network stack.", broken="drop-namespace network")
def own_network_stack(test: Test):
    with linux.network_device() as name:
        test.add_namespace("network")
        check(name not in test.ask("interfaces"), "the container sees a network device of the runtime's")


@case(SECTION, "**`mount`** the container will have an isolated mount table.", broken="leak-mount")
def isolated_mount_table(test: Test):
    (test.rootfs / "here").mkdir()
    before = len(linux.mounts_here())
    container = test.create("bind", "/here", "/here", ",", "hold")
    container.start()
    equal(container.read_line(), "[true]", "a mount in the container")
    equal(len(linux.mounts_here()), before, "the number of mounts where the runtime is")


@case(
    SECTION,
    "**`cgroup`** the container will have an isolated view of the cgroup hierarchy.",
    broken="drop-namespace cgroup",
)
def isolated_view_of_cgroups(test: Test):
    test.add_namespace("cgroup")
    lines = test.ask("read", "/proc/self/cgroup").splitlines()
    # Of hierarchies that no cgroup of the container is in, the view begins where the runtime is.
    check(not any(test.cgroup in line for line in lines), f"the container sees its cgroup's path: {lines}")


@case(
    SECTION,
    "**`ipc`** processes inside the container will only be able to communicate to other processes inside the "
    "same container via system level IPC.",
    broken="drop-namespace ipc",
)
def isolated_ipc(test: Test):
    with linux.shared_memory_segment():
        lines = test.ask("read", "/proc/sysvipc/shm").splitlines()
    equal(len(lines), 1, "lines of /proc/sysvipc/shm, the title's included")


@case(
    SECTION,
    "If a `namespaces` field contains duplicated namespaces with same `type`, the runtime MUST generate an " "error.",
    broken=("remove /linux/namespaces/-", "succeed create"),
)
def duplicate(test: Test):
    test.linux["namespaces"].append({"type": "ipc"})
    test.refuse("two namespaces of one type")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken=("remove /linux/namespaces/-", "succeed create"),
)
def unknown_type(test: Test):
    test.linux["namespaces"].append({"type": "nothing"})
    test.refuse("a namespace of an unknown type")
