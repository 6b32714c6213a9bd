"""A case: one sentence of the runtime specification, how to look whether a runtime keeps it, and how it could not."""

import importlib.util
import pathlib
import re
from collections.abc import Callable
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent.parent
SECTIONS = ("bundle", "config", "config-linux", "runtime", "runtime-linux", "features", "features-linux")
SPECIFICATION = "https://github.com/opencontainers/runtime-spec/blob/v1.3.0/"


class Failure(Exception):
    """The runtime does not do what the sentence says."""


class Skip(Exception):
    """The host lacks what the case takes; never: the runtime does."""


@dataclass(frozen=True)
class Case:
    name: str  # "config/root/readonly": the folder of the section, and what is checked
    section: str  # "config.md#root"
    sentence: str  # quoted
    broken: tuple[str, ...]  # the defects (suite/defects.py) under each of which the case must fail
    note: str  # what the case takes the sentence to require, where that is not plain
    body: Callable

    @property
    def link(self) -> str:
        return SPECIFICATION + self.section


_collected: list[Case] = []


def case(section: str, sentence: str, broken: str | tuple[str, ...], name: str = "", note: str = ""):
    """Registers the decorated function, which takes a Test, as a case. Its name is `name` or the function's."""

    def register(body: Callable) -> Callable:
        folder = pathlib.Path(body.__code__.co_filename).parent.relative_to(HERE)
        own = name or body.__name__.replace("_", "-")
        defects = (broken,) if isinstance(broken, str) else broken
        _collected.append(Case(f"{folder}/{own}", section, sentence, defects, note, body))
        return body

    return register


def load_cases() -> list[Case]:
    """Every case of every section's folder, in the order of the sections, files and lines."""
    _collected.clear()
    for section in SECTIONS:
        for path in sorted((HERE / section).rglob("*.py")):
            module = importlib.util.module_from_spec(_module_spec(path))
            module.__spec__.loader.exec_module(module)
    names = [each.name for each in _collected]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two cases of one name: {sorted(twice)}")
    return list(_collected)


def _module_spec(path: pathlib.Path):
    name = "cases_" + re.sub(r"\W", "_", str(path.relative_to(HERE).with_suffix("")))
    return importlib.util.spec_from_file_location(name, path)


def equal(actual, expected, what: str) -> None:
    if actual != expected:
        raise Failure(f"{what}: {actual!r}, not {expected!r}")


def check(holds, what: str) -> None:
    """`what` says what is wrong."""
    if not holds:
        raise Failure(what)
