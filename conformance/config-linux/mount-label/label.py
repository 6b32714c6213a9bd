"""SELinux labels of mounts."""

import pathlib

from suite.case import Skip, case
from suite.test import Test


@case(
    "runtime.md#create",
    "If the runtime cannot apply a property as specified in the configuration, it MUST generate an "
    "error and a new container MUST NOT be created.",
    broken=("remove /linux/mountLabel", "succeed create"),
    note="a label that is silently not applied would be worse than none",
)
def where_there_is_no_selinux(test: Test):
    if pathlib.Path("/sys/fs/selinux/enforce").exists():
        raise Skip("this kernel has SELinux")
    test.linux["mountLabel"] = "system_u:object_r:container_file_t:s0:c1,c2"
    test.refuse("a mountLabel on a kernel without SELinux")
