"""Where the container's cgroup is."""

import os

from suite import cgroups, linux
from suite.case import Skip, case, check, equal
from suite.test import Test

SECTION = "config-linux.md#cgroups-path"
ABSOLUTE = "In the case of an absolute path (starting with `/`), the runtime MUST take the path to be relative to the cgroups mount point."
CONTROLLER = "pids"


def paths_of(pid: int) -> dict[str, str]:
    """By controller, where the process is."""
    with open(f"/proc/{pid}/cgroup") as lines:
        split = [line.rstrip("\n").split(":", 2) for line in lines]
    return {controller: path for _, names, path in split for controller in names.split(",")}


def path_of(pid: int) -> str:
    paths = paths_of(pid)
    return paths[""] if linux.is_unified() else paths[CONTROLLER]


@case(SECTION, ABSOLUTE, broken="other-cgroup")
def absolute_path(test: Test):
    pid = test.create("hold").pid
    equal(path_of(pid), test.cgroup, "the container's cgroup")


@case(SECTION, "The cgroups will be created if they don't exist.", broken="other-cgroup")
def created(test: Test):
    directory = cgroups.directory(test, CONTROLLER)
    check(not directory.exists(), "the cgroup was there before")
    test.create("hold")
    check(directory.exists(), f"there is no cgroup {directory}")


@case(SECTION, ABSOLUTE, broken="other-cgroup")
def deep_path(test: Test):
    test.linux["cgroupsPath"] = test.cgroup + "/one/two"
    pid = test.create("hold").pid
    equal(path_of(pid), test.cgroup + "/one/two", "the container's cgroup")


@case(
    SECTION,
    "the runtime MUST consistently attach to the same place in the cgroups hierarchy given the same value of "
    "`cgroupsPath`.",
    broken="random-cgroup",
)
def same_place(test: Test):
    test.linux["cgroupsPath"] = test.id + "/relative"
    places = []
    for number in range(2):
        container = test.create("hold", id=f"{test.id}-{number}")
        places.append(path_of(container.pid))
        container.end()
        container.delete()
    equal(places[0], places[1], "the cgroups of two containers of one relative path")


@case(
    SECTION,
    "If the value is not specified, the runtime MAY define the default cgroups path.",
    broken="refuse run",
    note="and has to make a container all the same",
)
def not_specified(test: Test):
    del test.linux["cgroupsPath"]
    equal(test.ask("cwd"), "/", "a container without cgroupsPath")


@case(
    "config-linux.md#cgroup-ownership",
    "Runtimes SHOULD NOT change the ownership of container cgroups when cgroups v1 is in use.",
    broken="own-cgroup",
)
def ownership(test: Test):
    if linux.is_unified():
        raise Skip("this host has cgroup v2 only")
    test.process["user"] = {"uid": 1000, "gid": 1000}
    test.create("hold")
    equal(os.stat(cgroups.directory(test, CONTROLLER)).st_uid, 0, "the owner of the container's cgroup")


OWNERSHIP = "config-linux.md#cgroup-ownership"


def owners(test: Test, options: list[str]) -> dict[str, int]:
    """Of the container's cgroup and some of its files, for a user who has a cgroup mount with these options."""
    if not linux.is_unified():
        raise Skip("cgroup v1 is in use on this host")
    test.process["user"] = {"uid": 1000, "gid": 1000}
    test.add_namespace("cgroup")
    test.mounts.append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": options})
    test.create("hold")
    directory = cgroups.directory(test, CONTROLLER)
    names = (".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads", "cgroup.max.depth")
    return {name: os.stat(directory / name).st_uid for name in names}


@case(
    OWNERSHIP,
    "Runtimes SHOULD change the cgroup ownership if and only if the cgroup filesystem is to be mounted read/write",
    broken="disown-cgroup",
)
def ownership_where_it_is_writable(test: Test):
    found = owners(test, ["nosuid", "noexec", "nodev"])
    del found["cgroup.max.depth"]
    equal(found, dict.fromkeys(found, 1000), "the owners")


@case(
    OWNERSHIP,
    "The runtime SHOULD NOT change the ownership of any other files.",
    broken="own-cgroup",
)
def ownership_of_other_files(test: Test):
    equal(owners(test, ["nosuid", "noexec", "nodev"])["cgroup.max.depth"], 0, "the owner of cgroup.max.depth")


@case(
    OWNERSHIP,
    "If the configuration does not specify such a mount, the runtime SHOULD NOT change the cgroup ownership.",
    broken="own-cgroup",
)
def ownership_where_it_is_readonly(test: Test):
    found = owners(test, ["nosuid", "noexec", "nodev", "ro"])
    equal(found, dict.fromkeys(found, 0), "the owners")


@case(
    "runtime.md#delete",
    "Deleting a container MUST delete the resources that were created during the `create` step.",
    broken="leave-cgroup",
)
def removed_by_delete(test: Test):
    container = test.start_holding()
    container.end()
    container.delete()
    for directory in linux.cgroup_directories(test.cgroup):
        check(not directory.exists(), f"{directory} is still there")
