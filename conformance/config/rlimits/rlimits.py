"""Resource limits."""

import resource

from suite import linux
from suite.case import Skip, case, equal
from suite.test import Test

SECTION = "config.md#posix-process"

# What to set, all below what a host allows; of the kinds of getrlimit(2).
KINDS = {
    "AS": 3 << 30,
    "CORE": 1 << 20,
    "CPU": 3600,
    "DATA": 2 << 30,
    "FSIZE": 1 << 30,
    "LOCKS": 500,
    "MEMLOCK": 64 << 10,
    "MSGQUEUE": 400 << 10,
    "NICE": 5,
    "NOFILE": 500,
    "NPROC": 3000,
    "RSS": 1 << 30,
    "RTPRIO": 5,
    "RTTIME": 10_000_000,
    "SIGPENDING": 1000,
    "STACK": 4 << 20,
}
NUMBERS = {"LOCKS": 10, "SIGPENDING": 11, "MSGQUEUE": 12, "NICE": 13, "RTPRIO": 14, "RTTIME": 15}

for kind, value in KINDS.items():

    @case(
        SECTION,
        "For each entry in `rlimits`, a `getrlimit(3)` on `type` MUST succeed.",
        broken="remove /process/rlimits",
        name=kind.lower(),
    )
    def limit(test: Test, kind=kind, value=value):
        number = NUMBERS.get(kind) or getattr(resource, f"RLIMIT_{kind}")
        _, hard = resource.getrlimit(number)
        lower = hard != resource.RLIM_INFINITY and hard < value
        if lower and "CAP_SYS_RESOURCE" not in linux.own_capabilities():
            raise Skip(f"this host's RLIMIT_{kind} is {hard} and cannot be raised")
        test.process["rlimits"] = [{"type": f"RLIMIT_{kind}", "soft": value, "hard": value}]
        equal(test.ask("limits")[f"RLIMIT_{kind}"], [value, value], "soft and hard limit")


@case(SECTION, "`rlim.rlim_cur` MUST match the configured value.", broken="set /process/rlimits/0/soft 60")
def soft(test: Test):
    test.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}]
    equal(test.ask("limits")["RLIMIT_NOFILE"][0], 50, "the soft limit")


@case(SECTION, "`rlim.rlim_max` MUST match the configured value.", broken="set /process/rlimits/0/hard 50")
def hard(test: Test):
    test.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}]
    equal(test.ask("limits")["RLIMIT_NOFILE"][1], 60, "the hard limit")


@case(
    SECTION,
    "**`soft`** (uint64, REQUIRED)",
    broken="set /process/rlimits/0/soft 1000",
    note="the type is uint64: its largest value is RLIM_INFINITY",
)
def infinity(test: Test):
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        raise Skip("this host's RLIMIT_CORE is not unlimited")
    infinite = (1 << 64) - 1
    test.process["rlimits"] = [{"type": "RLIMIT_CORE", "soft": infinite, "hard": infinite}]
    equal(test.ask("limits")["RLIMIT_CORE"], [infinite, infinite], "soft and hard limit")


@case(
    SECTION,
    "The runtime MUST generate an error for any values which cannot be mapped to a relevant kernel interface.",
    broken=("remove /process/rlimits", "succeed"),
)
def unknown(test: Test):
    test.process["rlimits"] = [{"type": "RLIMIT_NOBODY", "soft": 1, "hard": 1}]
    test.refuse("an unknown limit", at_start=True)


@case(
    SECTION,
    "If `rlimits` contains duplicated entries with same `type`, the runtime MUST generate an error.",
    broken=("remove /process/rlimits/1", "succeed"),
)
def duplicate(test: Test):
    entry = {"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}
    test.process["rlimits"] = [entry, entry | {"soft": 40}]
    test.refuse("two limits of one type", at_start=True)


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken="succeed",
)
def soft_above_hard(test: Test):
    test.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 60, "hard": 50}]
    test.refuse("a soft limit above the hard one", at_start=True)
