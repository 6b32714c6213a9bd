"""`scheduler`, `ioPriority` and `execCPUAffinity`."""

import json
import os

from suite import linux
from suite.case import Skip, case, check, equal
from suite.test import Test

SECTION = "config.md#linux-process"
VALID = "Runtimes MUST generate an error when invalid or unsupported values are encountered."
POLICIES = {"SCHED_OTHER": 0, "SCHED_BATCH": 3, "SCHED_IDLE": 5}

for policy, number in POLICIES.items():
    overlooked = "remove /process/scheduler" if number else 'set /process/scheduler {"policy":"SCHED_BATCH","nice":5}'

    @case(
        SECTION,
        "**`policy`** (string, REQUIRED) represents the scheduling policy.",
        broken=overlooked,
        name="scheduler-" + policy.removeprefix("SCHED_").lower(),
    )
    def scheduler_policy(test: Test, policy=policy, number=number):
        test.process["scheduler"] = {"policy": policy, "nice": 5}
        equal(test.ask("scheduling")["policy"], number, "the scheduling policy")


for policy, number in {"SCHED_FIFO": 1, "SCHED_RR": 2}.items():

    @case(
        SECTION,
        "represents the static priority of the process, used by real-time policies like SCHED_FIFO and SCHED_RR.",
        broken=("remove /process/scheduler", "set /process/scheduler/priority 11"),
        name="scheduler-" + policy.removeprefix("SCHED_").lower(),
    )
    def scheduler_priority(test: Test, policy=policy, number=number):
        test.process["scheduler"] = {"policy": policy, "priority": 7}
        if linux.controller_has("cpu", "cpu.rt_runtime_us"):  # a new cgroup of v1 has no real-time budget
            test.linux["resources"]["cpu"] = {"realtimeRuntime": 1000, "realtimePeriod": 1000000}
        found = test.ask("scheduling")
        equal((found["policy"], found["priority"]), (number, 7), "the policy and its priority")


@case(SECTION, "is the nice value for the process, affecting its priority.", broken="remove /process/scheduler/nice")
def scheduler_nice(test: Test):
    test.process["scheduler"] = {"policy": "SCHED_OTHER", "nice": 9}
    equal(test.ask("scheduling")["nice"], 9, "the nice value")


@case(SECTION, "is an array of strings representing scheduling flags.", broken="remove /process/scheduler/flags")
def scheduler_flags(test: Test):
    test.process["scheduler"] = {"policy": "SCHED_OTHER", "nice": 5, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
    equal(test.ask("scheduling")["flags"] & 1, 1, "SCHED_FLAG_RESET_ON_FORK")


@case(SECTION, "used by the deadline scheduler.", broken="remove /process/scheduler")
def scheduler_deadline(test: Test):
    times = {"runtime": 1_000_000, "deadline": 50_000_000, "period": 100_000_000}
    test.process["scheduler"] = {"policy": "SCHED_DEADLINE"} | times
    found = test.ask("scheduling")
    equal({name: found[name] for name in times} | {"policy": found["policy"]}, times | {"policy": 6}, "the scheduling")


@case("config.md#valid-values", VALID, broken="succeed")
def scheduler_policy_unknown(test: Test):
    test.process["scheduler"] = {"policy": "SCHED_NOBODY"}
    test.refuse("an unknown scheduling policy", at_start=True)


for name, number in {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}.items():

    @case(
        SECTION,
        "**`class`** (string, REQUIRED) specifies the I/O scheduling class.",
        broken="remove /process/ioPriority",
        name="io-priority-" + name.removeprefix("IOPRIO_CLASS_").lower(),
    )
    def io_class(test: Test, name=name, number=number):
        test.process["ioPriority"] = {"class": name, "priority": 3}
        equal(test.ask("scheduling")["io_class"], number, "the class of I/O")


@case(
    SECTION,
    "**`priority`** (int, REQUIRED) specifies the priority level within the class.",
    broken="set /process/ioPriority/priority 4",
)
def io_priority_level(test: Test):
    test.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
    equal(test.ask("scheduling")["io_priority"], 6, "the priority within the class")


@case(SECTION, "The value should be an integer ranging from 0 (highest) to 7 (lowest).", broken="succeed")
def io_priority_out_of_range(test: Test):
    test.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 8}
    test.refuse("an I/O priority of 8", at_start=True)


@case("config.md#valid-values", VALID, broken="succeed")
def io_class_unknown(test: Test):
    test.process["ioPriority"] = {"class": "IOPRIO_CLASS_ALL", "priority": 3}
    test.refuse("an unknown class of I/O", at_start=True)


def two_cpus() -> list[int]:
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise Skip("this host has one CPU")
    return cpus[:2]


@case(
    SECTION,
    "This setting is not applicable to the container's init process.",
    broken='set /linux/resources/cpu {"cpus":"0"}',
)
def affinity_of_init(test: Test):
    first, second = two_cpus()
    test.process["execCPUAffinity"] = {"initial": str(first), "final": str(first)}
    check(second in test.ask("scheduling")["cpus"], "the container's first process has the affinity for exec")


@case(
    SECTION,
    "is a list of CPUs the process will be run on after the transition to container's cgroup.",
    broken="remove /process/execCPUAffinity",
    note="exec is no operation of the specification: its command line is runc's, `exec ID PROGRAM`",
)
def affinity_of_exec(test: Test):
    _, second = two_cpus()
    test.process["execCPUAffinity"] = {"final": str(second)}
    test.start_holding()
    answer = test.expect("exec", test.id, "/probe", "scheduling")
    equal(json.loads(answer.output)[0]["cpus"], [second], "the CPUs of a process of exec")


@case("config.md#valid-values", VALID, broken="succeed")
def affinity_invalid(test: Test):
    test.process["execCPUAffinity"] = {"final": "all"}
    test.refuse('execCPUAffinity "all"', at_start=True)
