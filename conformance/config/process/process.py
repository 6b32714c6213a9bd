"""The program: its arguments, environment and directory."""

import os

from suite.case import case, check, equal
from suite.test import Test

SECTION = "config.md#process"
ARGS = "**`args`** (array of strings, OPTIONAL) with similar semantics to IEEE Std 1003.1-2008 `execvp`'s *argv*."
FILE = "and that entry is used with the same semantics as `execvp`'s *file*."
ENV = "**`env`** (array of strings, OPTIONAL) with the same semantics as IEEE Std 1003.1-2008's `environ`."
CWD = "is the working directory that will be set for the executable."


@case(SECTION, ARGS, broken=("remove /process/args/-", 'set /process/args/2 "other"'))
def args(test: Test):
    words = ["args", "", "two words", '"quoted"', "ünïcode", "$HOME", "*"]
    equal(test.ask(*words), ["/probe", *words, ","], "the program's arguments")


@case(SECTION, FILE, broken="remove /process/env/0")
def program_is_looked_up_in_path(test: Test):
    (test.rootfs / "programs").mkdir()
    os.link(test.probe, test.rootfs / "programs" / "in-path")
    test.process["env"] = ["PATH=/nowhere:/programs"]
    test.process["args"] = ["in-path", "cwd"]
    equal(test.run().code, 0, "the exit code of a program in a directory of PATH")


@case(SECTION, FILE, broken='set /process/cwd "/"')
def program_with_a_slash_is_relative_to_cwd(test: Test):
    (test.rootfs / "here").mkdir()
    os.link(test.probe, test.rootfs / "here" / "program")
    test.process["cwd"] = "/here"
    test.process["args"] = ["./program", "cwd"]
    equal(test.run().code, 0, 'the exit code of "./program" in the working directory')


@case(SECTION, "at least one entry is REQUIRED (non-Windows)", broken="succeed")
def empty_args(test: Test):
    test.process["args"] = []
    test.refuse("empty args", at_start=True)


@case(
    "runtime.md#start",
    "This operation MUST run the user-specified program as specified by `process`.",
    broken="succeed",
)
def program_does_not_exist(test: Test):
    test.process["args"] = ["/nowhere"]
    test.refuse("a program that does not exist", at_start=True)


@case(
    "runtime.md#start",
    "This operation MUST run the user-specified program as specified by `process`.",
    broken="succeed",
)
def program_is_not_executable(test: Test):
    (test.rootfs / "file").write_text("")
    test.process["args"] = ["/file"]
    test.refuse("a program that is not executable", at_start=True)


@case(SECTION, ENV, broken=("remove /process/env/1", 'append /process/env "MORE=1"'))
def env(test: Test):
    test.process["env"] = ["PATH=/bin", "EMPTY=", "SPACES=a b", "ÜNÏ=cöde", "EQUALS=a=b"]
    found = test.ask("env")
    check(set(test.process["env"]) <= set(found), f"the environment is {found}")
    check(not any(entry.startswith("MORE=") for entry in found), "the environment has what nobody has asked for")


@case(
    SECTION,
    ENV,
    broken="inherit-environment",
    note="a process' environ is what it is given: the runtime's own is not the container's",
)
def env_is_not_inherited(test: Test):
    test.environment["OF_THE_RUNTIME"] = "1"
    check("OF_THE_RUNTIME=1" not in test.ask("env"), "the program sees the runtime's environment")


@case(SECTION, CWD, broken='set /process/cwd "/"')
def cwd(test: Test):
    (test.rootfs / "work" / "here").mkdir(parents=True)
    test.process["cwd"] = "/work/here"
    equal(test.ask("cwd"), "/work/here", "the working directory")


@case(SECTION, "This value MUST be an absolute path.", broken="succeed")
def relative_cwd(test: Test):
    (test.rootfs / "work").mkdir()
    test.process["cwd"] = "work"
    test.refuse("a relative working directory", at_start=True)


@case(SECTION, "**`cwd`** (string, REQUIRED)", broken="succeed")
def without_cwd(test: Test):
    del test.process["cwd"]
    test.refuse("a process without cwd", at_start=True)


@case(
    "runtime.md#start",
    "This operation MUST generate an error if `process` was not set.",
    broken="succeed",
    note="create may refuse already, by `config.md`: the property is required when start is called",
)
def without_process(test: Test):
    del test.config["process"]
    test.refuse("a config without process", at_start=True)
