"""Mappings of the user namespace."""

import os

from suite.case import case, check, equal
from suite.config import bind
from suite.test import Test

SECTION = "config-linux.md#user-namespace-mappings"
MAPPINGS = [{"containerID": 0, "hostID": 100000, "size": 1000}, {"containerID": 2000, "hostID": 300000, "size": 500}]


for kind, field in {"uid": "uidMappings", "gid": "gidMappings"}.items():
    words = "describes the user namespace {0} mappings from the host to the container."

    @case(SECTION, words.format(kind), broken=f"remove /linux/{field}/-", name=field)
    def mappings(test: Test, kind=kind, field=field):
        test.use_user_namespace()
        test.linux[field] = MAPPINGS
        lines = test.ask("read", f"/proc/self/{kind}_map").splitlines()
        equal([list(map(int, line.split())) for line in lines], [[0, 100000, 1000], [2000, 300000, 500]], f"{kind}_map")


@case(
    SECTION,
    "is the starting uid/gid on the host to be mapped to *containerID*.",
    broken="set /linux/uidMappings/0/hostID 200000",
    name="hostID",
)
def host_id(test: Test):
    test.use_user_namespace(host_id=100000)
    test.process["user"] = {"uid": 5, "gid": 6}
    pid = test.start_holding().pid
    found = os.stat(f"/proc/{pid}")
    equal((found.st_uid, found.st_gid), (100005, 100006), "the program's user and group on the host")


@case(
    SECTION,
    "is the starting uid/gid in the container.",
    broken="set /linux/uidMappings/0/containerID 1",
    name="containerID",
)
def container_id(test: Test):
    test.use_user_namespace(host_id=100000)
    equal(test.ask("stat", "/probe")["uid"], 65534, "the owner of a file of the host's root")
    os.chown(test.rootfs / "probe", 100000, 100000)


@case(
    SECTION,
    "The runtime SHOULD NOT modify the ownership of referenced filesystems to realize the mapping.",
    broken="remove /mounts/-",
)
def ownership_of_files(test: Test):
    source = test.bundle / "source"
    source.mkdir()
    (source / "file").touch()
    os.chown(source / "file", 7, 8)
    test.use_user_namespace()
    test.mounts.append(bind("/data", source))
    inside = test.ask("stat", "/data/file")
    status = os.stat(source / "file")
    equal((status.st_uid, status.st_gid), (7, 8), "the owner of a file of the host")
    check(inside.get("uid") == 65534, f"the container sees the owner {inside.get('uid')}, who is not mapped")


@case(SECTION, "is the number of ids to be mapped.", broken="set /linux/uidMappings/0/size 60000")
def size(test: Test):
    test.use_user_namespace(size=1234)
    equal(int(test.ask("read", "/proc/self/uid_map").split()[2]), 1234, "the number of ids")
