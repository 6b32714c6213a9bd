"""The root filesystem."""

from suite.case import case, equal
from suite.test import Test

SECTION = "config.md#root"
PATH = "On POSIX platforms, `path` is either an absolute path or a relative path to the bundle."
READONLY = "If true then the root filesystem MUST be read-only inside the container, defaults to false."


@case(SECTION, PATH, broken='set /root/path "other"')
def relative_path(test: Test):
    test.rootfs.rename(test.bundle / "tree")
    test.config["root"]["path"] = "tree"
    equal(test.ask("stat", "/probe")["type"], "file", "the program, in a rootfs of a relative path")


@case(SECTION, PATH, broken='set /root/path "rootfs"')
def absolute_path(test: Test):
    outside = test.work / "elsewhere"
    test.rootfs.rename(outside)
    test.config["root"]["path"] = str(outside)
    equal(test.ask("stat", "/probe")["type"], "file", "the program, in a rootfs of an absolute path")


@case(SECTION, "A directory MUST exist at the path declared by the field.", broken="succeed create")
def path_does_not_exist(test: Test):
    test.config["root"]["path"] = "nowhere"
    test.refuse("a rootfs that does not exist")


@case(SECTION, "A directory MUST exist at the path declared by the field.", broken="succeed create")
def path_is_a_file(test: Test):
    test.config["root"]["path"] = "rootfs/probe"
    test.refuse("a rootfs that is a file")


@case(SECTION, "On all other platforms, this field is REQUIRED.", broken="succeed create")
def without_root(test: Test):
    del test.config["root"]
    test.refuse("a config without root")


@case(SECTION, READONLY, broken="remove /root/readonly")
def readonly(test: Test):
    test.config["root"]["readonly"] = True
    equal(test.ask("write", "/file", "text"), {"errno": "EROFS"}, "writing below a read-only root")


@case(SECTION, READONLY, broken="set /root/readonly true")
def readonly_defaults_to_false(test: Test):
    equal(test.ask("write", "/file", "text"), True, "writing below a root that is not read-only")
