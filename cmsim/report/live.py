"""What a run shows while it goes on: console lines as they are completed, messages, a progress line on a terminal."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import IO, TYPE_CHECKING

from ..kernel import CPU_HZ
from .terminal import WIDTH, speed_text, style, styled

if TYPE_CHECKING:
    from ..machine import Machine

CHANNELS = ("uart0", "uart1", "usb0", "semihosting", *(f"itm{n}" for n in range(32)))
REFRESH = 0.1  # wall seconds between two progress lines
CLEAR = "\r\x1b[K"


class Live:
    """Console lines to `out`, everything else to `err`. Construct it before the run, `close` it afterwards."""

    def __init__(self, machine: Machine, goal_cycle: int | None = None, out: IO[str] | None = None,
                 err: IO[str] | None = None) -> None:
        self.machine, self.goal_cycle = machine, goal_cycle
        self.out, self.err = out or sys.stdout, err or sys.stderr
        self.results: dict[int, str] = {}
        """Inference's index -> the first console line that was begun after it and before the next one ended."""
        self.last_line = ""
        self.error_line = ""
        """The last line that begins with "error"."""
        self.silent: set[str] = set()
        """Channels that somebody else shows."""
        self._partial: dict[str, bytearray] = {}
        self._inferences: dict[str, int] = {}
        """Channel -> inferences that were done when its unfinished line began."""
        self._styled = styled(self.err)
        self._shows_progress = self.err.isatty()
        self._progress_shown = False
        self._began = self._next = time.perf_counter()
        self._first_cycle = machine.cycles
        machine.soc.hooks.log = self.message
        for name in dict.fromkeys((*machine.soc.serial, *CHANNELS)):
            machine.soc.serial_port(name).listen(partial(self._hear, name))

    def _hear(self, channel: str, data: bytes) -> None:
        buffer = self._partial.get(channel)
        if buffer is None:
            buffer = self._partial[channel] = bytearray()
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._begin(channel, buffer)
            self._line(channel, buffer + line)
            buffer.clear()
        if rest:
            self._begin(channel, buffer)
            buffer += rest

    def _begin(self, channel: str, buffer: bytearray) -> None:
        if not buffer:
            meter = self.machine.inference_meter
            self._inferences[channel] = 0 if meter is None else len(meter.inferences)

    def _line(self, channel: str, line: bytes | bytearray) -> None:
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        done = self._inferences[channel]
        if done and text:
            self.results.setdefault(done - 1, text)
        self.last_line = text or self.last_line
        if text.lower().startswith("error"):
            self.error_line = text
        self._clear()
        if channel in self.silent:
            return
        print(f"{channel}: {text}" if len(self._partial) > 1 else text, file=self.out, flush=True)

    def message(self, text: str) -> None:
        """A line about the run itself."""
        self._clear()
        print(style(text, 2, self._styled), file=self.err, flush=True)

    def tick(self) -> None:
        """Refresh the progress line, if it is time to."""
        if not self._shows_progress:
            return
        now = time.perf_counter()
        if now < self._next:
            return
        self._next = now + REFRESH
        machine = self.machine
        whole = "" if self.goal_cycle is None else f" of {self.goal_cycle / CPU_HZ:.1f}"
        speed = (machine.cycles - self._first_cycle) / CPU_HZ / max(now - self._began, 1e-6)
        count = 0 if machine.inference_meter is None else len(machine.inference_meter.inferences)
        done = f", {count:,} inference{'s' if count > 1 else ''}" if count else ""
        text = f"{machine.seconds:.1f}{whole} s simulated, {speed_text(speed)}{done}"
        self.err.write(CLEAR + style(text[: WIDTH - 1], 2, self._styled))
        self.err.flush()
        self._progress_shown = True

    def _clear(self) -> None:
        if self._progress_shown:
            self._progress_shown = False
            self.err.write(CLEAR)
            self.err.flush()

    def close(self) -> None:
        """Show what has no line end yet, and take the progress line away."""
        self._clear()
        for channel, buffer in self._partial.items():
            if buffer:
                self._line(channel, buffer)
