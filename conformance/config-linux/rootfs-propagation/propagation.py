"""The rootfs' propagation."""

from suite import linux
from suite.case import case, check, equal
from suite.test import Test

SECTION = "config-linux.md#rootfs-mount-propagation"


def of_root(test: Test) -> set[str]:
    """ "shared", "master", "unbindable": what mountinfo says of the container's root."""
    return {field.split(":")[0] for field in test.inside.mounts()["/"].propagation} - {"propagate_from"}


def share_rootfs(test: Test) -> None:
    """The rootfs becomes a mount of the host's that tells others of what is mounted below it."""
    linux.mount(test.rootfs, test.rootfs, "", linux.MS_BIND)
    linux.mount("", test.rootfs, "", linux.MS_SHARED)


@case(SECTION, "the rootfs mount belongs to a new peer group.", broken="remove /linux/rootfsPropagation")
def shared(test: Test):
    test.linux["rootfsPropagation"] = "shared"
    check("shared" in of_root(test), "the container's root is not shared")


@case(
    SECTION,
    "Note this does not mean that it's shared with the host.",
    broken="leak-mount",
    note="what the container mounts is not seen on the host",
)
def shared_but_not_with_the_host(test: Test):
    share_rootfs(test)
    test.linux["rootfsPropagation"] = "shared"
    (test.rootfs / "here").mkdir()
    container = test.create("bind", "/here", "/here", ",", "hold")
    before = len(linux.mounts_here())
    container.start()
    equal(container.read_line(), "[true]", "a mount in the container")
    equal(len(linux.mounts_here()), before, "the number of mounts on the host")


@case(
    SECTION,
    "the rootfs mount receives propagation events from the host",
    broken='set /linux/rootfsPropagation "private"',
)
def slave(test: Test):
    share_rootfs(test)
    test.linux["rootfsPropagation"] = "slave"
    equal(of_root(test), {"master"}, "the propagation of the container's root")


@case(
    SECTION,
    "(e.g. if something is mounted on the host it will also appear in the container)",
    broken='set /linux/rootfsPropagation "private"',
)
def slave_sees_mounts_of_the_host(test: Test):
    share_rootfs(test)
    test.linux["rootfsPropagation"] = "slave"
    (test.rootfs / "here").mkdir()
    container = test.create("list", "/here")
    linux.mount("later", test.rootfs / "here", "tmpfs")
    (test.rootfs / "here" / "file").touch()
    container.start()
    equal(container.read_line(), '[["file"]]', "what the container sees of a mount of the host's")


@case(
    SECTION,
    "the rootfs mount doesn't receive mount propagation events from the host",
    broken='set /linux/rootfsPropagation "slave"',
)
def private(test: Test):
    share_rootfs(test)
    test.linux["rootfsPropagation"] = "private"
    (test.rootfs / "here").mkdir()
    container = test.create("list", "/here")
    linux.mount("later", test.rootfs / "here", "tmpfs")
    (test.rootfs / "here" / "file").touch()
    container.start()
    equal(container.read_line(), "[[]]", "what the container sees of a mount of the host's")


@case(
    SECTION,
    "the rootfs mount is a private mount that cannot be bind-mounted.",
    broken='set /linux/rootfsPropagation "private"',
)
def unbindable(test: Test):
    test.linux["rootfsPropagation"] = "unbindable"
    equal(of_root(test), {"unbindable"}, "the propagation of the container's root")


@case(
    SECTION,
    "Its value is either `shared`, `slave`, `private` or `unbindable`.",
    broken=("remove /linux/rootfsPropagation", "succeed create"),
)
def unknown(test: Test):
    test.linux["rootfsPropagation"] = "somehow"
    test.refuse("an unknown propagation")
