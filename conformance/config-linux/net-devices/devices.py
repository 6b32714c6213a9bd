"""Network devices that are moved into the container."""

import subprocess

from suite import linux
from suite.case import case, check, equal
from suite.test import Test

SECTION = "config-linux.md#network-devices"


def move(test: Test, host_name: str, **fields) -> None:
    test.add_namespace("network")
    test.linux["netDevices"] = {host_name: fields}


@case(
    SECTION, "A set of network devices that MUST be made available in the container.", broken="remove /linux/netDevices"
)
def moved(test: Test):
    with linux.network_device() as name:
        move(test, name)
        check(name in test.ask("interfaces"), f"the container does not have {name}")


@case(SECTION, "the name of the network device inside the container namespace.", broken="remove /linux/netDevices")
def renamed(test: Test):
    with linux.network_device() as name:
        move(test, name, name="inside0")
        check("inside0" in test.ask("interfaces"), "the container does not have inside0")


@case(
    SECTION,
    'The runtime MUST set the network device state to "up" after moving it to the network namespace',
    broken="remove /linux/netDevices",
)
def is_up(test: Test):
    with linux.network_device() as name:
        move(test, name)
        equal(test.ask("interfaces").get(name, {}).get("up"), True, "whether the device is up")


for family, address in {"ipv4": "192.0.2.77/24", "ipv6": "2001:db8::77/64"}.items():

    @case(
        SECTION,
        "The runtime MUST preserve existing network interface attributes, including all permanent IP addresses",
        broken="remove /linux/netDevices",
        name=f"address-{family}",
    )
    def address_is_kept(test: Test, address=address):
        with linux.network_device() as name:
            subprocess.run(["ip", "address", "add", address, "dev", name], check=True)
            move(test, name)
            found = test.ask("interfaces").get(name, {}).get("addresses", [])
            check(address.split("/")[0] in found, f"the device's addresses are {found}")


@case(
    SECTION,
    "If a network device with the specified name already exists in the container namespace, the runtime MUST "
    "generate an error",
    broken=("remove /linux/netDevices", "succeed create"),
)
def name_is_taken(test: Test):
    with linux.network_device() as name:
        move(test, name, name="lo")
        test.refuse("a name that is taken")


@case(
    SECTION,
    "In that case, the runtime MUST allow the move, and the kernel will generate a unique name",
    broken="remove /linux/netDevices",
)
def template_of_a_name(test: Test):
    with linux.network_device() as name:
        move(test, name, name="made%d")
        check("made0" in test.ask("interfaces"), "the container does not have made0")


@case(
    SECTION,
    "The runtime MUST check if moving the network interface to the container namespace is possible.",
    broken=("remove /linux/netDevices", "succeed create"),
)
def does_not_exist(test: Test):
    move(test, "nosuchdevice")
    test.refuse("a network device that does not exist")
