"""Filters of system calls."""

import os

from suite.case import Skip, case, check, equal
from suite.test import Test

SECTION = "config-linux.md#seccomp"
ACTION = "**`action`** *(string, REQUIRED)* - the action for seccomp rules."
VALID = "Runtimes MUST generate an error when invalid or unsupported values are encountered."
CALL = "getsid"  # what the probe can be asked to call; getpgid stays as it is
EPERM = {"errno": "EPERM"}
SIGSYS = 31

# What a program without a shell needs, and what the three runtimes do between filter and program.
NEEDED = """execve exit exit_group write read close brk mmap munmap mprotect arch_prctl set_tid_address set_robust_list
rseq prlimit64 readlink readlinkat getrandom fstat newfstatat rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack futex
openat fcntl capset capget prctl setuid setgid setgroups getdents64 lseek epoll_ctl epoll_pwait nanosleep getpid gettid
tgkill madvise sched_yield getpgid statfs fstatfs dup3 close_range writev seccomp execveat sendmsg recvmsg sendto
recvfrom ioctl setresuid setresgid umask chdir fchdir getcwd getuid geteuid keyctl clone clone3 wait4 kill access
faccessat faccessat2 pipe2 eventfd2 epoll_create1 clock_gettime uname sysinfo sched_getaffinity pread64 stat lstat open
mincore timer_create timer_settime timer_delete tkill poll ppoll select getppid dup dup2 pipe getgroups getresuid
getresgid memfd_create membarrier unlink unlinkat mkdir mkdirat statx clock_nanosleep restart_syscall epoll_wait
readv pwrite64 mremap getegid getgid setns unshare setsid pidfd_open pidfd_send_signal waitid socket connect
shutdown setpriority setitimer""".split()


def rule(action: str, **more) -> dict:
    return {"names": [CALL], "action": action} | more


def set_filter(test: Test, *rules: dict, **more) -> None:
    test.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": list(rules)} | more


def ask_with(test: Test, *rules: dict, call: str = CALL, argument: int = 0, **more):
    """What the system call answers in the program."""
    set_filter(test, *rules, **more)
    return test.ask("syscall", call, str(argument))


# Actions.


@case(SECTION, f"{ACTION} `SCMP_ACT_ERRNO`", broken="remove /linux/seccomp")
def action_errno(test: Test):
    equal(ask_with(test, rule("SCMP_ACT_ERRNO")), EPERM, "the system call")


@case(SECTION, "The default is `EPERM`.", broken="set /linux/seccomp/syscalls/0/errnoRet 38")
def errno_by_default(test: Test):
    equal(ask_with(test, rule("SCMP_ACT_ERRNO")), EPERM, "the system call")


@case(
    SECTION,
    "**`errnoRet`** *(uint, OPTIONAL)* - the errno return code to use.",
    broken="remove /linux/seccomp/syscalls/0/errnoRet",
)
def errno_ret(test: Test):
    equal(ask_with(test, rule("SCMP_ACT_ERRNO", errnoRet=11)), {"errno": "EAGAIN"}, "the system call")


@case(
    SECTION,
    "When the action doesn't support an errno, the runtime MUST print and error and fail.",
    broken=("remove /linux/seccomp/syscalls/0/errnoRet", "succeed"),
)
def errno_ret_of_another_action(test: Test):
    set_filter(test, rule("SCMP_ACT_KILL", errnoRet=11))
    test.refuse("an errnoRet of SCMP_ACT_KILL", at_start=True)


@case(SECTION, f"{ACTION} `SCMP_ACT_ALLOW`", broken='set /linux/seccomp/syscalls/0/names/- "getpgid"')
def action_allow(test: Test):
    allowed = rule("SCMP_ACT_ALLOW", names=[*NEEDED, CALL])
    equal(isinstance(ask_with(test, allowed, defaultAction="SCMP_ACT_ERRNO"), int), True, "whether the call is allowed")


@case(SECTION, f"{ACTION} `SCMP_ACT_LOG`", broken='set /linux/seccomp/syscalls/0/action "SCMP_ACT_ERRNO"')
def action_log(test: Test):
    equal(isinstance(ask_with(test, rule("SCMP_ACT_LOG")), int), True, "whether the call is allowed")


@case(
    SECTION,
    f"{ACTION} `SCMP_ACT_TRACE`",
    broken="remove /linux/seccomp",
    note="seccomp(2): without a tracer the answer is ENOSYS",
)
def action_trace(test: Test):
    equal(ask_with(test, rule("SCMP_ACT_TRACE")), {"errno": "ENOSYS"}, "the system call")


for action in ("SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"):

    @case(
        SECTION,
        f"{ACTION} `{action}`",
        broken="remove /linux/seccomp",
        name="action-" + action.removeprefix("SCMP_ACT_").lower().replace("_", "-"),
    )
    def kills(test: Test, action=action):
        set_filter(test, rule(action))
        equal(test.run("syscall", CALL, "0").code, 128 + SIGSYS, "the exit code of a program that is ended by SIGSYS")


