"""A machine for tests: what the pytest plugin's `board` returns (docs/ci.md).

Kept apart from cmsim/pytest_plugin.py, which every pytest of the environment imports, because this imports Unicorn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .cortex_m.calls import CallTracer
from .errors import CmsimError, UsageError
from .machine import Machine
from .measure.inferences import Inference
from .report import text_faults
from .scenario import check_channel

_CHANNEL = re.compile(r"uart[01]|usb\d+|semihosting|itm([12]?\d|3[01])")
RECENT = 20
"""Function calls that a failure shows."""
TAIL = 40
"""Lines of each console that a failure shows."""


class BoardUnderTest(Machine):
    """A `Machine` that asserts."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._calls = self.tracer or CallTracer(self.cpu, self.image)
        if self.tracer is None:
            self.watches.on_forget.append(self._calls.reset)
        self._read: dict[str, int] = {}
        """Channel -> where the next `expect` begins to look."""

    @property
    def inferences(self) -> list[Inference]:
        """Those that are complete."""
        return [] if self.inference_meter is None else self.inference_meter.inferences

    def expect(self, text: str, *, seconds: float = 2.0, channel: str | None = None) -> None:
        """Let time pass until `text` has appeared on `channel` (default: on any) behind what was expected before.

        AssertionError with what was printed, if it has not after `seconds` of simulated time or when the run ended.
        """
        __tracebackhide__ = True
        if channel is not None and channel not in self.soc.serial and not _CHANNEL.fullmatch(channel):
            raise UsageError(f"channel {channel!r}: there are uart0, uart1, usb0, semihosting, itm0 to itm31")
        wanted, seen = text.encode(), [self._take(text.encode(), channel)]

        def look(_: bytes) -> None:
            if not seen[0] and self._take(wanted, channel):
                seen[0] = True
                self.cpu.request_stop()

        if seen[0]:
            return
        names = [channel] if channel is not None else ["uart0", "uart1", "semihosting", "itm0", *self.soc.serial]
        undo: list[Callable[[], None]] = [self.soc.serial_port(name).listen(look) for name in dict.fromkeys(names)]
        ended = ""
        try:
            self.run(until=lambda: seen[0], seconds=seconds)
        except CmsimError as error:
            ended = f"; {error}"
        finally:
            for stop_listening in undo:
                stop_listening()
        if not seen[0]:
            if not ended and self.stop is not None and self.stop.reason != "time":
                ended = f"; the run ended: {self.stop.reason}: {self.stop.detail}"
            raise AssertionError(f"{text!r} was not printed within {seconds:g} s{ended}\n{self.console_tail()}")

    def _take(self, wanted: bytes, channel: str | None) -> bool:
        """Whether `wanted` is there; what stands before its end is not looked at again."""
        for name, port in sorted(self.soc.serial.items()):
            if channel not in (None, name):
                continue
            at = port.output.find(wanted, self._read.get(name, 0))
            if at >= 0:
                self._read[name] = at + len(wanted)
                return True
        return False

    def send(self, channel: str, data: bytes | str | None = None) -> None:
        """`send("text")` to the console (`console_name`), or `send("uart1", b"bytes")`."""
        if data is None:
            channel, data = self.console_name, channel
        check_channel(self, channel)
        super().send(channel, data.encode() if isinstance(data, str) else data)

    def console_tail(self, lines: int = TAIL) -> str:
        """The last lines of every console that said something."""
        parts = []
        for name, port in sorted(self.soc.serial.items()):
            if port.output:
                text = port.text.splitlines()
                parts += [f"--- {name}{' (last lines)' if len(text) > lines else ''} ---", *text[-lines:]]
        return "\n".join(parts) or "nothing was printed on any console"

    def fault_report(self) -> str:
        """Every fault and fatal error in words, and why the run ended; empty without any."""
        record = self.record
        told = text_faults.report(record, most=20)
        ended = [] if self.stop is None or not told else [f"run ended: {self.stop.reason}: {self.stop.detail}"]
        return "\n".join(told + ended)

    def recent_calls(self, count: int = RECENT) -> list[str]:
        """The last functions that were entered, the latest last: at which cycle, which one, called by whom."""
        lines = []
        for cycle, node in self._calls.recent(count):
            *callers, name = self._calls.path(node)
            lines.append(f"cycle {cycle:,}: {name}" + (f", called by {callers[-1]}" if callers else ""))
        return lines
