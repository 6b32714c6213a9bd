"""`delete`."""

import os

from suite import linux
from suite.case import case, check, equal
from suite.test import Test

SECTION = "runtime.md#delete"
NOT_STOPPED = "Attempting to `delete` a container that is not `stopped` MUST have no effect on the container and MUST generate an error."
MUST_DELETE = "Deleting a container MUST delete the resources that were created during the `create` step."
NOT_ITS = "Note that resources associated with the container, but not created by this container, MUST NOT be deleted."


@case(SECTION, "This operation MUST generate an error if it is not provided the container ID.", broken="succeed delete")
def without_id(test: Test):
    test.refuse_command("delete")


@case(SECTION, NOT_STOPPED, broken="succeed delete")
def does_not_exist(test: Test):
    test.refuse_command("delete", test.id)


@case(SECTION, NOT_STOPPED, broken="succeed delete")
def is_running(test: Test):
    test.start_holding()
    test.refuse_command("delete", test.id)


@case(SECTION, NOT_STOPPED, broken="kill-on-error delete", note="it goes on running")
def running_goes_on(test: Test):
    container = test.start_holding()
    before = container.pid
    test.refuse_command("delete", test.id)
    state = container.state()
    equal((state["status"], state["pid"]), ("running", before), "status and pid")


@case(
    SECTION,
    NOT_STOPPED,
    broken="ignore delete",
    note="of a created container: by the letter an error. Engines delete what they could not start, and runc, crun and "
    "ocirt let them: so either is right, but nothing between, and what is deleted is gone with its process",
)
def is_created(test: Test):
    container = test.create("hold")
    pid = container.pid
    if test.call("delete", test.id).code != 0:
        equal(container.state()["status"], "created", "the status after a delete that fails")
        return
    check(test.call("state", test.id).code != 0, "delete succeeds, and there still is a container")
    container.wait(pid)
    for cgroup in linux.cgroup_directories(test.cgroup):
        check(not cgroup.exists(), f"delete succeeds, and there is a cgroup {cgroup}")


@case(SECTION, MUST_DELETE, broken="ignore delete")
def container_is_gone(test: Test):
    container = test.start_holding()
    container.end()
    container.delete()
    check(test.call("state", test.id).code != 0, "there still is a container")


@case(SECTION, MUST_DELETE, broken="ignore delete", note="the runtime's own files of it, too")
def nothing_of_its_state(test: Test):
    container = test.start_holding()
    container.end()
    container.delete()
    left = [name for name in os.listdir(test.state_root) if test.id in name]
    equal(left, [], "what is left in the runtime's directory")


@case(SECTION, NOT_ITS, broken="kill-joined")
def joined_namespace(test: Test):
    with linux.held_namespace("net", test.probe) as path:
        test.add_namespace("network", path)
        container = test.start_holding()
        container.end()
        container.delete()
        check(os.path.exists(path), "who held the namespace that was joined is gone")


@case(SECTION, NOT_ITS, broken="delete-rootfs")
def bundle_stays(test: Test):
    container = test.start_holding()
    container.end()
    container.delete()
    check((test.rootfs / "probe").exists() and (test.bundle / "config.json").exists(), "files of the bundle are gone")


@case(SECTION, "Once a container is deleted its ID MAY be used by a subsequent container.", broken="ignore delete")
def id_can_be_used_again(test: Test):
    for _ in range(2):
        container = test.start_holding()
        container.end()
        container.delete()


@case(
    "runtime.md#lifecycle",
    "The container MUST be destroyed by undoing the steps performed during create phase (step 2).",
    broken="leave-cgroup",
)
def of_one_that_ended_by_itself(test: Test):
    container = test.create("cwd")
    pid = container.pid
    container.start()
    container.wait(pid)
    container.delete()
    for cgroup in linux.cgroup_directories(test.cgroup):
        check(not cgroup.exists(), f"there is a cgroup {cgroup}")
