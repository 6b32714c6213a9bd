"""Device nodes."""

import os
import stat

from suite.case import case, check, equal
from suite.test import Test

SECTION = "config-linux.md#devices"
DEFAULT = "config-linux.md#default-devices"
LIST = "lists devices that MUST be available in the container."
VALID = "Runtimes MUST generate an error when invalid or unsupported values are encountered."


def device(path: str, kind: str = "c", major: int = 1, minor: int = 5, **more) -> dict:
    numbers = {} if kind == "p" else {"major": major, "minor": minor}
    return {"path": path, "type": kind} | numbers | more


def stat_of(test: Test, **entry) -> dict:
    path = entry.setdefault("path", "/dev/made")
    test.linux["devices"] = [device(**entry)]
    return test.ask("stat", path)


for kind in ("c", "b", "u", "p"):

    @case(
        SECTION,
        "**`type`** *(string, REQUIRED)* - type of device: `c`, `b`, `u` or `p`.",
        broken="remove /linux/devices/0",
        name=f"type-{kind}",
    )
    def type_of_device(test: Test, kind=kind):
        equal(stat_of(test, kind=kind, major=7, minor=0).get("type"), {"u": "c"}.get(kind, kind), "the file's type")


@case(
    SECTION,
    "**`major, minor`** *(int64, REQUIRED unless `type` is `p`)* - major, minor numbers for the device.",
    broken="set /linux/devices/0/minor 7",
)
def numbers(test: Test):
    found = stat_of(test, major=10, minor=229)
    equal((found.get("major"), found.get("minor")), (10, 229), "major and minor number")


@case(
    SECTION,
    "**`fileMode`** *(uint32, OPTIONAL)* - file mode for the device.",
    broken="remove /linux/devices/0/fileMode",
    name="fileMode",
)
def file_mode(test: Test):
    equal(stat_of(test, fileMode=0o624).get("mode"), 0o624, "the file's mode")


@case(
    SECTION,
    "**`uid`** *(uint32, OPTIONAL)* - id of device owner in the container namespace.",
    broken="remove /linux/devices/0/uid",
)
def uid(test: Test):
    equal(stat_of(test, uid=33).get("uid"), 33, "the file's owner")


@case(
    SECTION,
    "**`gid`** *(uint32, OPTIONAL)* - id of device group in the container namespace.",
    broken="remove /linux/devices/0/gid",
)
def gid(test: Test):
    equal(stat_of(test, gid=44).get("gid"), 44, "the file's group")


@case(
    SECTION,
    "The path MAY be anywhere in the container filesystem, notably outside of `/dev`.",
    broken="remove /linux/devices/0",
)
def outside_of_dev(test: Test):
    equal(stat_of(test, path="/some/where/else").get("type"), "c", "the file's type")


@case(SECTION, LIST, broken="remove /linux/devices/0")
def can_be_used(test: Test):
    test.linux["devices"] = [device("/dev/made", "c", 1, 5)]
    test.linux["resources"]["devices"].append({"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"})
    equal(test.ask("open", "/dev/made", "rw"), True, "opening the device")


EXISTS = (
    "If a file already exists at `path` that does not match the requested device, the runtime MUST generate an error."
)


@case(SECTION, EXISTS, broken=("remove /linux/devices/0", "succeed create"))
def another_file_is_there(test: Test):
    (test.rootfs / "made").write_text("a file")
    test.linux["devices"] = [device("/made")]
    test.refuse("a device where there is a file")


@case(SECTION, EXISTS, broken=("remove /linux/devices/0", "succeed create"))
def another_device_is_there(test: Test):
    os.mknod(test.rootfs / "made", stat.S_IFCHR | 0o600, os.makedev(1, 7))
    test.linux["devices"] = [device("/made")]
    test.refuse("a device where there is another device")


@case(SECTION, EXISTS, broken="refuse run", note="one that does match is no reason for an error")
def the_device_is_there(test: Test):
    os.mknod(test.rootfs / "made", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    found = stat_of(test, path="/made")
    equal((found.get("type"), found.get("minor")), ("c", 5), "type and minor number")


@case(SECTION, "**`major, minor`** *(int64, REQUIRED unless `type` is `p`)*", broken="succeed create")
def without_numbers(test: Test):
    test.linux["devices"] = [{"path": "/dev/made", "type": "c"}]
    test.refuse("a device without numbers")


@case("config.md#valid-values", VALID, broken=("remove /linux/devices", "succeed create"))
def unknown_type(test: Test):
    test.linux["devices"] = [device("/dev/made") | {"type": "x"}]
    test.refuse("a device of an unknown type")


# The default devices.

for name, minor in {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}.items():

    @case(
        DEFAULT,
        f"In addition to any devices configured with this setting, the runtime MUST also supply: `/dev/{name}`",
        broken=f"replace-device {name}",
        name=f"default-{name}",
    )
    def default(test: Test, name=name, minor=minor):
        facts = test.ask_all(["stat", f"/dev/{name}"], ["open", f"/dev/{name}", "r"])
        found = facts[0]
        equal(
            (found.get("type"), found.get("major"), found.get("minor"), facts[1]),
            ("c", 1, minor, True),
            "type, major and minor number, and opening it",
        )


@case(
    DEFAULT,
    "In addition to any devices configured with this setting, the runtime MUST also supply: `/dev/tty`",
    broken="replace-device tty",
    name="default-tty",
)
def default_tty(test: Test):
    found = test.ask("stat", "/dev/tty")
    equal((found.get("type"), found.get("major"), found.get("minor")), ("c", 5, 0), "type and numbers of /dev/tty")


@case(
    DEFAULT,
    "A bind-mount or symlink of the container's `/dev/pts/ptmx`.",
    broken="replace-device ptmx",
    name="default-ptmx",
)
def default_ptmx(test: Test):
    entry, target, opened = test.ask_all(["stat", "/dev/ptmx"], ["link", "/dev/ptmx"], ["open", "/dev/ptmx", "rw"])
    check(target in ("pts/ptmx", "/dev/pts/ptmx") or entry.get("type") == "c", f"/dev/ptmx is {entry}")
    equal(opened, True, "opening /dev/ptmx")
