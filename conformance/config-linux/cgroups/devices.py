"""The list of allowed devices."""

from suite.case import case, equal
from suite.test import Test

SECTION = "config-linux.md#allowed-device-list"
FULL = {"type": "c", "major": 1, "minor": 11}  # /dev/kmsg, which no runtime allows by itself
DENY_ALL = {"allow": False, "access": "rwm"}
REFUSED = {"errno": "EPERM"}


def ask_with(test: Test, rules: list[dict], *fact: str):
    """The probe's answer where the device exists and these rules apply."""
    test.linux["devices"] = [{"path": "/made", "fileMode": 0o666} | FULL]
    test.linux["resources"]["devices"] = rules
    test.process["capabilities"]["bounding"] = test.process["capabilities"]["bounding"] + ["CAP_SYSLOG"]
    for kind in ("effective", "permitted"):
        test.process["capabilities"][kind] = test.process["capabilities"]["bounding"]
    return test.ask(*fact)


@case(SECTION, "whether the entry is allowed or denied.", broken="set /linux/resources/devices/0/allow true")
def denied(test: Test):
    equal(ask_with(test, [DENY_ALL], "open", "/made", "r"), REFUSED, "opening a device that is denied")


@case(SECTION, "whether the entry is allowed or denied.", broken="set /linux/resources/devices/1/allow false")
def allowed(test: Test):
    rules = [DENY_ALL, {"allow": True, "access": "rwm"} | FULL]
    equal(ask_with(test, rules, "open", "/made", "r"), True, "opening a device that is allowed")


@case(SECTION, "The runtime MUST apply entries in the listed order.", broken="reverse /linux/resources/devices")
def order(test: Test):
    rules = [{"allow": True, "access": "rwm"} | FULL, DENY_ALL]
    equal(ask_with(test, rules, "open", "/made", "r"), REFUSED, "opening a device that is allowed, then denied")


@case(
    SECTION,
    "A composition of `r` (read), `w` (write), and `m` (mknod).",
    broken='set /linux/resources/devices/1/access "rwm"',
)
def read_alone(test: Test):
    rules = [DENY_ALL, {"allow": True, "access": "r"} | FULL]
    equal(ask_with(test, rules, "open", "/made", "w"), REFUSED, "opening for writing a device that may be read")


@case(
    SECTION,
    "A composition of `r` (read), `w` (write), and `m` (mknod).",
    broken='set /linux/resources/devices/1/access "rm"',
)
def write_alone(test: Test):
    rules = [DENY_ALL, {"allow": True, "access": "w"} | FULL]
    equal(ask_with(test, rules, "open", "/made", "w"), True, "opening for writing a device that may be written")


@case(
    SECTION,
    "**`major, minor`** *(int64, OPTIONAL)* - major, minor numbers for the device.",
    broken="set /linux/resources/devices/1/minor 11",
)
def another_minor(test: Test):
    rules = [DENY_ALL, {"allow": True, "access": "rwm"} | FULL | {"minor": 4}]
    equal(ask_with(test, rules, "open", "/made", "r"), REFUSED, "opening a device beside one that is allowed")


@case(
    SECTION,
    'Unset values mean "all", mapping to `*` in the filesystem API.',
    broken="set /linux/resources/devices/1/minor 4",
)
def all_minors(test: Test):
    rules = [DENY_ALL, {"allow": True, "type": "c", "major": 1, "access": "rwm"}]
    equal(ask_with(test, rules, "open", "/made", "r"), True, "opening a device whose major number is allowed")


@case(
    SECTION,
    "**`type`** *(string, OPTIONAL)* - type of device: `a` (all), `c` (char), or `b` (block).",
    broken='set /linux/resources/devices/1/type "c"',
)
def another_type(test: Test):
    rules = [DENY_ALL, {"allow": True, "access": "rwm"} | FULL | {"type": "b"}]
    equal(
        ask_with(test, rules, "open", "/made", "r"), REFUSED, "opening a char device where the block device is allowed"
    )


@case(SECTION, 'Unset values mean "all", mapping to `a`.', broken='set /linux/resources/devices/1/type "b"')
def all_types(test: Test):
    rules = [DENY_ALL, {"allow": True, "access": "rwm"}]
    equal(ask_with(test, rules, "open", "/made", "r"), True, "opening a device where all are allowed")
