"""`kill`."""

import signal

from suite.case import case, equal
from suite.test import Test

SECTION = "runtime.md#kill"
SENDS = "This operation MUST send the specified signal to the container process."
NEITHER = "Attempting to send a signal to a container that is neither `created` nor `running` MUST have no effect on the container and MUST generate an error."

for name in ("TERM", "HUP", "INT", "USR1", "USR2", "WINCH"):

    @case(
        SECTION,
        SENDS,
        broken=("other-signal CONT", "ignore kill") if name == "TERM" else "other-signal CONT",
        name=f"sends-{name}",
    )
    def sends(test: Test, name=name):
        container = test.start_holding()
        container.kill(name)
        equal(container.read_line(), str(int(signal.Signals[f"SIG{name}"])), "the signal that the program has seen")


@case(SECTION, SENDS, broken="other-signal CONT", note="as a number, as every runtime's command line takes it")
def sends_a_number(test: Test):
    container = test.start_holding()
    container.kill("10")
    equal(container.read_line(), "10", "the signal that the program has seen")


@case(SECTION, SENDS, broken="ignore kill", name="sends-KILL")
def sends_kill(test: Test):
    container = test.start_holding()
    pid = container.pid
    container.kill("KILL")
    container.wait(pid)


@case(SECTION, NEITHER, broken="refuse kill", note="created is one of the two")
def of_a_created_container(test: Test):
    container = test.create("hold")
    pid = container.pid
    container.kill("KILL")
    container.wait(pid)
    equal(container.state()["status"], "stopped", "the status")


@case(SECTION, NEITHER, broken="succeed kill")
def of_a_stopped_container(test: Test):
    container = test.start_holding()
    container.end()
    test.refuse_command("kill", test.id, "TERM")


@case(SECTION, NEITHER, broken="kill-deletes", note="it stays a stopped container")
def stopped_stays_stopped(test: Test):
    container = test.start_holding()
    container.end()
    test.call("kill", test.id, "TERM")
    equal(container.state()["status"], "stopped", "the status")


@case(SECTION, NEITHER, broken="succeed kill")
def does_not_exist(test: Test):
    test.refuse_command("kill", test.id, "TERM")


@case(SECTION, "This operation MUST generate an error if it is not provided the container ID.", broken="succeed kill")
def without_id(test: Test):
    test.refuse_command("kill")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken="succeed kill",
    note="a signal that does not exist cannot be sent",
)
def unknown_signal(test: Test):
    container = test.start_holding()
    test.refuse_command("kill", test.id, "NOTHING")
    equal(container.state()["status"], "running", "the status")
