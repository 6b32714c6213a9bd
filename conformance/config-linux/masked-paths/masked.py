"""Paths that cannot be read."""

from suite.case import case, check, equal
from suite.test import Test

SECTION = "config-linux.md#masked-paths"
MASK = "will mask over the provided paths inside the container so that they cannot be read."
ABSOLUTE = "The values MUST be absolute paths in the container namespace."


def make_files(test: Test) -> None:
    (test.rootfs / "data" / "below").mkdir(parents=True)
    (test.rootfs / "data" / "file").write_text("secret")


@case(SECTION, MASK, broken="remove /linux/maskedPaths")
def a_file(test: Test):
    make_files(test)
    test.linux["maskedPaths"] = ["/data/file"]
    content = test.ask("read", "/data/file")
    check(content == "" or "errno" in content, f"the masked file reads {content!r}")


@case(SECTION, MASK, broken="remove /linux/maskedPaths")
def a_directory(test: Test):
    make_files(test)
    test.linux["maskedPaths"] = ["/data"]
    names, content = test.ask_all(["list", "/data"], ["read", "/data/file"])
    check(names == [] or "errno" in names, f"the masked directory has {names}")
    check("errno" in content, f"a file in the masked directory reads {content!r}")


@case(SECTION, MASK, broken="remove /linux/maskedPaths")
def a_file_of_proc(test: Test):
    test.linux["maskedPaths"] = ["/proc/version"]
    content = test.ask("read", "/proc/version")
    check(content == "" or "errno" in content, f"the masked file reads {content!r}")


@case(SECTION, MASK, broken="remove /linux/maskedPaths/-")
def several(test: Test):
    make_files(test)
    test.linux["maskedPaths"] = ["/data/below", "/data/file"]
    content = test.ask("read", "/data/file")
    check(content == "" or "errno" in content, f"the second masked file reads {content!r}")


@case(SECTION, MASK, broken="refuse run", note="what is not there cannot be read: no reason for an error")
def what_does_not_exist(test: Test):
    test.linux["maskedPaths"] = ["/nowhere"]
    equal(test.ask("cwd"), "/", "a container with a masked path that does not exist")


@case(SECTION, ABSOLUTE, broken=("remove /linux/maskedPaths", "succeed create"))
def relative_path(test: Test):
    make_files(test)
    test.linux["maskedPaths"] = ["data/file"]
    test.refuse("a relative masked path")
