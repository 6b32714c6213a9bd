"""Limits, and the files in which a container's cgroup has them: of v1 and of v2."""

import pathlib
from dataclasses import dataclass

from suite import linux
from suite.case import Skip, check, equal
from suite.test import Test


@dataclass(frozen=True)
class File:
    """A file of a cgroup, and what it has to hold."""

    controller: str
    name: str
    value: str


def directory(test: Test, controller: str) -> pathlib.Path:
    """Of the container, or Skip."""
    found = linux.controller_directory(controller, test.cgroup)
    if found is None:
        raise Skip(f"this host has no cgroup controller {controller}")
    return found


def file_here(test: Test, v1: File | None, v2: File | None) -> File:
    """The one that counts on this host, or Skip."""
    is_v1 = any(linux.is_v1(file.controller) for file in (v1, v2) if file)  # a hybrid host has some in each
    file = v1 if is_v1 else v2
    if file is None:
        raise Skip(f"cgroup v{1 if is_v1 else 2} has no such limit")
    cgroup = directory(test, file.controller)
    cgroup.mkdir()
    exists = (cgroup / file.name).exists()
    cgroup.rmdir()
    if not exists:
        raise Skip(f"this kernel's controller {file.controller} has no {file.name}")
    return file


def expect_limit(test: Test, resources: dict, v1: File | None, v2: File | None) -> None:
    """With these resources, the file has to hold its value."""
    file = file_here(test, v1, v2)
    test.linux["resources"] |= resources
    test.create("hold")
    path = directory(test, file.controller) / file.name
    check(path.exists(), f"there is no {path}")
    equal(" ".join(path.read_text().split()), file.value, file.name)


def block_device() -> tuple[int, int]:
    """The numbers of one of this host's disks, or Skip."""
    for device in sorted(pathlib.Path("/sys/block").glob("*/dev")):
        if "loop" not in str(device):
            major, minor = device.read_text().strip().split(":")
            return int(major), int(minor)
    raise Skip("this host has no block device")
