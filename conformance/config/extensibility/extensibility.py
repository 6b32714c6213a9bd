"""What a runtime does with properties that it does not know, and with values that are none."""

from suite.case import case, equal
from suite.test import Test

SECTION = "config.md#extensibility"
IGNORE = "Runtimes MAY log unknown properties but MUST otherwise ignore them."
VALID = "Runtimes MUST generate an error when invalid or unsupported values are encountered."


for where in ("", "/process", "/root", "/linux", "/linux/resources", "/process/user"):

    @case(
        SECTION, IGNORE, broken="refuse run", name="unknown-property" + where.replace("/", "-of-", 1).replace("/", "-")
    )
    def unknown_property(test: Test, where=where):
        here = test.config
        for step in where.split("/")[1:]:
            here = here[step]
        here["toBeInvented"] = {"key": ["value"]}
        equal(test.ask("cwd"), "/", f"a container with an unknown property in {where or 'the config'}")


@case(
    "config.md#platform-specific-configuration",
    "This MAY be set if the target platform of this spec is `solaris`.",
    broken="refuse run",
    note="and on Linux it is a property like any other that the runtime does not know",
)
def another_platform(test: Test):
    test.config["solaris"] = {"milestone": "none"}
    equal(test.ask("cwd"), "/", "a container with a section for Solaris")


for pointer, value in {
    "/process/terminal": "yes",
    "/process/args": "/probe",
    "/process/env": {"PATH": "/bin"},
    "/root": "rootfs",
    "/mounts": {"destination": "/data"},
    "/hostname": 7,
    "/linux/namespaces": {"type": "pid"},
    "/hooks": ["/probe"],
}.items():

    @case("config.md#valid-values", VALID, broken="succeed create", name="wrong-type-of" + pointer.replace("/", "-"))
    def wrong_type(test: Test, pointer=pointer, value=value):
        *way, last = pointer.split("/")[1:]
        here = test.config
        for step in way:
            here = here[step]
        here[last] = value
        test.refuse(f"{value!r} as {pointer}")
