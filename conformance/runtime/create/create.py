"""`create`."""

import json
import os

from suite import linux
from suite.case import case, check, equal
from suite.test import Test

SECTION = "runtime.md#create"
LIFECYCLE = "runtime.md#lifecycle"
UNIQUE = (
    "If the ID provided is not unique across all containers within the scope of the runtime, or is not valid in any other "
    "way, the implementation MUST generate an error and a new container MUST NOT be created."
)


@case(SECTION, "This operation MUST create a new container.", broken="ignore create")
def creates(test: Test):
    test.create("hold")
    equal(test.call("state", test.id).code, 0, "the exit code of state after create")


@case(
    SECTION,
    "This operation MUST generate an error if it is not provided a path to the bundle and the container ID to "
    "associate with the container.",
    broken="succeed create",
)
def without_id(test: Test):
    test.write_config()
    test.refuse_command("create", "--bundle", str(test.bundle))


@case(SECTION, UNIQUE, broken="succeed create")
def id_is_taken(test: Test):
    test.create("hold")
    with open(os.devnull, "wb") as nowhere:
        answer = test.call("create", "--bundle", str(test.bundle), test.id, output=nowhere)
    check(answer.code != 0, "a second create of the same id succeeds")


@case(SECTION, UNIQUE, broken="replace-container", note="and the container that there is stays as it is")
def the_first_of_an_id_stays(test: Test):
    container = test.create("hold")
    before = container.pid
    with open(os.devnull, "wb") as nowhere:
        test.call("create", "--bundle", str(test.bundle), test.id, output=nowhere)
    state = container.state()
    equal((state["status"], state["pid"]), ("created", before), "status and pid of the first container")


@case(
    "runtime.md#state",
    "This MUST be unique across all containers on this host.",
    broken="succeed create",
    note="a stopped container is one, too, until it is deleted",
)
def id_of_a_stopped_container(test: Test):
    container = test.start_holding()
    container.end()
    with open(os.devnull, "wb") as nowhere:
        answer = test.call("create", "--bundle", str(test.bundle), test.id, output=nowhere)
    check(answer.code != 0, "create takes the id of a container that has stopped")


for name, value in {"with-a-slash": "one/two", "upwards": "../up", "empty": "", "dot-dot": ".."}.items():

    @case(
        SECTION,
        UNIQUE,
        broken="succeed create",
        name=f"id-{name}",
        note="an id is a name in the runtime's directory: one that leads out of it is not valid",
    )
    def invalid_id(test: Test, value=value):
        test.write_config()
        with open(os.devnull, "wb") as nowhere:
            answer = test.call("create", "--bundle", str(test.bundle), value, output=nowhere)
        check(answer.code != 0, f"create takes the id {value!r}")


@case(LIFECYCLE, "the user-specified program (from `process`) MUST NOT be run at this time.", broken="start-at-create")
def does_not_run_the_program(test: Test):
    container = test.create("write", "/has-run", "text", ",", "hold")
    equal(container.state()["status"], "created", "the status after create")
    check(not (test.rootfs / "has-run").exists() and not container.has_said(), "the program has run")


@case(SECTION, "`process.args` MUST NOT be applied until triggered by the `start` operation.", broken="start-at-create")
def args_are_not_applied(test: Test):
    pid = test.create("hold").pid
    with open(f"/proc/{pid}/cmdline") as file:
        check("/probe\0hold" not in file.read(), "the container's process has the program's arguments")


@case(
    SECTION,
    "All of the properties configured in `config.json` except for `process` MUST be applied.",
    broken="drop-namespace uts",
)
def properties_are_applied(test: Test):
    pid = test.create("hold").pid
    check(
        linux.namespace_id(f"/proc/{pid}/ns/uts") != linux.namespace_id("/proc/self/ns/uts"),
        "the created container is in the runtime's UTS namespace",
    )


@case(
    LIFECYCLE, "Any updates to `config.json` after this step MUST NOT affect the container.", broken="create-at-start"
)
def later_changes_of_the_config(test: Test):
    container = test.create("env")
    test.process["env"] = ["CHANGED=1"]
    test.write_config()
    container.start()
    check(
        "CHANGED=1" not in json.loads(container.read_line())[0], "the program sees a change of the config after create"
    )


@case(
    SECTION,
    "Any changes made to the `config.json` file after this operation will not have an effect on the container.",
    broken="create-at-start",
    note="nor does its absence",
)
def config_is_removed(test: Test):
    container = test.create("cwd")
    (test.bundle / "config.json").unlink()
    container.start()
    equal(json.loads(container.read_line()), ["/"], "the program's answer")


@case(
    "runtime.md#errors",
    "Unless otherwise stated, generating an error MUST leave the state of the environment as if the operation were never "
    "attempted",
    broken=("leave-state create", "remove /mounts/-"),
)
def nothing_is_left_after_an_error(test: Test):
    test.mounts.append({"destination": "/data", "type": "nosuchfs", "source": "none"})
    test.refuse("a filesystem that does not exist")


@case(
    "runtime.md#errors",
    "Unless otherwise stated, generating an error MUST leave the state of the environment as if the operation were never "
    "attempted",
    broken="leave-processes create",
    note="no process is left",
)
def no_process_is_left_after_an_error(test: Test):
    test.mounts.append({"destination": "/data", "type": "nosuchfs", "source": "none"})
    test.refuse("a filesystem that does not exist")
    with open("/proc/thread-self/children") as file:
        equal(file.read().split(), [], "processes that are left: who loses his parent becomes the case's child")
