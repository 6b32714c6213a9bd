"""What is known of OCI runtime-tools' validation programs (commit 0105384, 58 programs), and how they are judged."""

import re
from dataclasses import dataclass

ENVIRONMENT = "environment"  # asks for what the host does not have
OUTDATED = "outdated"  # asks for what the present specification does not say
TEST_BUG = "test bug"  # is wrong by itself

# Programs that need not pass, and why.
PROGRAMS = {
    "linux_cgroups_blkio": (ENVIRONMENT, "takes the disk 8:0 and weights that this kernel does not have"),
    "linux_cgroups_relative_blkio": (ENVIRONMENT, "takes the disk 8:0 and weights that this kernel does not have"),
    "linux_cgroups_network": (ENVIRONMENT, "net_cls and net_prio of cgroup v1"),
    "linux_cgroups_relative_network": (ENVIRONMENT, "net_cls and net_prio of cgroup v1"),
    "linux_process_apparmor_profile": (ENVIRONMENT, "AppArmor, and a profile that is loaded"),
    "process_capabilities": (ENVIRONMENT, "every capability, CAP_SYS_RESOURCE included"),
    "process_capabilities_fail": (OUTDATED, "an unknown capability is a warning since 1.0.2, no error"),
    "prestart": (OUTDATED, "wants prestart hooks at start; they are part of create"),
    "hooks": (TEST_BUG, "compares with words that its hooks do not write"),
    "misc_props": (TEST_BUG, "starts a program that it has not put into the rootfs"),
    "pidfile": (TEST_BUG, "races with the end of its program"),
    "poststart_fail": (OUTDATED, "a poststart hook that fails is an error since 1.3, no warning"),
    # Beyond those that are known to fail on every runtime:
    "killsig": (TEST_BUG, "races with the shell that sets its trap"),
    "linux_cgroups_hugetlb": (ENVIRONMENT, "hugetlb of cgroup v1; on a hybrid host it may be v2's"),
    "linux_cgroups_relative_hugetlb": (ENVIRONMENT, "hugetlb of cgroup v1; on a hybrid host it may be v2's"),
    "linux_mount_label": (ENVIRONMENT, "SELinux: without it a label cannot be applied, which is an error"),
}

# Checks of other programs that need not pass: program, words of the check, why.
CHECKS = [
    (
        r"delete",
        r"delete.*not `?stopped`?",
        "a created container may be deleted, as runc's users have it: docs/spec.md",
    ),
    (r"start", r"^7$", "wants a container that create may refuse, and then a start that succeeds"),
    (r"linux_cgroups_(relative_)?memory", r"kernel", "memory.kmem.limit_in_bytes is gone from the kernel"),
    (
        r".*",
        r"RLIMIT_NOFILE.*soft|soft.*RLIMIT_NOFILE|rlimits.*NOFILE",
        "compares the soft limit after Go's runtime has raised it",
    ),
]


# The cgroups that the programs make, from the root of every hierarchy.
CGROUPS = ("cgrouptest", "testdir")


@dataclass
class Check:
    """A line of TAP."""

    good: bool
    number: str
    name: str


def parse(output: str) -> list[Check]:
    """The checks of a program; those that are to be done or skipped count as good."""
    found = []
    for good, number, rest in re.findall(r"^(ok|not ok)\b ?(\d*)(.*)$", output, re.MULTILINE):
        excused = re.search(r"# *(SKIP|TODO)", rest, re.IGNORECASE)
        found.append(Check(good == "ok" or bool(excused), number, rest.strip(" -")))
    return found


def excuse(program: str, check: Check) -> str:
    """Why this check need not pass; empty where it has to."""
    for programs, words, why in CHECKS:
        if re.fullmatch(programs, program) and (re.search(words, check.name) or re.search(words, check.number)):
            return why
    return ""


@dataclass
class Judgement:
    verdict: str  # "pass", "known" or "FAIL"
    detail: str


def judge(program: str, code: int | None, output: str, errors: str) -> Judgement:
    """`code`: None where the program did not end in time."""
    checks = parse(output)
    failed = [check for check in checks if not check.good]
    planned = re.findall(r"^1\.\.(\d+)", output, re.MULTILINE)
    if code is None:
        wrong = "did not end in 60 s"
    elif code != 0:
        wrong = f"exit code {code}: {(errors.strip() or output.strip()).splitlines()[-1:]}"
    elif not checks and (said := re.search(r'"error": "(.+)"', output)):
        wrong = said[1]  # it has diagnostics alone
    elif planned and int(planned[-1]) > len(checks):
        wrong = f"{len(checks)} of {planned[-1]} checks"
    else:
        wrong = ""
    if not failed and not wrong:
        return Judgement("pass", f"{len(checks)} checks" if checks else "diagnostics only")
    if program in PROGRAMS:
        kind, why = PROGRAMS[program]
        return Judgement("known", f"{kind}: {why}")
    blamed = [(check, excuse(program, check)) for check in failed]
    if not wrong and all(why for _, why in blamed):
        names = ", ".join(f"{check.number} {check.name}"[:60] for check, _ in blamed)
        return Judgement("pass", f"{len(checks)} checks, but {names}: {blamed[0][1]}")
    names = "; ".join(f"not ok {check.number} {check.name}" for check, why in blamed if not why)
    return Judgement("FAIL", (f"{wrong}; " if wrong else "") + names)
