"""Runs cases, each in a process of its own, several at a time."""

import json
import os
import pathlib
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from suite import linux, sandbox
from suite.case import Case, Failure, Skip
from suite.test import DEADLINE, DEADLINE_WHEN_BROKEN, Test


@dataclass
class Job:
    """A case, and the defect that the runtime is to have; none: as it is."""

    case: Case
    defect: str = ""


@dataclass
class Result:
    job: Job
    verdict: str  # "ok", "failed", "skipped", or "error" where the suite itself is wrong
    message: str
    seconds: float


class Pool:
    def __init__(self, runtime: str, probe: pathlib.Path, work: pathlib.Path, jobs: int):
        self._runtime = runtime
        self._probe = pathlib.Path(shutil.copy(probe, work / "probe"))  # for the rootfs to be links to it
        self._work = work
        self._jobs = jobs
        self._count = 0

    def run(self, jobs: list[Job]) -> Iterator[Result]:
        """The results in the order of `jobs`, each as soon as all before it are there."""
        waiting = list(enumerate(jobs))
        running: dict[int, tuple[int, int, float, bytes]] = {}  # by pipe: index, pid, begin, output
        done: dict[int, Result] = {}
        given = 0
        while given < len(jobs):
            while waiting and len(running) < self._jobs:
                index, job = waiting.pop(0)
                pipe, pid = self._begin(job)
                running[pipe] = (index, pid, time.monotonic(), b"")
            for pipe in self._readable(running):
                index, pid, begin, output = running[pipe]
                more = os.read(pipe, 65536)
                if more:
                    running[pipe] = (index, pid, begin, output + more)
                    continue
                del running[pipe]
                done[index] = self._end(jobs[index], pipe, pid, begin, output)
            while given in done:
                yield done.pop(given)
                given += 1

    def _begin(self, job: Job) -> tuple[int, int]:
        self._count += 1
        work = self._work / str(self._count)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
            return reader, pid
        try:
            os.setsid()
            try:
                verdict, message = self._perform(job, work, sandbox.cgroup_prefix(self._work) + str(self._count))
            except Exception:  # in cleaning up
                verdict, message = "error", traceback.format_exc(limit=-3)
            os.write(writer, json.dumps([verdict, message[:3000]]).encode())
        finally:
            os._exit(0)

    def _perform(self, job: Job, work: pathlib.Path, cgroup: str) -> tuple[str, str]:
        linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
        linux.own_mount_namespace()  # what a case mounts goes with it
        work.mkdir()
        runtime = [self._runtime]
        if job.defect:
            runtime = [sys.executable, "-I", str(pathlib.Path(__file__).parent.parent / "broken")]
            os.environ |= {"BROKEN_RUNTIME": self._runtime, "BROKEN_DEFECT": job.defect}
        test = Test(runtime, self._probe, work, "/" + cgroup, DEADLINE_WHEN_BROKEN if job.defect else DEADLINE)
        try:
            job.case.body(test)
            return "ok", ""
        except Skip as reason:
            return "skipped", str(reason)
        except Failure as failure:
            return "failed", str(failure)
        except Exception:
            return "error", traceback.format_exc(limit=-3)
        finally:
            test.clean_up()

    @staticmethod
    def _readable(running: dict) -> list[int]:
        """Pipes with something to read; those of cases beyond their deadline come to their end by that."""
        ready = select.select(list(running), [], [], 0.5)[0]
        for _, pid, begin, _ in running.values():
            if time.monotonic() - begin > DEADLINE + 15:
                os.kill(pid, signal.SIGKILL)
        return ready

    @staticmethod
    def _end(job: Job, pipe: int, pid: int, begin: float, output: bytes) -> Result:
        os.close(pipe)
        os.waitpid(pid, 0)
        verdict, message = json.loads(output) if output else ("error", "the case did not end, or its process died")
        return Result(job, verdict, message, time.monotonic() - begin)
