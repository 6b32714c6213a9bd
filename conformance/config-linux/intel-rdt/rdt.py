"""Intel RDT. What can be seen of it where the processor has none."""

from suite import linux
from suite.case import Skip, case
from suite.test import Test

SECTION = "config-linux.md#intelrdt"


@case(
    SECTION,
    "If no mounted `resctrl` pseudo-filesystem is available in the runtime mount namespace, the runtime MUST generate an "
    "error.",
    broken=("remove /linux/intelRdt", "succeed create"),
)
def without_resctrl(test: Test):
    if any(mount.kind == "resctrl" for mount in linux.mounts_here()):
        raise Skip("this host has resctrl mounted")
    test.linux["intelRdt"] = {"closID": "ocirt-conformance", "l3CacheSchema": "L3:0=f"}
    test.refuse("intelRdt without resctrl")
