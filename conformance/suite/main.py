"""What the programs of this folder have in common: their command line, and the case's probe."""

import argparse
import fnmatch
import os
import pathlib
import subprocess
import sys

from suite.case import HERE, Case, load_cases

ROOT = HERE.parent


def parser(description: str) -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument(
        "runtime",
        nargs="?",
        default=os.environ.get("RUNTIME", "ocirt"),
        metavar="RUNTIME=PROGRAM",
        help="ocirt (this checkout's, in the build directory) or a path",
    )
    result.add_argument("--filter", default="*", metavar="GLOB", help="only cases of such names")
    result.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="cases at a time")
    result.add_argument("--build", type=pathlib.Path, default=ROOT / "build", metavar="DIRECTORY")
    result.add_argument("--hybrid", action="store_true", help="leave a hybrid host's cgroup v2 part mounted")
    return result


def runtime_path(word: str, build: pathlib.Path) -> str:
    name = word.removeprefix("RUNTIME=")
    path = build.resolve() / "ocirt" if name == "ocirt" else pathlib.Path(name).resolve()
    if not os.access(path, os.X_OK):
        sys.exit(f"conformance: {path}: there is no such program")
    return str(path)


def chosen_cases(glob: str) -> list[Case]:
    cases = [case for case in load_cases() if fnmatch.fnmatch(case.name, glob)]
    if not cases:
        sys.exit(f"conformance: no case is named {glob}")
    return cases


def find_probe(build: pathlib.Path) -> pathlib.Path:
    """The build's; without a build, it is compiled here."""
    probe = build.resolve() / "conformance" / "probe"
    if not probe.exists():
        probe.parent.mkdir(parents=True, exist_ok=True)
        sources = sorted((HERE / "probe").glob("*.cpp"))
        subprocess.run(["g++", "-std=c++23", "-O1", "-static", "-s", *sources, "-o", probe], check=True)
    return probe
