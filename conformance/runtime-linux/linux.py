"""Descriptors, and the links of /dev."""

import os

from suite.case import case, equal
from suite.config import mount
from suite.test import Test

DESCRIPTORS = "runtime-linux.md#file-descriptors"
LINKS = "runtime-linux.md#dev-symbolic-links"
SOURCES = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
OPEN = "By default, only the `stdin`, `stdout` and `stderr` file descriptors are kept open for the application by the runtime."
SENTENCE = "runtimes MUST create the following symlinks if the source file exists after processing `mounts`:"


@case(DESCRIPTORS, OPEN, broken="leak-descriptor")
def only_the_standard_streams(test: Test):
    equal(test.ask("descriptors"), [0, 1, 2], "open descriptors")


@case(DESCRIPTORS, OPEN, broken="leak-descriptor", note="whatever the runtime's caller has left open")
def descriptors_of_the_caller(test: Test):
    leaked = os.open("/", os.O_PATH)
    test.inherited = (leaked,)
    equal(test.ask("descriptors"), [0, 1, 2], "open descriptors")


for path, target in SOURCES.items():

    @case(
        LINKS, SENTENCE, broken=f"replace-device {path.removeprefix('/dev/')}", name=path.strip("/").replace("/", "-")
    )
    def link(test: Test, path=path, target=target):
        equal(test.ask("link", path), target, f"what {path} leads to")


@case(LINKS, SENTENCE, broken="replace-device stdout", note="also where /dev comes from the rootfs")
def in_a_dev_of_the_rootfs(test: Test):
    test.mounts[1] = mount("/dev/shm", "tmpfs", "tmpfs")
    equal(test.ask("link", "/dev/stdout"), "/proc/self/fd/1", "what /dev/stdout leads to")
