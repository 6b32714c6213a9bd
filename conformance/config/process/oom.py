"""`oomScoreAdj`."""

import pathlib

from suite.case import case, equal
from suite.test import Test

SECTION = "config.md#linux-process"


def score(test: Test) -> int:
    return int(test.ask("read", "/proc/self/oom_score_adj"))


@case(
    SECTION,
    "If `oomScoreAdj` is set, the runtime MUST set `oom_score_adj` to the given value.",
    broken="remove /process/oomScoreAdj",
)
def oom_score_adj(test: Test):
    test.process["oomScoreAdj"] = 321
    equal(score(test), 321, "oom_score_adj")


@case(
    SECTION,
    "If `oomScoreAdj` is not set, the runtime MUST NOT change the value of `oom_score_adj`.",
    broken="set /process/oomScoreAdj 700",
)
def oom_score_adj_not_set(test: Test):
    test.before_exec = lambda: pathlib.Path("/proc/self/oom_score_adj").write_text("123") and None
    equal(score(test), 123, "oom_score_adj where the runtime's is 123")


@case(
    "config.md#valid-values",
    "Runtimes MUST generate an error when invalid or unsupported values are encountered.",
    broken="succeed",
)
def oom_score_adj_out_of_range(test: Test):
    test.process["oomScoreAdj"] = 1001
    test.refuse("oomScoreAdj 1001", at_start=True)
