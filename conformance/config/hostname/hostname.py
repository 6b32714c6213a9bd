"""Hostname and domainname."""

import os

from suite.case import case, equal
from suite.test import Test


@case(
    "config.md#hostname",
    "specifies the container's hostname as seen by processes running inside the container.",
    broken="remove /hostname",
)
def hostname(test: Test):
    test.config["hostname"] = "inside.example"
    equal(test.ask("machine")["hostname"], "inside.example", "the hostname")


@case(
    "config.md#hostname",
    "On Linux, for example, this will change the hostname in the container UTS namespace.",
    broken="drop-namespace uts",
    note="and not the runtime's",
)
def hostname_of_the_runtime(test: Test):
    before = os.uname().nodename
    test.config["hostname"] = "inside.example"
    test.ask("machine")
    equal(os.uname().nodename, before, "the runtime's hostname")


@case(
    "config.md#domainname",
    "specifies the container's domainname as seen by processes running inside the container.",
    broken="remove /domainname",
)
def domainname(test: Test):
    test.config["domainname"] = "domain.example"
    equal(test.ask("machine")["domainname"], "domain.example", "the domainname")
