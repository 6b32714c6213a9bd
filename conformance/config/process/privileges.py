"""`noNewPrivileges`, and the labels of security modules."""

import pathlib

from suite.case import Skip, case, equal
from suite.test import Test

SECTION = "config.md#linux-process"
NO_NEW = "setting `noNewPrivileges` to true prevents the process from gaining additional privileges."
CANNOT_APPLY = (
    "If the runtime cannot apply a property as specified in the configuration, it MUST generate an error and a new "
    "container MUST NOT be created."
)


@case(SECTION, NO_NEW, broken="set /process/noNewPrivileges false")
def no_new_privileges(test: Test):
    test.process["noNewPrivileges"] = True
    equal(test.inside.status()["NoNewPrivs"], "1", "NoNewPrivs")


@case(SECTION, NO_NEW, broken="set /process/noNewPrivileges true", note="false prevents nothing")
def new_privileges(test: Test):
    test.process["noNewPrivileges"] = False
    equal(test.inside.status()["NoNewPrivs"], "0", "NoNewPrivs")


@case(
    "runtime.md#create",
    CANNOT_APPLY,
    broken=("remove /process/apparmorProfile", "succeed"),
    note="a profile that is silently not applied would be worse than none",
)
def apparmor_where_there_is_none(test: Test):
    if pathlib.Path("/sys/kernel/security/apparmor").exists():
        raise Skip("this kernel has AppArmor")
    test.process["apparmorProfile"] = "ocirt-conformance-no-such-profile"
    test.refuse("an apparmorProfile on a kernel without AppArmor", at_start=True)


@case(
    "runtime.md#create",
    CANNOT_APPLY,
    broken=("remove /process/selinuxLabel", "succeed"),
    note="a label that is silently not applied would be worse than none",
)
def selinux_where_there_is_none(test: Test):
    if pathlib.Path("/sys/fs/selinux/enforce").exists():
        raise Skip("this kernel has SELinux")
    test.process["selinuxLabel"] = "system_u:system_r:container_t:s0:c1,c2"
    test.refuse("a selinuxLabel on a kernel without SELinux", at_start=True)
