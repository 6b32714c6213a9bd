"""`process.user`."""

import os

from suite.case import case, check, equal
from suite.test import Test

SECTION = "config.md#posix-platform-user"


@case(
    SECTION,
    "**`uid`** (int, REQUIRED) specifies the user ID in the container namespace.",
    broken="set /process/user/uid 0",
)
def uid(test: Test):
    test.process["user"] = {"uid": 1234, "gid": 0}
    equal(test.ask("identity")["uid"], 1234, "the user ID")


@case(
    SECTION,
    "**`gid`** (int, REQUIRED) specifies the group ID in the container namespace.",
    broken="set /process/user/gid 0",
)
def gid(test: Test):
    test.process["user"] = {"uid": 0, "gid": 2345}
    equal(test.ask("identity")["gid"], 2345, "the group ID")


@case(SECTION, "**`umask`** (int, OPTIONAL) specifies the umask of the user.", broken="remove /process/user/umask")
def umask(test: Test):
    test.process["user"]["umask"] = 0o037
    equal(test.ask("identity")["umask"], 0o037, "the umask")


@case(
    SECTION,
    "If unspecified, the umask should not be changed from the calling process' umask.",
    broken="set /process/user/umask 0",
    note="a should in small letters; Docker's daemon has the umask 0, which no container wants: 022 is right, too",
)
def umask_unspecified(test: Test):
    test.before_exec = lambda: os.umask(0o026) and None
    check(test.ask("identity")["umask"] in (0o026, 0o022), "the umask is neither the caller's 026 nor 022")


@case(
    SECTION,
    "**`additionalGids`** (array of ints, OPTIONAL) specifies additional group IDs in the container namespace to be "
    "added to the process.",
    broken="remove /process/user/additionalGids",
)
def additional_gids(test: Test):
    test.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [7, 70000]}
    equal(set(test.ask("identity")["groups"]) - {1000}, {7, 70000}, "the supplementary groups")


@case(
    SECTION,
    "**`additionalGids`** (array of ints, OPTIONAL) specifies additional group IDs in the container namespace to be "
    "added to the process.",
    broken="set /process/user/additionalGids [42]",
    note="those of the runtime are not the container's",
)
def no_additional_gids(test: Test):
    test.before_exec = lambda: os.setgroups([42, 43])
    test.process["user"] = {"uid": 1000, "gid": 1000}
    equal(set(test.ask("identity")["groups"]) - {1000}, set(), "the supplementary groups")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken="succeed create",
)
def uid_out_of_range(test: Test):
    test.process["user"]["uid"] = 1 << 32
    test.refuse("the uid 4294967296")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken="succeed create",
)
def uid_is_a_name(test: Test):
    test.process["user"]["uid"] = "root"
    test.refuse('the uid "root"')
