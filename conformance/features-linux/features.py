"""The Linux part of the features structure. What it claims is tried out."""

import json

from suite import linux
from suite.case import Failure, Skip, case, check, equal
from suite.config import bind
from suite.test import Test

RECOGNISED = "The runtime MUST recognize the elements in this array"
OPTIONAL = "a runtime MAY have the structure: these cases hold it to what it says there, and need it to say something"


def linux_features(test: Test, *path: str):
    answer = test.expect("features")
    try:
        here = json.loads(answer.output).get("linux") or {}
    except ValueError:
        raise Failure(f"features prints no JSON: {answer.output[:200]}") from None
    for step in path:
        here = here.get(step) or {}
    check(here, f"there is no linux.{'.'.join(path)}")
    return here


KINDS = {"cgroup", "ipc", "mount", "network", "pid", "user", "uts", "time"}


@case(
    "features-linux.md#namespaces",
    f"{RECOGNISED} as the `type` of `linux.namespaces` objects in `config.json`.",
    broken=('answer features /linux/namespaces ["pid","dream"]', "refuse run"),
    note=OPTIONAL,
)
def namespaces(test: Test):
    kinds = linux_features(test, "namespaces")
    check(set(kinds) <= KINDS, f"there are no such namespaces: {set(kinds) - KINDS}")
    test.linux["namespaces"] = [{"type": kind} for kind in kinds if kind != "user"]
    if "user" in kinds:
        test.use_user_namespace()
    equal(test.ask("cwd"), "/", "a container with all these namespaces")


@case(
    "features-linux.md#capabilities",
    f"{RECOGNISED} in the `process.capabilities` object of `config.json`.",
    broken='answer features /linux/capabilities ["CAP_FLY"]',
    note=OPTIONAL,
)
def capabilities(test: Test):
    names = linux_features(test, "capabilities")
    unknown = set(names) - set(linux.capability_names())
    equal(unknown, set(), "capabilities that do not exist")
    test.process["capabilities"] = {"bounding": names}
    bounding = linux.capability_set(test.inside.status()["CapBnd"])
    held = {
        name
        for number, name in enumerate(linux.capability_names())
        if number <= int(open("/proc/sys/kernel/cap_last_cap").read()) and linux.prctl(linux.PR_CAPBSET_READ, number)
    }
    equal(bounding, set(names) & held, "the bounding set of a container with all these")


@case(
    "features-linux.md#cgroup",
    "represents the runtime's implementation status of cgroup managers.",
    broken=('answer features /linux/cgroup/v1 "yes"', "answer features /linux/cgroup/v1 false"),
    note=OPTIONAL,
)
def cgroup(test: Test):
    found = linux_features(test, "cgroup")
    check(all(isinstance(value, bool) for value in found.values()), f"linux.cgroup is {found}")
    equal(found.get("v2" if linux.is_unified() else "v1"), True, "this host's version, on which the runtime works")


def try_filter(test: Test, **fields) -> None:
    test.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW"} | fields
    equal(test.ask("cwd"), "/", f"a container with {fields}")


def rule(action: str, **more) -> dict:
    return {"names": ["getsid"], "action": action} | more


@case(
    "features-linux.md#seccomp",
    f"{RECOGNISED} in the `syscalls[].action` property of the `linux.seccomp` object in " "`config.json`.",
    broken='answer features /linux/seccomp/actions ["SCMP_ACT_NOTHING"]',
    note=OPTIONAL,
)
def seccomp_actions(test: Test):
    actions = linux_features(test, "seccomp", "actions")
    names = [
        "getsid",
        "getpgid",
        "getpriority",
        "setpriority",
        "sched_get_priority_max",
        "sched_get_priority_min",
        "sync",
        "acct",
        "swapon",
        "swapoff",
    ]
    # The one that takes an agent is tried by config-linux/seccomp.
    pairs = [(name, action) for name, action in zip(names, actions) if action != "SCMP_ACT_NOTIFY"]
    try_filter(
        test, syscalls=[{"names": [name], "action": action} for name, action in pairs if action != "SCMP_ACT_ALLOW"]
    )


@case(
    "features-linux.md#seccomp",
    f"{RECOGNISED} in the `syscalls[].args[].op` property of the `linux.seccomp` object in " "`config.json`.",
    broken='answer features /linux/seccomp/operators ["SCMP_CMP_ABOUT"]',
    note=OPTIONAL,
)
def seccomp_operators(test: Test):
    operators = linux_features(test, "seccomp", "operators")
    arguments = [{"index": 0, "value": 7, "valueTwo": 1, "op": operator} for operator in operators]
    try_filter(test, syscalls=[rule("SCMP_ACT_ERRNO", args=[argument]) for argument in arguments])


