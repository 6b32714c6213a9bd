"""NUMA memory policy."""

from suite import linux
from suite.case import Skip, case, equal
from suite.test import Test

SECTION = "config-linux.md#memory-policy"
VALID = "Runtimes MUST generate an error when invalid or unsupported values are encountered."
MODES = {
    "MPOL_DEFAULT": 0,
    "MPOL_PREFERRED": 1,
    "MPOL_BIND": 2,
    "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4,
    "MPOL_PREFERRED_MANY": 5,
    "MPOL_WEIGHTED_INTERLEAVE": 6,
}
WITHOUT_NODES = ("MPOL_DEFAULT", "MPOL_LOCAL")
STATIC_NODES, RELATIVE_NODES = 1 << 15, 1 << 14


def policy_of(test: Test, mode: str, **more) -> dict:
    if mode == "MPOL_WEIGHTED_INTERLEAVE" and linux.kernel() < (6, 9):
        raise Skip("this kernel, before Linux 6.9, has no weighted interleaving")
    if mode not in WITHOUT_NODES:
        more.setdefault("nodes", "0")
    test.linux["memoryPolicy"] = {"mode": mode} | more
    found = test.ask("memory-policy")
    if "errno" in found:
        raise Skip("this kernel has no memory policies")
    return found


for mode, number in MODES.items():
    defect = (
        'set /linux/memoryPolicy {"mode":"MPOL_BIND","nodes":"0"}'
        if mode == "MPOL_DEFAULT"
        else "remove /linux/memoryPolicy"
    )

    @case(SECTION, "**`mode`** *(string, REQUIRED)*", broken=defect, name=mode)
    def mode_of(test: Test, mode=mode, number=number):
        equal(policy_of(test, mode)["mode"] & 0xFF, number, "the policy's mode")


@case(
    SECTION,
    "list of memory nodes from which nodemask is constructed to set_mempolicy(2).",
    broken="remove /linux/memoryPolicy",
)
def nodes(test: Test):
    equal(policy_of(test, "MPOL_BIND", nodes="0")["nodes"], 1, "the policy's nodes")


for flag, number in {"MPOL_F_STATIC_NODES": STATIC_NODES, "MPOL_F_RELATIVE_NODES": RELATIVE_NODES}.items():

    @case(SECTION, "list of flags to use with set_mempolicy(2).", broken="remove /linux/memoryPolicy/flags", name=flag)
    def flags(test: Test, flag=flag, number=number):
        found = policy_of(test, "MPOL_BIND", flags=[flag])["mode"]
        equal(found & (STATIC_NODES | RELATIVE_NODES), number, "the policy's flags")


@case(
    SECTION,
    "Others that there is at least one node, e.g. `MPOL_BIND` and `MPOL_INTERLEAVE`.",
    broken=("remove /linux/memoryPolicy", "succeed"),
)
def bind_without_nodes(test: Test):
    test.linux["memoryPolicy"] = {"mode": "MPOL_BIND"}
    test.refuse("MPOL_BIND without nodes", at_start=True)


@case(
    SECTION,
    "Some modes require that there are no nodes, e.g. `MPOL_DEFAULT` and `MPOL_LOCAL`.",
    broken=("remove /linux/memoryPolicy", "succeed"),
)
def local_with_nodes(test: Test):
    test.linux["memoryPolicy"] = {"mode": "MPOL_LOCAL", "nodes": "0"}
    test.refuse("MPOL_LOCAL with nodes", at_start=True)


@case("config.md#valid-values", VALID, broken=("remove /linux/memoryPolicy", "succeed"))
def unknown_mode(test: Test):
    test.linux["memoryPolicy"] = {"mode": "MPOL_NOWHERE"}
    test.refuse("an unknown mode", at_start=True)


@case("config.md#valid-values", VALID, broken=("remove /linux/memoryPolicy", "succeed"))
def unknown_flag(test: Test):
    test.linux["memoryPolicy"] = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_NOTHING"]}
    test.refuse("an unknown flag", at_start=True)
