"""How hooks are called: path, arguments, environment, time, and the state on stdin."""

from suite import hooks
from suite.case import case, check, equal
from suite.test import Test

SECTION = "config.md#posix-platform-hooks"
STATE = "The state of the container MUST be passed to hooks over stdin"


@case(
    SECTION,
    "**`args`** (array of strings, OPTIONAL) with the same semantics as IEEE Std 1003.1-2008 `execv`'s *argv*.",
    broken="remove /hooks/createRuntime/0/args/-",
)
def args(test: Test):
    hooks.add(test, "createRuntime", "then", "", "two words")
    test.create("hold")
    equal(hooks.calls(test)[0].args[3:], ["then", "", "two words"], "the hook's arguments")


@case(
    SECTION,
    "**`env`** (array of strings, OPTIONAL) with the same semantics as IEEE Std 1003.1-2008's `environ`.",
    broken=("remove /hooks/createRuntime/0/env/0", 'append /hooks/createRuntime/0/env "MORE=1"'),
)
def env(test: Test):
    given = ["KEY=value", "EMPTY="]
    hooks.add(test, "createRuntime", env=given)
    test.create("hold")
    equal(hooks.calls(test)[0].env, given, "the hook's environment")


@case(
    SECTION,
    "This specification extends the IEEE standard in that **`path`** MUST be absolute.",
    broken=("remove /hooks", "succeed"),
)
def relative_path(test: Test):
    hooks.add(test, "createRuntime", path="probe")
    test.refuse("a relative path of a hook")


@case(
    SECTION,
    "**`timeout`** (int, OPTIONAL) is the number of seconds before aborting the hook.",
    broken="remove /hooks/createRuntime/0/timeout",
)
def timeout(test: Test):
    hooks.add(test, "createRuntime", "sleep", timeout=1)
    test.refuse("a hook that does not end in time")


@case(
    SECTION,
    "If set, `timeout` MUST be greater than zero.",
    broken="succeed create",
    note="`config.md#valid-values`: an invalid value is an error",
)
def timeout_of_zero(test: Test):
    hooks.add(test, "createRuntime", timeout=0)
    test.refuse("a timeout of 0 seconds")


@case(
    SECTION,
    "If set, `timeout` MUST be greater than zero.",
    broken="succeed create",
    note="`config.md#valid-values`: an invalid value is an error",
)
def timeout_below_zero(test: Test):
    hooks.add(test, "createRuntime", timeout=-1)
    test.refuse("a timeout of -1 seconds")


def state_given_to(test: Test, kind: str) -> tuple[dict, int]:
    """The state that a hook of this kind was given, and the container's pid as the runtime sees it."""
    hooks.add(test, kind)
    container = test.start_holding()
    pid = container.pid
    container.end()
    container.delete()
    found = hooks.calls(test)
    check(found, f"the {kind} hook is not called")
    return found[0].state, pid


for kind in hooks.KINDS:
    deaf = f'set /hooks/{kind}/0/args/1 "deaf-hook"'

    @case(SECTION, STATE, broken=deaf, name=f"state-for-{kind}")
    def state(test: Test, kind=kind):
        given, _ = state_given_to(test, kind)
        equal((given.get("id"), given.get("bundle")), (test.id, str(test.bundle)), "id and bundle on the hook's stdin")
        check(isinstance(given.get("ociVersion"), str), "there is no ociVersion on the hook's stdin")


# What the state's status is, by the lifecycle.
for kind, statuses, moved in [
    ("createRuntime", ("creating", "created"), "poststart"),
    ("createContainer", ("creating", "created"), "poststart"),
    ("startContainer", ("created",), ""),
    ("poststart", ("running",), "createRuntime"),
    ("poststop", ("stopped",), "poststart"),
]:
    defect = f"rename /hooks/{kind} {moved}" if moved else f'set /hooks/{kind}/0/args/1 "deaf-hook"'

    @case(
        "runtime.md#state",
        "**`status`** (string, REQUIRED) is the runtime state of the container.",
        broken=defect,
        name=f"status-for-{kind}",
        note="creating or created for hooks of create, which are called between the two",
    )
    def status(test: Test, kind=kind, statuses=statuses):
        given, _ = state_given_to(test, kind)
        check(given.get("status") in statuses, f"the status is {given.get('status')}, not {' or '.join(statuses)}")


for kind in ("createRuntime", "poststart"):

    @case(
        "runtime.md#state",
        "For hooks executed in the runtime namespace, it is the pid as seen by the runtime.",
        broken=f"rename /hooks/{kind} createContainer",
        name=f"pid-for-{kind}",
    )
    def pid_of_the_runtime(test: Test, kind=kind):
        given, pid = state_given_to(test, kind)
        equal(given.get("pid"), pid, "the pid")


for kind in ("createContainer", "startContainer"):

    @case(
        "runtime.md#state",
        "For hooks executed in the container namespace, it is the pid as seen by the container.",
        broken="drop-namespace pid",
        name=f"pid-for-{kind}",
    )
    def pid_of_the_container(test: Test, kind=kind):
        given, _ = state_given_to(test, kind)
        equal(given.get("pid"), 1, "the pid, in a new PID namespace")


@case(SECTION, STATE, broken="remove /annotations")
def annotations(test: Test):
    test.config["annotations"] = {"com.example.key": "value"}
    given, _ = state_given_to(test, "createRuntime")
    equal(given.get("annotations"), {"com.example.key": "value"}, "annotations on the hook's stdin")