@case(
    "features-linux.md#seccomp",
    f"{RECOGNISED} in the `architectures` property of the `linux.seccomp` object in " "`config.json`.",
    broken='answer features /linux/seccomp/archs ["SCMP_ARCH_ABACUS"]',
    note=OPTIONAL,
)
def seccomp_architectures(test: Test):
    architectures = linux_features(test, "seccomp", "archs")
    # Of one byte order: a filter cannot have both. The machine's own is among them where it is little-endian.
    big = {"MIPS", "MIPS64", "MIPS64N32", "PPC", "PPC64", "S390", "S390X", "PARISC", "PARISC64", "M68K", "SHEB"}
    little = [name for name in architectures if name.removeprefix("SCMP_ARCH_") not in big]
    try_filter(test, architectures=little, syscalls=[rule("SCMP_ACT_ERRNO")])


@case(
    "features-linux.md#seccomp",
    "The runtime MUST recognize and support the elements in this array in the `flags` property "
    "of the `linux.seccomp` object in `config.json`.",
    broken='answer features /linux/seccomp/supportedFlags ["SECCOMP_FILTER_FLAG_NOTHING"]',
    note=OPTIONAL,
)
def seccomp_flags(test: Test):
    flags = linux_features(test, "seccomp", "supportedFlags")
    for flag in flags:
        if flag != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV":  # only with an agent
            try_filter(test, flags=[flag], syscalls=[rule("SCMP_ACT_ERRNO")])


@case(
    "features-linux.md#seccomp",
    "This list may be a subset of `knownFlags` due to some flags not supported by the current "
    "kernel and/or libseccomp.",
    broken="answer features /linux/seccomp/knownFlags []",
    note=OPTIONAL,
)
def seccomp_known_flags(test: Test):
    known = set(linux_features(test, "seccomp", "knownFlags"))
    supported = set(linux_features(test, "seccomp", "supportedFlags"))
    check(supported <= known, f"supported, but not known: {supported - known}")


for field, anchor in {
    "apparmor": "apparmor",
    "selinux": "selinux",
    "intelRdt": "intel-rdt",
    "netDevices": "netdevices",
}.items():

    @case(
        f"features-linux.md#{anchor}",
        "**`enabled`** (bool, OPTIONAL) represents whether the runtime supports",
        broken=f'answer features /linux/{field} {{"enabled":"yes"}}',
        name=field,
        note=OPTIONAL,
    )
    def enabled(test: Test, field=field):
        found = linux_features(test, field)
        check(isinstance(found.get("enabled"), bool), f"linux.{field} is {found}")


@case(
    "features-linux.md#mountextensions",
    "In such cases, runtimes MUST still set this value to `true`, to indicate that the "
    "runtime recognises the `uidMappings` and `gidMappings` properties.",
    broken='answer features /linux/mountExtensions {"idmap":{"enabled":"perhaps"}}',
    note="a runtime that does not, refuses them by `config.md#valid-values` or knows nothing of them. " + OPTIONAL,
)
def idmapped_mounts(test: Test):
    if linux.kernel() < (6, 3):  # the bundle lies on one
        raise Skip("this kernel, before Linux 6.3, maps the owners of no tmpfs")
    claimed = linux_features(test, "mountExtensions", "idmap").get("enabled")
    mapping = [{"containerID": 0, "hostID": 1000, "size": 10}]
    test.mounts.append(bind("/data", test.bundle, "idmap") | {"uidMappings": mapping, "gidMappings": mapping})
    answer = test.run("stat", "/data")
    mapped = answer.code == 0 and json.loads(answer.output)[0].get("uid") == 1000
    equal(claimed, mapped, "whether idmapped mounts are claimed, where they are made or not")


@case(
    "features-linux.md#memorypolicy",
    f"{RECOGNISED} as the `mode` of `linux.memoryPolicy` objects in `config.json`.",
    broken='answer features /linux/memoryPolicy {"modes":["MPOL_NOWHERE"]}',
    note=OPTIONAL,
)
def memory_policies(test: Test):
    for mode in linux_features(test, "memoryPolicy", "modes"):
        if mode == "MPOL_WEIGHTED_INTERLEAVE" and linux.kernel() < (6, 9):
            continue
        test.linux["memoryPolicy"] = {"mode": mode}
        if mode not in ("MPOL_DEFAULT", "MPOL_LOCAL"):
            test.linux["memoryPolicy"]["nodes"] = "0"
        equal(test.ask("cwd"), "/", f"a container with {mode}")
