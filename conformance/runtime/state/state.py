"""What `state` says."""

import os
import re

from suite.case import case, check, equal
from suite.test import Test

SECTION = "runtime.md#state"
QUERY = "runtime.md#query-state"


@case(
    SECTION,
    "**`ociVersion`** (string, REQUIRED)",
    broken=("answer state /ociVersion", 'answer state /ociVersion "new"'),
    name="ociVersion",
)
def oci_version(test: Test):
    version = test.create("hold").state().get("ociVersion", "")
    check(re.match(r"\d+\.\d+\.\d+", version), f"ociVersion is {version!r}")


@case(
    SECTION,
    "**`id`** (string, REQUIRED) is the container's ID.",
    broken=("answer state /id", 'answer state /id "other"'),
)
def id_of_the_container(test: Test):
    equal(test.create("hold").state().get("id"), test.id, "id")


@case(SECTION, "`created`: the runtime has finished the create operation", broken='answer state /status "running"')
def created(test: Test):
    equal(test.create("hold").state().get("status"), "created", "the status after create")


@case(
    SECTION,
    "`running`: the container process has executed the user-specified program but has not exited",
    broken=('answer state /status "created"', 'answer state /status "stopped"'),
)
def running(test: Test):
    equal(test.start_holding().state().get("status"), "running", "the status after start")


@case(SECTION, "`stopped`: the container process has exited", broken='answer state /status "running"')
def stopped(test: Test):
    container = test.start_holding()
    container.end()
    equal(container.state().get("status"), "stopped", "the status after the program's end")


@case(
    SECTION,
    "**`pid`** (int, REQUIRED when `status` is `created` or `running` on Linux",
    broken=("answer state /pid", "answer state /pid 1"),
)
def pid_when_created(test: Test):
    pid = test.create("hold").pid
    space = os.readlink(f"/proc/{pid}/ns/pid")
    check(space != os.readlink("/proc/self/ns/pid"), f"{pid} is not in the container's PID namespace")


@case(SECTION, "is the ID of the container process.", broken=("answer state /pid", "answer state /pid 1"))
def pid_when_running(test: Test):
    pid = test.start_holding().pid
    with open(f"/proc/{pid}/cmdline") as file:
        equal(file.read().split("\0")[:2], ["/probe", "hold"], "the command of the process of that pid")


@case(
    SECTION,
    "**`bundle`** (string, REQUIRED) is the absolute path to the container's bundle directory.",
    broken=("answer state /bundle", 'answer state /bundle "bundle"'),
)
def bundle(test: Test):
    equal(test.create("hold").state().get("bundle"), str(test.bundle), "bundle")


@case(
    SECTION,
    "**`bundle`** (string, REQUIRED) is the absolute path to the container's bundle directory.",
    broken='answer state /bundle "bundle"',
    note="also where create was given a relative one",
)
def bundle_given_as_relative_path(test: Test):
    equal(test.create("hold", bundle="bundle", cwd=test.work).state().get("bundle"), str(test.bundle), "bundle")


TYPES = {"ociVersion": str, "id": str, "status": str, "pid": int, "bundle": str}


@case(
    SECTION,
    "When serialized in JSON, the format MUST adhere to the JSON Schema `schema/state-schema.json`.",
    broken=('answer state /pid "1"', 'answer state /annotations ["a"]', 'answer state /status "new"'),
)
def types_of_the_schema(test: Test):
    test.config["annotations"] = {"com.example.key": "value"}
    state = test.create("hold").state()
    for name, kind in TYPES.items():
        check(isinstance(state.get(name), kind), f"{name} is {state.get(name)!r}")
    check(state["status"] in ("creating", "created", "running", "stopped"), f"the status is {state['status']}")
    annotations = state.get("annotations", {})
    check(
        isinstance(annotations, dict) and all(isinstance(value, str) for value in annotations.values()),
        f"annotations is {annotations!r}",
    )


@case(QUERY, "Attempting to query a container that does not exist MUST generate an error.", broken="succeed state")
def does_not_exist(test: Test):
    test.refuse_command("state", test.id)


@case(
    QUERY, "This operation MUST generate an error if it is not provided the ID of a container.", broken="succeed state"
)
def without_id(test: Test):
    test.refuse_command("state")


@case(
    "runtime.md#scope-of-a-container",
    "The entity using a runtime to create a container MUST be able to use the operations defined in this specification "
    "against that same container.",
    broken="refuse delete",
)
def all_operations(test: Test):
    container = test.create("hold")
    container.start()
    container.state()
    pid = container.pid
    container.kill("KILL")
    container.wait(pid)
    container.delete()
