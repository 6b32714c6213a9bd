"""Capabilities. What is looked at is the program, after execve: capabilities(7) says what that makes of the sets."""

from suite import linux
from suite.case import Skip, case, equal
from suite.test import Test

SECTION = "config.md#linux-process"
WARNING = (
    "Any value which cannot be mapped to a relevant kernel interface, or cannot be granted otherwise MUST be logged as a "
    "warning by the runtime."
)
SHOULD_NOT_FAIL = "Runtimes SHOULD NOT fail if the container configuration requests capabilities that cannot be granted"
SOME = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"]


def set_all(test: Test, names: list[str]) -> None:
    test.process["capabilities"] = {kind: list(names) for kind in ("bounding", "effective", "permitted")}


def sets(test: Test) -> dict[str, set[str]]:
    status = test.inside.status()
    return {kind: linux.capability_set(status[kind]) for kind in ("CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb")}


@case(
    SECTION,
    "is an array of bounding capabilities that are kept for the process.",
    broken=('append /process/capabilities/bounding "CAP_SYS_CHROOT"', "remove /process/capabilities/bounding/0"),
)
def bounding(test: Test):
    set_all(test, SOME)
    equal(sets(test)["CapBnd"], set(SOME), "the bounding set")


@case(
    SECTION,
    "is an array of effective capabilities that are kept for the process.",
    broken="remove /process/capabilities",
    note="a program of the user 0 gets what is both permitted and bounding",
)
def effective(test: Test):
    set_all(test, SOME)
    equal(sets(test)["CapEff"], set(SOME), "the effective set")


@case(
    SECTION,
    "is an array of permitted capabilities that are kept for the process.",
    broken="remove /process/capabilities",
    note="a program of the user 0 gets what is both permitted and bounding",
)
def permitted(test: Test):
    set_all(test, SOME)
    equal(sets(test)["CapPrm"], set(SOME), "the permitted set")


@case(
    SECTION,
    "is an array of inheritable capabilities that are kept for the process.",
    broken="remove /process/capabilities/inheritable",
)
def inheritable(test: Test):
    set_all(test, SOME)
    test.process["capabilities"]["inheritable"] = ["CAP_KILL"]
    equal(sets(test)["CapInh"], {"CAP_KILL"}, "the inheritable set")


@case(
    SECTION,
    "is an array of inheritable capabilities that are kept for the process.",
    broken='set /process/capabilities/inheritable ["CAP_KILL"]',
    note="where none are asked for, none are inheritable",
)
def nothing_inheritable(test: Test):
    set_all(test, SOME)
    equal(sets(test)["CapInh"], set(), "the inheritable set")


@case(
    SECTION,
    "is an array of ambient capabilities that are kept for the process.",
    broken="remove /process/capabilities/ambient",
)
def ambient(test: Test):
    set_all(test, SOME)
    test.process["capabilities"] |= {"inheritable": SOME, "ambient": ["CAP_NET_BIND_SERVICE"]}
    equal(sets(test)["CapAmb"], {"CAP_NET_BIND_SERVICE"}, "the ambient set")


@case(
    SECTION,
    "is an array of ambient capabilities that are kept for the process.",
    broken="remove /process/capabilities/ambient",
)
def ambient_of_another_user(test: Test):
    set_all(test, SOME)
    test.process["capabilities"] |= {"inheritable": SOME, "ambient": ["CAP_NET_BIND_SERVICE"]}
    test.process["user"] = {"uid": 1000, "gid": 1000}
    equal(sets(test)["CapEff"], {"CAP_NET_BIND_SERVICE"}, "the effective set of a user who is not root")


@case(
    SECTION,
    "is an array of effective capabilities that are kept for the process.",
    broken='set /process/user {"uid":0,"gid":0}',
    note="a user who is not root keeps none through execve but the ambient",
)
def another_user_has_none(test: Test):
    set_all(test, SOME)
    test.process["user"] = {"uid": 1000, "gid": 1000}
    equal(sets(test)["CapEff"], set(), "the effective set of a user who is not root")


@case(
    SECTION,
    "specifies the sets of capabilities for the process.",
    broken='set /process/capabilities/bounding ["CAP_KILL"]',
)
def none_at_all(test: Test):
    set_all(test, [])
    found = sets(test)
    equal(found["CapEff"] | found["CapBnd"] | found["CapPrm"], set(), "capabilities where none are given")


@case(SECTION, WARNING, broken="refuse run", note="a warning does not change the flow of the operation")
def unknown(test: Test):
    set_all(test, [*SOME, "CAP_TO_BE_INVENTED"])
    equal(sets(test)["CapEff"], set(SOME), "the effective set beside an unknown capability")


@case(SECTION, SHOULD_NOT_FAIL, broken="refuse run")
def cannot_be_granted(test: Test):
    number = linux.capability_names().index("CAP_WAKE_ALARM")
    test.before_exec = lambda: linux.prctl(linux.PR_CAPBSET_DROP, number) and None
    if not linux.prctl(linux.PR_CAPBSET_READ, number):
        raise Skip("this host does not have CAP_WAKE_ALARM to lose")
    set_all(test, [*SOME, "CAP_WAKE_ALARM"])
    equal(sets(test)["CapEff"], set(SOME), "the effective set beside a capability that the runtime does not have")


@case(SECTION, SHOULD_NOT_FAIL, broken="refuse run")
def ambient_that_is_not_permitted(test: Test):
    set_all(test, SOME)
    test.process["capabilities"]["ambient"] = ["CAP_SYS_CHROOT"]
    equal(sets(test)["CapAmb"], set(), "the ambient set where its capability is not permitted")
