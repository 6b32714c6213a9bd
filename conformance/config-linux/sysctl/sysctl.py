"""Kernel parameters."""

import pathlib

from suite.case import case, check, equal
from suite.test import Test

SECTION = "config-linux.md#sysctl"
SENTENCE = "allows kernel parameters to be modified at runtime for the container."
PARAMETERS = {
    "kernel.msgmax": ("ipc", "7777"),
    "net.ipv4.ip_forward": ("network", "1"),
    "kernel.domainname": ("uts", "sysctl.example"),
}

for name, (kind, value) in PARAMETERS.items():

    @case(SECTION, SENTENCE, broken="remove /linux/sysctl", name=f"in-{kind}-namespace")
    def parameter(test: Test, name=name, kind=kind, value=value):
        test.add_namespace(kind)
        test.linux["sysctl"] = {name: value}
        equal(test.ask("read", "/proc/sys/" + name.replace(".", "/")).strip(), value, name)


@case(SECTION, SENTENCE, broken="drop-namespace ipc", note="and for nobody else")
def not_for_the_host(test: Test):
    host = pathlib.Path("/proc/sys/kernel/msgmnb")
    before = host.read_text()
    test.linux["sysctl"] = {"kernel.msgmnb": "5555"}
    equal(test.ask("read", str(host)).strip(), "5555", "the container's parameter")
    equal(host.read_text(), before, "the host's parameter")


@case(
    SECTION,
    SENTENCE,
    broken=("remove /linux/sysctl", "succeed create"),
    note="a parameter of the whole host is not the container's: applying it to others would be worse than an error",
)
def of_the_whole_host(test: Test):
    host = pathlib.Path("/proc/sys/vm/swappiness")
    before = host.read_text()
    test.linux["sysctl"] = {"vm.swappiness": before.strip()}
    test.refuse("a parameter that has no namespace")
    check(host.read_text() == before, "the host's parameter has changed")


@case(
    "runtime.md#create",
    "If the runtime cannot apply a property as specified in the configuration, it MUST generate an "
    "error and a new container MUST NOT be created.",
    broken=("remove /linux/sysctl", "succeed create"),
)
def unknown_parameter(test: Test):
    test.add_namespace("network")
    test.linux["sysctl"] = {"net.nosuch.parameter": "1"}
    test.refuse("an unknown parameter")


@case(
    "runtime.md#create",
    "If the runtime cannot apply a property as specified in the configuration, it MUST generate an "
    "error and a new container MUST NOT be created.",
    broken=("remove /linux/sysctl", "succeed create"),
)
def value_that_the_kernel_refuses(test: Test):
    test.linux["sysctl"] = {"kernel.msgmax": "many"}
    test.refuse("a value that the kernel refuses")
