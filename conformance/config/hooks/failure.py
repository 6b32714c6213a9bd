"""What happens when a hook fails."""

from suite import hooks
from suite.case import case, check, equal
from suite.test import Test

SECTION = "runtime.md#lifecycle"
FAILS = "If any `{0}` hook fails, the runtime MUST generate an error, stop the container, and continue the lifecycle at step 12."

for kind in ("prestart", "createRuntime", "createContainer"):

    @case(SECTION, FAILS.format(kind), broken=("remove /hooks", "succeed create"), name=f"{kind}-fails")
    def create_fails(test: Test, kind=kind):
        hooks.add(test, kind, "fail")
        test.refuse(f"a {kind} hook that fails")


@case(SECTION, FAILS.format("startContainer"), broken=("remove /hooks", "succeed start"), name="startContainer-fails")
def start_container_fails(test: Test):
    hooks.add(test, "startContainer", "fail")
    container = test.create("hold")
    pid = container.pid
    test.refuse_command("start", test.id)
    container.wait(pid)
    check(not container.has_said(), "the program runs after a startContainer hook has failed")


@case(SECTION, FAILS.format("poststart"), broken=("remove /hooks", "succeed start"), name="poststart-fails")
def poststart_fails(test: Test):
    hooks.add(test, "poststart", "fail")
    container = test.create("hold")
    pid = container.pid
    test.refuse_command("start", test.id)
    container.wait(pid)


@case(
    SECTION,
    "The `poststop` hooks MUST be invoked by the runtime.",
    broken="remove /hooks/poststop",
    note="step 13 of the lifecycle, which goes on at step 12 where a hook of create has failed",
)
def poststop_after_a_failure(test: Test):
    hooks.add(test, "createRuntime", "fail")
    hooks.add(test, "poststop")
    test.refuse("a createRuntime hook that fails")
    equal(hooks.kinds(test), ["createRuntime", "poststop"], "hooks called")


POSTSTOP = (
    "If any `poststop` hook fails, the runtime MUST log a warning, but the remaining hooks and lifecycle continue as if "
    "the hook had succeeded."
)


@case(SECTION, POSTSTOP, broken="fail delete", name="poststop-fails")
def poststop_fails(test: Test):
    hooks.add(test, "poststop", "fail")
    container = test.start_holding()
    container.end()
    container.delete()
    check(test.call("state", test.id).code != 0, "there still is a container")


@case(SECTION, POSTSTOP, broken="remove /hooks/poststop/1")
def poststop_hooks_that_remain(test: Test):
    hooks.add(test, "poststop", "fail")
    hooks.add(test, "poststop")
    container = test.start_holding()
    container.end()
    container.delete()
    equal(hooks.kinds(test), ["poststop", "poststop"], "hooks called")
