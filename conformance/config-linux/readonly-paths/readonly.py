"""Paths that cannot be written."""

from suite.case import case, check, equal
from suite.config import mount
from suite.test import Test

SECTION = "config-linux.md#readonly-paths"
SET = "will set the provided paths as readonly inside the container."
ABSOLUTE = "The values MUST be absolute paths in the container namespace."
REFUSED = {"errno": "EROFS"}


def make_files(test: Test) -> None:
    (test.rootfs / "data" / "below").mkdir(parents=True)
    (test.rootfs / "data" / "file").write_text("text")


@case(SECTION, SET, broken="remove /linux/readonlyPaths")
def a_file(test: Test):
    make_files(test)
    test.linux["readonlyPaths"] = ["/data/file"]
    equal(test.ask("write", "/data/file", "more"), REFUSED, "writing the file")


@case(SECTION, SET, broken="remove /linux/readonlyPaths")
def a_directory(test: Test):
    make_files(test)
    test.linux["readonlyPaths"] = ["/data"]
    equal(test.ask("write", "/data/below/new", "text"), REFUSED, "writing a file in the directory")


@case(SECTION, SET, broken="remove /linux/readonlyPaths")
def a_directory_of_proc(test: Test):
    test.linux["readonlyPaths"] = ["/proc/sys"]
    equal(test.ask("write", "/proc/sys/kernel/msgmax", "7777"), REFUSED, "writing a kernel parameter")


@case(SECTION, SET, broken="refuse run", note="readonly, not unreadable")
def can_be_read(test: Test):
    make_files(test)
    test.linux["readonlyPaths"] = ["/data"]
    equal(test.ask("read", "/data/file"), "text", "reading a file in the directory")


@case(SECTION, SET, broken="remove /linux/readonlyPaths", note="other options of the mount stay as they are")
def a_mount_keeps_its_options(test: Test):
    test.mounts.append(mount("/data", "tmpfs", "tmpfs", "nosuid", "noexec"))
    test.linux["readonlyPaths"] = ["/data"]
    found = test.inside.mounts()["/data"].options
    check({"ro", "nosuid", "noexec"} <= found, f"the mount's options are {sorted(found)}")


@case(SECTION, SET, broken="refuse run", note="what is not there cannot be written: no reason for an error")
def what_does_not_exist(test: Test):
    test.linux["readonlyPaths"] = ["/nowhere"]
    equal(test.ask("cwd"), "/", "a container with a readonly path that does not exist")


@case(SECTION, ABSOLUTE, broken=("remove /linux/readonlyPaths", "succeed create"))
def relative_path(test: Test):
    make_files(test)
    test.linux["readonlyPaths"] = ["data"]
    test.refuse("a relative readonly path")
