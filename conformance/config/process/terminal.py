"""Terminals."""

import array
import fcntl
import json
import os
import socket
import termios

from suite.case import Failure, case, check, equal
from suite.test import Test

SECTION = "config.md#process"
TERMINAL = "specifies whether a terminal is attached to the process, defaults to false."


def receive_terminal(test: Test) -> int:
    """Creates a container with a terminal; the terminal's other end."""
    path = test.work / "console.sock"
    test.process["terminal"] = True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(test.left())
        test.create(options=["--console-socket", str(path)])
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            raise Failure("no terminal is handed over") from None
        with connection:
            connection.settimeout(test.left())
            _, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
    check(descriptors, "no terminal is handed over")
    return descriptors[0]


def ask_on_terminal(test: Test, *fact: str):
    """The answer of the probe, read from its terminal."""
    test.process["args"] = ["/probe", *fact]
    terminal = receive_terminal(test)
    test.expect("start", test.id)
    text = b""
    while b"\n" not in text:
        try:
            text += os.read(terminal, 4096)
        except OSError:
            break
    return json.loads(text)[0]


@case(
    SECTION,
    "is allocated for the process and the pseudoterminal pty is duplicated on the process's standard streams.",
    broken="set /process/terminal false",
)
def terminal(test: Test):
    equal(ask_on_terminal(test, "terminal")["terminals"], [True, True, True], "which standard streams are terminals")


@case(SECTION, TERMINAL, broken="set /process/terminal true")
def no_terminal_by_default(test: Test):
    equal(test.ask("terminal")["terminals"], [False, False, False], "which standard streams are terminals")


@case(SECTION, "specifies the console size in characters of the terminal.", broken="remove /process/consoleSize")
def console_size(test: Test):
    test.process["consoleSize"] = {"height": 33, "width": 99}
    test.process["args"] = ["/probe", "hold"]
    handed = receive_terminal(test)
    size = array.array("H", [0, 0, 0, 0])
    fcntl.ioctl(handed, termios.TIOCGWINSZ, size)
    equal(size.tolist()[:2], [33, 99], "the rows and columns of the terminal")


@case(SECTION, "Runtimes MUST ignore `consoleSize` if `terminal` is `false` or unset.", broken="refuse run")
def console_size_without_terminal(test: Test):
    test.process["consoleSize"] = {"height": 33, "width": 99}
    equal(test.ask("cwd"), "/", "a container with consoleSize and without a terminal")


@case(
    "config-linux.md#default-devices",
    "`/dev/console` is set up if `terminal` is enabled in the config by bind mounting the pseudoterminal pty to "
    "`/dev/console`.",
    broken="set /process/terminal false",
)
def dev_console(test: Test):
    found = ask_on_terminal(test, "stat", "/dev/console")
    equal((found.get("type"), found.get("major")), ("c", 136), "the type and major number of /dev/console")
