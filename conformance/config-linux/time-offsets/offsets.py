"""Offsets of the clocks of a time namespace."""

import time

from suite.case import case, check
from suite.test import Test

SECTION = "config-linux.md#offset-for-time-namespace"

for clock, number in {"monotonic": time.CLOCK_MONOTONIC, "boottime": time.CLOCK_BOOTTIME}.items():

    @case(
        SECTION,
        "is the offset of clock (in seconds) in the container.",
        broken="remove /linux/timeOffsets",
        name=f"{clock}-secs",
    )
    def seconds(test: Test, clock=clock, number=number):
        test.add_namespace("time")
        test.linux["timeOffsets"] = {clock: {"secs": 100000}}
        ahead = test.ask("clocks")[clock] - time.clock_gettime(number)
        check(99900 < ahead < 100100, f"the clock is {ahead} s ahead, not 100000")


@case(SECTION, "is the offset of clock (in nanoseconds) in the container.", broken="remove /linux/timeOffsets")
def nanosecs(test: Test):
    test.add_namespace("time")
    test.linux["timeOffsets"] = {"boottime": {"secs": 5, "nanosecs": 123456789}}
    offsets = test.ask("read", "/proc/self/timens_offsets").split()
    check(offsets[-2:] == ["5", "123456789"], f"/proc/self/timens_offsets: {offsets}")


@case(
    SECTION,
    "is the offset of clock (in seconds) in the container.",
    broken="set /linux/timeOffsets/boottime/secs 60",
    note="an int64: it may be below zero",
)
def negative(test: Test):
    test.add_namespace("time")
    # Not before the machine's start, which the kernel refuses.
    seconds = -min(60, int(time.clock_gettime(time.CLOCK_BOOTTIME) / 2))
    test.linux["timeOffsets"] = {"boottime": {"secs": seconds}}
    ahead = test.ask("clocks")["boottime"] - time.clock_gettime(time.CLOCK_BOOTTIME)
    check(abs(ahead - seconds) < 10, f"the clock is {ahead} s ahead, not {seconds}")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken=("remove /linux/timeOffsets", "succeed create"),
)
def unknown_clock(test: Test):
    test.add_namespace("time")
    test.linux["timeOffsets"] = {"realtime": {"secs": 60}}
    test.refuse("an offset of a clock that time namespaces do not have")
