#!/usr/bin/env python3
"""Measures ocirt as containerd's shim beside containerd's own with runc and with crun; a part of bench/run.

Debian's containerd in a sandbox (sandbox.py) with busybox as its image. By itself, for some of the figures:

    bench/containerd.py [--rounds N] [--containers N] [cpu] [exec] [execve] [memory] [stdout]
"""

import argparse
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import sandbox  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
INSIDE = "OCIRT_BENCH_INSIDE"
IMAGE = "docker.io/library/box:1"
RUNTIMES = {
    "ocirt": ["--runtime", "io.containerd.ocirt.v2"],
    "shim+crun": ["--runc-binary", "/usr/bin/crun"],
    "shim+runc": ["--runc-binary", "/usr/sbin/runc"],
}
STUB = ["--runtime", "io.containerd.stub.v2"]
# What issue 4 asks for. Ratios are to shim+crun.
CPU_MARK, EXEC_MARK, STUB_MARK_MS, EXECVE_MARK = 0.5, 0.35, 3, 3
DIRTY_MARK_KIB, PSS_MARK_KIB, THREADS_MARK, STDOUT_MARK_MS = 250, 400, 1, 10
FIGURES = ("cpu", "exec", "execve", "memory", "stdout")


def write_image(archive):
    """In the form of `docker save`."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        tar.add("/bin/busybox", "bin/busybox")
        for name in ("true", "sleep", "dd"):
            link = tarfile.TarInfo("bin/" + name)
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
    config = {
        "architecture": "amd64", "os": "linux", "config": {"Env": ["PATH=/bin"], "Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer.getvalue()).hexdigest()]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(config), "manifest.json": json.dumps(manifest)}
    with tarfile.open(archive, "w") as tar:
        for name, content in (*((name, text.encode()) for name, text in files.items()), ("layer.tar", layer.getvalue())):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def until(holds, what, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"bench/containerd.py: waited {seconds} s for {what}")
        time.sleep(0.005)


def ctr(*words, check=True):
    return subprocess.run(
        ["ctr", *words], check=check, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    ).stdout


def processes():
    """{pid: its parent's} of the sandbox."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            found[int(entry.name)] = int(re.search(r"^PPid:\s+(\d+)$", (entry / "status").read_text(), re.MULTILINE)[1])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def shim_of(container):
    pid = next(line.split()[1] for line in ctr("task", "ls").splitlines() if line.split()[0] == container)
    return processes()[int(pid)]


def cpu_time_of(pid):
    """Nanoseconds, of all its threads."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir())


def memory_of(pid):
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    number = lambda name, text: int(re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)[1])  # noqa: E731
    return {
        "private_dirty_kib": number("Private_Dirty", rollup),
        "pss_kib": number("Pss", rollup),
        "rss_kib": number("Rss", rollup),
        "threads": number("Threads", status),
    }


class Containerd:
    def __init__(self, build, work):
        self.build, self.work = build, work
        self.cpu = sandbox.CpuTime()
        self.cpu.enter("bench")
        shims = work / "shims"
        shims.mkdir()
        (shims / "containerd-shim-ocirt-v2").symlink_to(build / "ocirt")
        (shims / "containerd-shim-stub-v2").symlink_to(build / "bench/containerd-shim-stub-v2")
        os.environ["PATH"] = f"{shims}:/usr/sbin:/usr/bin:/sbin:/bin"
        self.log = open(work / "containerd.log", "w")
        self.daemon = subprocess.Popen(
            ["containerd", "--log-level=warn"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=lambda: self.cpu.enter("daemon"),
        )
        until(lambda: ctr("version", check=False).count("Server:") == 1 and "UUID" in ctr("version", check=False),
              "containerd")
        write_image(work / "image.tar")
        ctr("image", "import", str(work / "image.tar"))

    def end(self):
        self.daemon.terminate()
        self.daemon.wait()

    def run_line(self, runtime, *words, options=("--rm",)):
        return ["run", *runtime, *options, IMAGE, *words]

    def settle(self):
        """Until the shims of the last container are gone, too. Orphans are this process's: it is the sandbox' first."""

        def alone():
            others = {pid: parent for pid, parent in processes().items() if pid not in (os.getpid(), self.daemon.pid)}
            for pid, parent in others.items():
                if parent == os.getpid():
                    os.waitpid(pid, os.WNOHANG)
            return not others

        until(alone, "the shims to end")

    def cpu_of_run(self, rounds):
        """{runtime: milliseconds of CPU in each round}, interleaved."""
        names, took = list(RUNTIMES), {name: [] for name in RUNTIMES}
        for turn in range(-2, rounds):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                before = self.cpu.read()
                ctr(*self.run_line(RUNTIMES[name], "c", "true"))
                self.settle()
                if turn >= 0:
                    took[name].append((self.cpu.read() - before) / 1e6)
        return {name: {"median": statistics.median(all), "minimum": min(all), "all": all} for name, all in took.items()}

    def time_of_exec(self, rounds):
        """{contender: milliseconds above `ctr version`}: of `ctr task exec true`."""
        contenders = RUNTIMES | {"stub": STUB}
        words = ["version", "/usr/bin/ctr", "version", "--"]
        for number, (name, runtime) in enumerate(contenders.items()):
            ctr(*self.run_line(runtime, f"e{number}", "sleep", "100000", options=("-d",)))
            words += [name, "/usr/bin/ctr", "task", "exec", "--exec-id", "e", f"e{number}", "true", "--"]
        answer = subprocess.run([self.build / "bench/timer", str(rounds), *words], check=True, stdout=subprocess.PIPE)
        numbers = json.loads(answer.stdout)
        for number, name in enumerate(contenders):
            if numbers[name]["failed"]:
                print(f"  {name}: {numbers[name]['failed']} of {rounds} execs FAILED", file=sys.stderr)
            if name != "stub":
                ctr("task", "rm", "-f", f"e{number}", check=False)
        floor = statistics.median(numbers["version"]["ns"])
        least = min(numbers["version"]["ns"])
        return {
            name: {"median": (statistics.median(raw["ns"]) - floor) / 1e6, "minimum": (min(raw["ns"]) - least) / 1e6}
            for name, raw in numbers.items() if name != "version"
        } | {"ctr version": {"median": floor / 1e6, "minimum": least / 1e6}}

    def execves(self):
        """{runtime: successful execve calls below containerd until `ctr run -d` returns}."""
        counts = {}
        for name, runtime in RUNTIMES.items():
            line = ["ctr", *self.run_line(runtime, "x", "sleep", "100000", options=("-d",))]
            report = subprocess.run(
                ["perf", "stat", "-x,", "-e", "sched:sched_process_exec", "-p", str(self.daemon.pid), "--", *line],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True,
            ).stderr
            counts[name] = int(re.search(r"^(\d+),.*sched_process_exec", report, re.MULTILINE)[1])
            ctr("task", "rm", "-f", "x", check=False)
            ctr("container", "rm", "x")
        return counts

    def idle_memory(self, count):
        """{shim: numbers of an average one, and of the largest}, with `count` containers of it at a time."""
        found = {}
        for name in ("ocirt", "shim+runc"):
            ids = [f"m{number}" for number in range(count)]
            for one in ids:
                ctr(*self.run_line(RUNTIMES[name], one, "sleep", "100000", options=("-d",)))
                ctr("task", "exec", "--exec-id", "e", one, "true")
                ctr("task", "metrics", one)
            time.sleep(5)  # idle, as the mark has it
            parents = processes()
            tasks = [line.split()[:2] for line in ctr("task", "ls").splitlines()]
            shims = [parents[int(pid)] for one, pid in tasks if one in ids]
            all = [memory_of(pid) for pid in shims]
            found[name] = {
                "shims": len(set(shims)),
                "mean": {key: statistics.mean(one[key] for one in all) for key in all[0]},
                "largest": {key: max(one[key] for one in all) for key in all[0]},
            }
            for one in ids:
                ctr("task", "rm", "-f", one, check=False)
                ctr("container", "rm", one)
        return found

    def stdout_cost(self):
        """{shim: its CPU milliseconds and memory for 2 GiB that an exec writes to stdout}."""
        found = {}
        for name in ("ocirt", "shim+runc"):
            ctr(*self.run_line(RUNTIMES[name], "s", "sleep", "100000", options=("-d",)))
            ctr("task", "exec", "--exec-id", "e", "s", "true")
            shim = shim_of("s")
            memory, before = memory_of(shim), cpu_time_of(shim)
            subprocess.run(
                ["ctr", "task", "exec", "--exec-id", "e", "s", "dd", "if=/dev/zero", "bs=65536", "count=32768"],
                check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )
            found[name] = {
                "cpu_ms": (cpu_time_of(shim) - before) / 1e6,
                "rss_grows_kib": memory_of(shim)["rss_kib"] - memory["rss_kib"],
            }
            ctr("task", "rm", "-f", "s", check=False)
            ctr("container", "rm", "s")
        return found


def verdicts(results):
    """[(what, value, mark, met)] for ocirt."""
    rows = []

    def row(what, value, mark, unit=""):
        rows.append((what, f"{value:.2f}{unit}", f"{mark:.2f}{unit}", value <= mark))

    if "cpu" in results:
        cpu = results["cpu"]
        row("CPU of ctr run, to shim+crun", cpu["ocirt"]["median"] / cpu["shim+crun"]["median"], CPU_MARK)
    if "exec" in results:
        times = {name: numbers["median"] for name, numbers in results["exec"].items()}
        mark = max(EXEC_MARK * times["shim+crun"], times["stub"] + STUB_MARK_MS)
        row("ctr task exec above ctr version", times["ocirt"], mark, " ms")
    if "execve" in results:
        row("execve calls of ctr run -d", results["execve"]["ocirt"], EXECVE_MARK)
    if "memory" in results:
        mean = results["memory"]["ocirt"]["mean"]
        row("idle shim, private dirty", mean["private_dirty_kib"], DIRTY_MARK_KIB, " KiB")
        row("idle shim, PSS", mean["pss_kib"], PSS_MARK_KIB, " KiB")
        row("idle shim, threads", results["memory"]["ocirt"]["largest"]["threads"], THREADS_MARK)
    if "stdout" in results:
        row("shim's CPU for 2 GiB of stdout", results["stdout"]["ocirt"]["cpu_ms"], STDOUT_MARK_MS, " ms")
    return rows


def table(results):
    print("\nunder containerd")
    if "cpu" in results:
        for name, numbers in results["cpu"].items():
            print(f"  CPU of ctr run      {name:12} {numbers['median']:8.2f} ms (minimum {numbers['minimum']:.2f})")
    if "exec" in results:
        for name, numbers in results["exec"].items():
            print(f"  ctr task exec       {name:12} {numbers['median']:8.2f} ms (minimum {numbers['minimum']:.2f})")
    for name, count in results.get("execve", {}).items():
        print(f"  execve calls        {name:12} {count:8}")
    for name, numbers in results.get("memory", {}).items():
        mean, most = numbers["mean"], numbers["largest"]
        print(
            f"  {numbers['shims']:3} idle shims      {name:12} {mean['private_dirty_kib']:8.0f} KiB dirty,"
            f" {mean['pss_kib']:.0f} KiB PSS, {mean['threads']:.1f} threads"
            f" (most {most['private_dirty_kib']}, {most['pss_kib']}, {most['threads']})"
        )
    for name, numbers in results.get("stdout", {}).items():
        print(f"  2 GiB of stdout     {name:12} {numbers['cpu_ms']:8.2f} ms, RSS {numbers['rss_grows_kib']:+} KiB")
    print()
    for what, value, mark, met in verdicts(results):
        print(f"  {what:34} {value:>12}   at most {mark:>12}   {'met' if met else 'MISSED'}")


def measure_inside(options):
    sandbox.furnish()
    with tempfile.TemporaryDirectory(prefix="ocirt-bench-") as work:
        containerd = Containerd(options.build, pathlib.Path(work))
        try:
            figures = {
                "cpu": lambda: containerd.cpu_of_run(options.rounds),
                "exec": lambda: containerd.time_of_exec(options.rounds),
                "execve": containerd.execves,
                "memory": lambda: containerd.idle_memory(options.containers),
                "stdout": containerd.stdout_cost,
            }
            return {name: figures[name]() for name in FIGURES if name in options.figures}
        except subprocess.SubprocessError as error:
            print(error.output, pathlib.Path(containerd.log.name).read_text()[-2000:], file=sys.stderr)
            raise
        finally:
            containerd.end()


def measure(build, rounds, containers, figures=FIGURES):
    """The figures, as a tree for JSON; None without containerd."""
    if not shutil.which("containerd"):
        print("  under containerd: not measured: there is no containerd", file=sys.stderr)
        return None
    os.environ[INSIDE] = "1"
    try:
        return json.loads(
            sandbox.run([
                sys.executable, str(HERE / "containerd.py"), "--build", str(build), "--rounds", str(rounds),
                "--containers", str(containers), *figures,
            ])
        )
    finally:
        del os.environ[INSIDE]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--containers", type=int, default=100, help="idle at a time (default 100)")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help="build directory")
    parser.add_argument("figures", nargs="*", default=FIGURES, help=f"of {', '.join(FIGURES)}; all by default")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if os.environ.get(INSIDE) == "1":
        print(json.dumps(measure_inside(options)))
        return
    results = measure(options.build, options.rounds, options.containers, options.figures)
    if results:
        table(results)


if __name__ == "__main__":
    main()
