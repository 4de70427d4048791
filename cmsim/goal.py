"""What ends a run: a text, a condition, a number of inferences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import UsageError
from .measure.inferences import InferenceMeter
from .record import Stop

if TYPE_CHECKING:
    from .machine import Machine


def inference_meter(machine: Machine) -> InferenceMeter:
    """What counts a machine's inferences. UsageError if nothing tells what one is."""
    meter = machine.inference_meter
    if meter is None or not meter.functions:
        raise UsageError(f"{machine.image.path}: no inference function found; name it with --inference-function")
    return meter


class Goal:
    """Listens from here on until it is closed. UsageError for inferences where nothing tells what one is."""

    def __init__(
        self, machine: Machine, until: str | Callable[[], bool] | None, inferences: int | None, channel: str | None
    ) -> None:
        self.machine = machine
        self.text = until.encode() if isinstance(until, str) else None
        self.condition = until if callable(until) else None
        self._undo: list[Callable[[], None]] = []
        self._seen = False
        self.needs_firmware = self.text is not None or inferences is not None
        """Whether the goal is out of reach while the firmware sleeps."""
        self._wanted: int | None = None
        if inferences is not None:
            meter = inference_meter(machine)
            self._wanted = len(meter.inferences) + inferences
            self._undo.append(meter.notify(machine.cpu.request_stop))
        if self.text is not None:
            usb = ["usb0"] if machine.usb is not None else []
            channels = [channel] if channel else ["uart0", "uart1", *usb, "semihosting", "itm0"]
            for name in dict.fromkeys((*channels, *(machine.soc.serial if channel is None else ()))):
                self._listen(name)

    def _listen(self, name: str) -> None:
        port = self.machine.soc.serial_port(name)
        start = len(port.output)
        text = self.text
        assert text is not None

        def hear(data: bytes) -> None:
            if port.output.find(text, max(start, len(port.output) - len(data) - len(text))) >= 0:
                self._seen = True
                self.machine.cpu.request_stop()

        self._undo.append(port.listen(hear))

    def reached(self) -> Stop | None:
        """The goal that has been reached, if one has."""
        meter = self.machine.inference_meter
        if self._seen and self.text is not None:
            return Stop("text", f"{self.text.decode()!r} seen")
        if self._wanted is not None and meter is not None and len(meter.inferences) >= self._wanted:
            return Stop("inferences", f"{len(meter.inferences)} done")
        if self.condition is not None and self.condition():
            return Stop("condition", "the condition holds")
        return None

    def close(self) -> None:
        """Listen no more."""
        for undo in self._undo:
            undo()
