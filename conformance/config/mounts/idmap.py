"""Mounts whose owners are mapped."""

import json
import os

from suite import linux
from suite.case import Skip, case, equal
from suite.config import mount
from suite.test import Test

OPTIONS = "config.md#linux-mount-options"
FIELDS = "config.md#posix-platform-mounts"
USE_THOSE = (
    "If `uidMappings` or `gidMappings` are specified for the mount, the runtime MUST use those values for the mount's "
    "mapping."
)
MAPPING = [{"containerID": 0, "hostID": 1000, "size": 10}]  # the filesystem's 0 appears as 1000


def add_mapped(test: Test, option: str, mapped: bool = True) -> None:
    """Two mounts, one below the other, each with a file of the user 3 and the group 4."""
    source = test.work / "tree"
    source.mkdir()
    linux.mount("tree", source, "tmpfs")
    (source / "below").mkdir()
    linux.mount("below", source / "below", "tmpfs")
    for file in (source / "file", source / "below" / "file"):
        file.touch()
        os.chown(file, 3, 4)
    entry = mount("/data", "none", str(source), "rbind", option)
    if mapped:
        entry |= {"uidMappings": MAPPING, "gidMappings": MAPPING}
    test.mounts.append(entry)


def owners(test: Test) -> list[tuple[int, int]]:
    if linux.kernel() < (6, 3):
        raise Skip("this kernel, before Linux 6.3, maps the owners of no tmpfs")
    facts = test.ask_all(["stat", "/data/file"], ["stat", "/data/below/file"])
    return [(fact.get("uid"), fact.get("gid")) for fact in facts]  # none where the kernel says EOVERFLOW


@case(
    OPTIONS, USE_THOSE, broken='set /mounts/-/uidMappings [{"containerID":0,"hostID":0,"size":10}]', name="option-idmap"
)
def option_idmap(test: Test):
    add_mapped(test, "idmap")
    equal(owners(test)[0], (1003, 1004), "the owner of a file of 3:4 through a mount that maps 0 to 1000")


@case(
    FIELDS,
    "The mapping to convert UIDs from the source file system to the destination mount point.",
    broken='set /mounts/-/uidMappings [{"containerID":0,"hostID":0,"size":10}]',
)
def uid_mappings(test: Test):
    add_mapped(test, "idmap")
    equal(owners(test)[0][0], 1003, "the user of a file of 3:4 through a mount that maps 0 to 1000")


@case(
    FIELDS,
    "The mapping to convert GIDs from the source file system to the destination mount point.",
    broken='set /mounts/-/gidMappings [{"containerID":0,"hostID":0,"size":10}]',
)
def gid_mappings(test: Test):
    add_mapped(test, "idmap")
    equal(owners(test)[0][1], 1004, "the group of a file of 3:4 through a mount that maps 0 to 1000")


@case(OPTIONS, "and the mapping is applied recursively", broken='set /mounts/-/options/- "idmap"', name="option-ridmap")
def option_ridmap(test: Test):
    add_mapped(test, "ridmap")
    equal(owners(test), [(1003, 1004)] * 2, "the owners of files of 3:4 on the two mounts")


@case(
    OPTIONS,
    "If they are not specified, the runtime MAY use the container's user namespace mapping, otherwise an error MUST be "
    "returned.",
    broken="remove /mounts/-/options/-",
)
def mapping_of_the_user_namespace(test: Test):
    test.use_user_namespace()
    add_mapped(test, "idmap", mapped=False)
    answer = test.run("stat", "/data/file")
    if answer.code == 0:
        found = json.loads(answer.output)[0]
        equal((found["uid"], found["gid"]), (3, 4), "the owner of a file of 3:4 through the user namespace's mapping")


@case(
    OPTIONS,
    "If there are no `uidMappings` and `gidMappings` specified and the container isn't using user namespaces, an error "
    "MUST be returned.",
    broken=("remove /mounts/-/options/-", "succeed create"),
)
def no_mapping_at_all(test: Test):
    add_mapped(test, "idmap", mapped=False)
    test.refuse("idmap without any mapping")


@case(FIELDS, "If specified, it MUST be specified along with `gidMappings`.", broken="succeed create")
def uid_mappings_alone(test: Test):
    add_mapped(test, "idmap")
    del test.mounts[-1]["gidMappings"]
    test.refuse("uidMappings without gidMappings")


@case(FIELDS, "If specified, it MUST be specified along with `uidMappings`.", broken="succeed create")
def gid_mappings_alone(test: Test):
    add_mapped(test, "idmap")
    del test.mounts[-1]["uidMappings"]
    test.refuse("gidMappings without uidMappings")