@case(
    SECTION,
    "**`defaultAction`** *(string, REQUIRED)* - the default action for seccomp.",
    broken='set /linux/seccomp/defaultAction "SCMP_ACT_ALLOW"',
)
def default_action(test: Test):
    allowed = rule("SCMP_ACT_ALLOW", names=NEEDED)
    equal(ask_with(test, allowed, defaultAction="SCMP_ACT_ERRNO"), EPERM, "a system call that no rule names")


@case(
    SECTION,
    "**`defaultErrnoRet`** *(uint, OPTIONAL)* - the errno return code to use.",
    broken="remove /linux/seccomp/defaultErrnoRet",
)
def default_errno_ret(test: Test):
    allowed = rule("SCMP_ACT_ALLOW", names=NEEDED)
    found = ask_with(test, allowed, defaultAction="SCMP_ACT_ERRNO", defaultErrnoRet=11)
    equal(found, {"errno": "EAGAIN"}, "a system call that no rule names")


@case(
    SECTION,
    "**`names`** *(array of strings, REQUIRED)* - the names of the syscalls.",
    broken="remove /linux/seccomp/syscalls/0/names/-",
)
def several_names(test: Test):
    found = ask_with(test, rule("SCMP_ACT_ERRNO", names=["getpgid", CALL]))
    equal(found, EPERM, "the second system call of a rule")


@case(
    SECTION,
    "**`names`** *(array of strings, REQUIRED)* - the names of the syscalls.",
    broken='append /linux/seccomp/syscalls/0/names "getpgid"',
)
def other_names(test: Test):
    found = ask_with(test, rule("SCMP_ACT_ERRNO"), call="getpgid")
    equal(isinstance(found, int), True, "whether a system call is allowed that no rule names")


@case(SECTION, "`names` MUST contain at least one entry.", broken=("remove /linux/seccomp", "succeed create"))
def no_names(test: Test):
    set_filter(test, rule("SCMP_ACT_ERRNO", names=[]))
    test.refuse("a rule without names")


# Operators: value of the rule, then an argument that matches, and one that does not.
BIG = 1 << 40
OPERATORS = {
    "SCMP_CMP_NE": (50, 51, 50),
    "SCMP_CMP_LT": (50, 49, 50),
    "SCMP_CMP_LE": (50, 50, 51),
    "SCMP_CMP_EQ": (50, 50, 51),
    "SCMP_CMP_GE": (50, 50, 49),
    "SCMP_CMP_GT": (50, 51, 50),
}
OPERATOR = "**`op`** *(string, REQUIRED)* - the operator for syscall arguments in seccomp."

for operator, (value, matching, other) in OPERATORS.items():
    for name, argument, matches in ((operator, matching, True), (f"{operator}-else", other, False)):
        defect = "remove /linux/seccomp" if matches else "remove /linux/seccomp/syscalls/0/args"

        @case(SECTION, f"{OPERATOR} `{operator}`", broken=defect, name=name)
        def compares(test: Test, operator=operator, value=value, argument=argument, matches=matches):
            arguments = [{"index": 0, "value": value, "op": operator}]
            found = ask_with(test, rule("SCMP_ACT_ERRNO", errnoRet=11, args=arguments), argument=argument)
            equal(found == {"errno": "EAGAIN"}, matches, f"whether {argument} is met by {operator} {value}")


for name, argument, matches in (("SCMP_CMP_MASKED_EQ", 0x7F05, True), ("SCMP_CMP_MASKED_EQ-else", 0x7F06, False)):

    @case(
        SECTION,
        f"{OPERATOR} `SCMP_CMP_MASKED_EQ`",
        broken="remove /linux/seccomp" if matches else "remove /linux/seccomp/syscalls/0/args",
        name=name,
    )
    def compares_masked(test: Test, argument=argument, matches=matches):
        arguments = [{"index": 0, "value": 0x0F, "valueTwo": 0x05, "op": "SCMP_CMP_MASKED_EQ"}]
        found = ask_with(test, rule("SCMP_ACT_ERRNO", errnoRet=11, args=arguments), argument=argument)
        equal(found == {"errno": "EAGAIN"}, matches, f"whether {argument:#x} & 0xf is 5")


@case(
    SECTION,
    "**`value`** *(uint64, REQUIRED)* - the value for syscall arguments in seccomp.",
    broken="set /linux/seccomp/syscalls/0/args/0/value 50",
)
def value_of_64_bits(test: Test):
    arguments = [{"index": 0, "value": BIG + 50, "op": "SCMP_CMP_EQ"}]
    found = ask_with(test, rule("SCMP_ACT_ERRNO", errnoRet=11, args=arguments), argument=BIG + 50)
    equal(found, {"errno": "EAGAIN"}, "a system call whose argument is above 32 bits")


@case(
    SECTION,
    "**`index`** *(uint, REQUIRED)* - the index for syscall arguments in seccomp.",
    broken="set /linux/seccomp/syscalls/0/args/0/index 1",
)
def index_of_argument(test: Test):
    set_filter(test, rule("SCMP_ACT_ERRNO", errnoRet=11, args=[{"index": 2, "value": 9, "op": "SCMP_CMP_EQ"}]))
    equal(test.ask("syscall", CALL, "0", "0", "9"), {"errno": "EAGAIN"}, "a system call whose third argument matches")


