"""`start`."""

from suite.case import case, check, equal
from suite.test import Test

SECTION = "runtime.md#start"
NOT_CREATED = "Attempting to `start` a container that is not `created` MUST have no effect on the container and MUST generate an error."


@case(SECTION, "This operation MUST run the user-specified program as specified by `process`.", broken="ignore start")
def runs_the_program(test: Test):
    container = test.create("cwd", ",", "hold")
    container.start()
    if container.state()["status"] == "created":
        check(False, "the program does not run after start")
    equal(container.read_line(), '["/"]', "what the program says")


@case(SECTION, "This operation MUST generate an error if it is not provided the container ID.", broken="succeed start")
def without_id(test: Test):
    test.refuse_command("start")


@case(SECTION, NOT_CREATED, broken="succeed start")
def does_not_exist(test: Test):
    test.refuse_command("start", test.id)


@case(SECTION, NOT_CREATED, broken="succeed start")
def is_running(test: Test):
    test.start_holding()
    test.refuse_command("start", test.id)


@case(SECTION, NOT_CREATED, broken=("kill-on-error start", "restart"), note="it goes on as it was")
def running_goes_on(test: Test):
    container = test.start_holding()
    before = container.pid
    test.refuse_command("start", test.id)
    state = container.state()
    equal((state["status"], state["pid"]), ("running", before), "status and pid")


@case(SECTION, NOT_CREATED, broken="succeed start")
def has_stopped(test: Test):
    container = test.start_holding()
    container.end()
    test.refuse_command("start", test.id)


@case(SECTION, NOT_CREATED, broken="restart", note="it is stopped as before")
def stopped_stays_stopped(test: Test):
    container = test.start_holding()
    container.end()
    test.refuse_command("start", test.id)
    equal(container.state()["status"], "stopped", "the status")
