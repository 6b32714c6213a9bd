"""Hooks that write down how they were called."""

import json
import pathlib
from dataclasses import dataclass

from suite.test import Test

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
IN_RUNTIME = ("prestart", "createRuntime", "poststart", "poststop")  # the namespaces that they are executed in


@dataclass
class Called:
    """One call of a hook."""

    kind: str
    args: list[str]
    env: list[str]
    mount_namespace: str
    state: dict


def add(test: Test, kind: str, *then: str, **fields) -> None:
    """A hook of this kind that writes down its call, and then, if asked, fails or sleeps."""
    inside = kind == "startContainer"  # the one whose path is in the container
    program = "/probe" if inside else str(test.probe)
    log = "/hooks" if inside else str(log_of(test))
    hook = {"path": program, "args": ["hook-of-" + kind, "hook", log, *then]} | fields
    test.config.setdefault("hooks", {}).setdefault(kind, []).append(hook)


def log_of(test: Test) -> pathlib.Path:
    return test.rootfs / "hooks"


def calls(test: Test) -> list[Called]:
    """In their order."""
    if not log_of(test).exists():
        return []
    found = []
    for line in log_of(test).read_text().splitlines():
        record = json.loads(line)
        try:
            state = json.loads(record["state"])
        except ValueError:
            state = {}
        kind = record["args"][0].removeprefix("hook-of-").split(":")[0]
        found.append(Called(kind, record["args"], record["env"], record["mount_namespace"], state))
    return found


def kinds(test: Test) -> list[str]:
    return [call.kind for call in calls(test)]