for name, action, field in [("action", "SCMP_ACT_NOTHING", "action"), ("operator", "SCMP_CMP_ABOUT", "op")]:

    @case("config.md#valid-values", VALID, broken=("remove /linux/seccomp", "succeed create"), name=f"unknown-{name}")
    def unknown(test: Test, action=action, field=field):
        bad = rule("SCMP_ACT_ERRNO", args=[{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}])
        (bad["args"][0] if field == "op" else bad)[field] = action
        set_filter(test, bad)
        test.refuse(f"{action} in a seccomp rule")


@case("config.md#valid-values", VALID, broken=("remove /linux/seccomp", "succeed create"))
def unknown_architecture(test: Test):
    set_filter(test, rule("SCMP_ACT_ERRNO"), architectures=["SCMP_ARCH_ABACUS"])
    test.refuse("an unknown architecture")


@case("config.md#valid-values", VALID, broken=("remove /linux/seccomp", "succeed create"))
def unknown_flag(test: Test):
    set_filter(test, rule("SCMP_ACT_ERRNO"), flags=["SECCOMP_FILTER_FLAG_NOTHING"])
    test.refuse("an unknown flag")


# Architectures.


def need_x86_64() -> None:
    if os.uname().machine != "x86_64":
        raise Skip("this machine has no 32 bit system calls that the probe could make")


GETPRIORITY_32 = "96"


@case(
    SECTION,
    "**`architectures`** *(array of strings, OPTIONAL)* - the architecture used for system calls.",
    broken="remove /linux/seccomp",
)
def rules_for_32_bits(test: Test):
    need_x86_64()
    set_filter(
        test,
        rule("SCMP_ACT_ERRNO", names=["getpriority"], errnoRet=11),
        architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    )
    equal(test.ask("foreign-call", GETPRIORITY_32), {"errno": "EAGAIN"}, "a system call of 32 bits")


@case(
    SECTION,
    "**`architectures`** *(array of strings, OPTIONAL)* - the architecture used for system calls.",
    broken='set /linux/seccomp/architectures ["SCMP_ARCH_X86_64","SCMP_ARCH_X86"]',
    note="a filter that lets all calls of the others pass would be no filter",
)
def calls_of_other_architectures(test: Test):
    need_x86_64()
    set_filter(test, rule("SCMP_ACT_ERRNO"), architectures=["SCMP_ARCH_X86_64"])
    answer = test.run("foreign-call", GETPRIORITY_32)
    check(answer.code != 0 or "errno" in answer.output, f"a system call of 32 bits answers {answer.output.strip()}")


# Flags. What they do shows in /proc/self/status, or not at all.

for flag in ("SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"):

    @case(
        SECTION,
        "**`flags`** *(array of strings, OPTIONAL)* - list of flags to use with seccomp(2).",
        broken='set /linux/seccomp/flags ["SECCOMP_FILTER_FLAG_NOTHING"]',
        name="flag-" + flag.removeprefix("SECCOMP_FILTER_FLAG_").lower(),
        note="has no effect that the program could see: it has to be accepted",
    )
    def flag_is_accepted(test: Test, flag=flag):
        equal(ask_with(test, rule("SCMP_ACT_ERRNO"), flags=[flag]), EPERM, f"the system call, with {flag}")


@case(
    SECTION,
    "**`flags`** *(array of strings, OPTIONAL)* - list of flags to use with seccomp(2).",
    broken="remove /linux/seccomp/flags",
    name="flag-spec-allow",
)
def flag_spec_allow(test: Test):
    path = "/sys/devices/system/cpu/vulnerabilities/spec_store_bypass"
    if not os.path.exists(path) or "seccomp" not in open(path).read():
        raise Skip("this kernel does not couple speculation and seccomp")
    set_filter(test, rule("SCMP_ACT_ERRNO"), flags=["SECCOMP_FILTER_FLAG_SPEC_ALLOW"])
    equal(test.inside.status()["Speculation_Store_Bypass"], "thread vulnerable", "Speculation_Store_Bypass")


@case(
    SECTION,
    "**`seccomp`** (object, OPTIONAL)",
    broken="remove /linux/seccomp",
    note="with noNewPrivileges, and without CAP_SYS_ADMIN",
)
def of_a_user_without_privileges(test: Test):
    test.process["user"] = {"uid": 1000, "gid": 1000}
    test.process["noNewPrivileges"] = True
    del test.process["capabilities"]
    equal(ask_with(test, rule("SCMP_ACT_ERRNO")), EPERM, "the system call")


@case(
    SECTION,
    "**`seccomp`** (object, OPTIONAL)",
    broken="remove /linux/seccomp",
    note="without noNewPrivileges, installing a filter takes a privilege that the program does not get",
)
def without_no_new_privileges(test: Test):
    test.process["user"] = {"uid": 1000, "gid": 1000}
    test.process["noNewPrivileges"] = False
    equal(ask_with(test, rule("SCMP_ACT_ERRNO")), EPERM, "the system call")
