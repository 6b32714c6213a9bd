"""The execution domain."""

import os

from suite.case import Skip, case, check, equal
from suite.test import Test

SECTION = "config-linux.md#personality"
LINUX32 = 8


@case(
    SECTION,
    "`LINUX32` will set the `uname` system call to show a 32 bit CPU type, such as `i686`.",
    broken="remove /linux/personality",
)
def linux32(test: Test):
    if os.uname().machine not in ("x86_64", "aarch64"):
        raise Skip("this machine has no 32 bit domain")
    test.linux["personality"] = {"domain": "LINUX32"}
    found = test.ask("machine")
    equal(found["personality"] & 0xFF, LINUX32, "the execution domain")
    check(found["machine"] in ("i686", "i386", "armv8l", "armv7l"), f"uname says {found['machine']}")


@case(
    SECTION,
    "**`domain`** *(string, REQUIRED)* - the execution domain.",
    broken='set /linux/personality/domain "LINUX32"',
)
def linux(test: Test):
    test.linux["personality"] = {"domain": "LINUX"}
    equal(test.ask("machine")["personality"] & 0xFF, 0, "the execution domain")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken=("remove /linux/personality", "succeed"),
)
def unknown_domain(test: Test):
    test.linux["personality"] = {"domain": "LINUX128"}
    test.refuse("an unknown domain", at_start=True)


@case(
    SECTION,
    "Currently no flag values are supported.",
    broken=("remove /linux/personality", "succeed"),
    note="`config.md#valid-values`: an unsupported value is an error",
)
def a_flag(test: Test):
    test.linux["personality"] = {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}
    test.refuse("a flag", at_start=True)
