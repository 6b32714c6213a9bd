"""When hooks are called, and in which namespaces."""

from suite import hooks, linux
from suite.case import case, check, equal
from suite.test import Test

SECTION = "config.md#posix-platform-hooks"


@case(
    "config.md#prestart",
    "The `prestart` hooks MUST be called as part of the `create` operation after the runtime environment has been created",
    broken=("remove /hooks/prestart", "rename /hooks/prestart poststart"),
)
def prestart(test: Test):
    hooks.add(test, "prestart")
    test.create("hold")
    equal(hooks.kinds(test), ["prestart"], "hooks called by create")


@case(
    "config.md#prestart",
    "The `prestart` hooks MUST be called before the `createRuntime` hooks.",
    broken="rename /hooks/prestart createContainer",
)
def prestart_before_create_runtime(test: Test):
    hooks.add(test, "createRuntime")
    hooks.add(test, "prestart")
    test.create("hold")
    equal(hooks.kinds(test), ["prestart", "createRuntime"], "hooks called by create")


@case(
    "config.md#createruntime-hooks",
    "The `createRuntime` hooks MUST be called as part of the `create` operation after the runtime environment has been "
    "created",
    broken=("remove /hooks/createRuntime", "rename /hooks/createRuntime poststart"),
)
def create_runtime(test: Test):
    hooks.add(test, "createRuntime")
    test.create("hold")
    equal(hooks.kinds(test), ["createRuntime"], "hooks called by create")


@case(
    "config.md#createcontainer-hooks",
    "The `createContainer` hooks MUST be called after the `createRuntime` hooks.",
    broken="rename /hooks/createContainer prestart",
)
def create_container_after_create_runtime(test: Test):
    hooks.add(test, "createContainer")
    hooks.add(test, "createRuntime")
    test.create("hold")
    equal(hooks.kinds(test), ["createRuntime", "createContainer"], "hooks called by create")


@case(
    "config.md#createcontainer-hooks",
    "The `createContainer` hooks MUST be called as part of the `create` operation after the runtime environment has been "
    "created",
    broken=("remove /hooks/createContainer", "rename /hooks/createContainer poststart"),
)
def create_container(test: Test):
    hooks.add(test, "createContainer")
    test.create("hold")
    equal(hooks.kinds(test), ["createContainer"], "hooks called by create")


@case(
    "config.md#startcontainer-hooks",
    "The `startContainer` hooks MUST be called before the user-specified process is executed as part of the `start` "
    "operation.",
    broken=("remove /hooks/startContainer", "rename /hooks/startContainer poststop"),
)
def start_container(test: Test):
    hooks.add(test, "startContainer")
    container = test.create("read", "/hooks")
    equal(hooks.kinds(test), [], "hooks called by create")
    container.start()
    check("hook-of-startContainer" in container.read_line(), "the program does not find the hook to have run")


@case(
    "config.md#poststart",
    "The `poststart` hooks MUST be called after the user-specified process is executed but before the `start` operation "
    "returns.",
    broken=("remove /hooks/poststart", "rename /hooks/poststart createRuntime", "rename /hooks/poststart poststop"),
)
def poststart(test: Test):
    hooks.add(test, "poststart")
    container = test.create("hold")
    equal(hooks.kinds(test), [], "hooks called by create")
    container.start()
    equal(hooks.kinds(test), ["poststart"], "hooks called by start")


@case(
    "config.md#poststop",
    "The `poststop` hooks MUST be called after the container is deleted but before the `delete` operation returns.",
    broken=("remove /hooks/poststop", "rename /hooks/poststop poststart", "wait-for-nothing"),
)
def poststop(test: Test):
    hooks.add(test, "poststop")
    container = test.start_holding()
    container.end()
    equal(hooks.kinds(test), [], "hooks called before delete")
    container.delete()
    equal(hooks.kinds(test), ["poststop"], "hooks called by delete")


@case(SECTION, "Hooks MUST be called in the listed order.", broken="reverse /hooks/createRuntime")
def order(test: Test):
    for number in range(3):
        hooks.add(test, "createRuntime")
        test.config["hooks"]["createRuntime"][-1]["args"][0] += f":{number}"
    test.create("hold")
    equal([call.args[0][-1] for call in hooks.calls(test)], ["0", "1", "2"], "the order of the hooks")


for kind in hooks.KINDS:
    space = "runtime" if kind in hooks.IN_RUNTIME else "container"
    other = "createContainer" if space == "runtime" else "poststart"

    @case(
        SECTION,
        f"The `{kind}` hooks MUST be executed in the {space} namespace.",
        broken=f"rename /hooks/{kind} {other}",
        name=f"namespace-of-{kind}",
    )
    def namespace(test: Test, kind=kind, space=space):
        hooks.add(test, kind)
        container = test.start_holding()
        expected = linux.namespace_id(f"/proc/{'self' if space == 'runtime' else container.pid}/ns/mnt")
        container.end()
        container.delete()
        equal([call.mount_namespace for call in hooks.calls(test)], [expected], "the hook's mount namespace")


for kind in hooks.KINDS:
    space = "container" if kind == "startContainer" else "runtime"
    only_there = '/hooks/{0}/0/path "/probe"' if space == "runtime" else '/hooks/{0}/0/path "/proc/1/exe"'

    @case(
        SECTION,
        f"The value of `path` MUST resolve in the {space} namespace.",
        broken=f"set {only_there.format(kind)}",
        name=f"path-of-{kind}",
        note="the program of the case is there and in no other namespace",
    )
    def path(test: Test, kind=kind):
        hooks.add(test, kind)
        container = test.start_holding()
        container.end()
        container.delete()
        equal(hooks.kinds(test), [kind], "hooks called")
