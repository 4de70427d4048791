"""`cmsim run --interactive` and `--pty`: somebody at the firmware's console while it runs.

Simulated time then never runs ahead of real time: every 5 ms of it the run waits until the clock on the wall has
come as far, or until input comes. Where the simulation is slower than real time it just goes on, and does not
hurry afterwards. Such a run does not end because the firmware sleeps. When input that is no terminal ends, all
of this ends with it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..kernel import CPU_HZ

if TYPE_CHECKING:
    from ..machine import Machine
    from ..report.live import Live
    from ..serial import SerialPort

TICK = CPU_HZ // 200
PATIENCE = 0.05
"""Seconds of delay that are still made up for."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The grammar."""
    group = command.add_argument_group("at the console, in real time at most; Ctrl-C ends")
    group.add_argument("--interactive", action="store_true", help="connect this terminal to the firmware's console")
    group.add_argument("--pty", action="store_true", help="connect a new pseudo-terminal; its name is printed")


def connected(machine: Machine, options: argparse.Namespace, live: Live) -> AbstractContextManager[object]:
    """While it lasts, the console is connected as the options say."""
    if options.interactive and options.pty:
        raise UsageError("--interactive and --pty: the console has one other end, choose one of them")
    if not (options.interactive or options.pty):
        return nullcontext()
    from ..scenario import check_channel  # noqa: PLC0415 - numpy is loaded only when something runs

    check_channel(machine, options.console)
    return (_pseudo_terminal if options.pty else _terminal)(machine, live, options.console)


def _heard(machine: Machine, channel: str | None) -> list[str]:
    """The channels that the terminal shows."""
    return [channel] if channel else [machine.board.console, *(["usb0"] if machine.usb else [])]


@contextmanager
def _carried(
    machine: Machine, channel: str | None, source: int, show: Callable[[bytes], None], keys: bool
) -> Iterator[None]:
    """While it lasts, what comes from `source` goes to the firmware, and `show` is told what the firmware sends."""
    console = Console(machine, channel, source, keys=keys)
    silences = [machine.soc.serial_port(name).listen(show) for name in _heard(machine, channel)]
    try:
        yield
    finally:
        console.close()
        for silence in silences:
            silence()


@contextmanager
def _terminal(machine: Machine, live: Live, channel: str | None) -> Iterator[None]:
    """stdin and stdout; a terminal gives each key at once and without echo."""
    source = sys.stdin.fileno()
    live.silent.update(_heard(machine, channel))

    def show(data: bytes) -> None:
        sys.stdout.write(data.decode("utf-8", "replace"))
        sys.stdout.flush()

    before = termios.tcgetattr(source) if os.isatty(source) else None
    if before is not None:
        tty.setcbreak(source)
    try:
        with _carried(machine, channel, source, show, keys=before is not None):
            yield
    finally:
        if before is not None:
            termios.tcsetattr(source, termios.TCSADRAIN, before)


@contextmanager
def _pseudo_terminal(machine: Machine, live: Live, channel: str | None) -> Iterator[None]:
    """A terminal that other programs open; what nobody reads there is lost when its buffer is full."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    live.message(f"console at {os.ttyname(theirs)}")

    def show(data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(ours, data)

    try:
        with _carried(machine, channel, ours, show, keys=True):
            yield
    finally:
        os.close(ours)
        os.close(theirs)


class Console:
    """Carries bytes from the file descriptor `source` to the firmware on `channel` and holds simulated time back.

    Without `keys` it gives the firmware one line at a time, the next when the last has been received.
    """

    def __init__(
        self, machine: Machine, channel: str | None, source: int, *, keys: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.machine, self.source, self.keys, self.clock = machine, source, keys, clock
        self._channel = channel
        self._held = b""
        self._ended = False
        self._offset = clock() - self._simulated
        self._alarm = machine.soc.scheduler.alarm(self._tick)
        self._alarm.after(TICK)

    @property
    def _port(self) -> SerialPort:
        return self.machine.soc.serial_port(self._channel or self.machine.console_name)

    @property
    def _simulated(self) -> float:
        return self.machine.soc.scheduler.now / CPU_HZ

    def _tick(self) -> None:
        self._deliver()
        ahead = self._simulated - (self.clock() - self._offset)
        while ahead > 0 and self._pause(ahead):
            ahead = self._simulated - (self.clock() - self._offset)
        if ahead < -PATIENCE:
            self._offset = self.clock() - self._simulated
        if not self._ended or self._held:
            self._alarm.after(TICK)

    def _pause(self, seconds: float) -> bool:
        """Wait so long, or until input comes; whether to wait on."""
        if self._ended or (self._held and not self.keys):
            time.sleep(seconds)
            return True
        ready, _, _ = select.select((self.source,), (), (), seconds)
        if ready:
            self._deliver()
        return not ready

    def _deliver(self) -> None:
        """Take what has come and hand on what is due."""
        if not self._ended and (self.keys or not self._held):
            ready, _, _ = select.select((self.source,), (), (), 0)
            if ready:
                data = _read(self.source)
                self._ended = not data
                self._held += data
        if self.keys:
            due, self._held = self._held, b""
        elif self._port.waiting:
            return
        else:
            line, end, rest = self._held.partition(b"\n")
            due, self._held = line + end, rest
        self._port.send(due)

    def close(self) -> None:
        """Let go."""
        self._alarm.cancel()


def _read(source: int) -> bytes:
    try:
        return os.read(source, 4096)
    except BlockingIOError:
        return b""
    except OSError:  # the far end of a terminal went away
        return b""
