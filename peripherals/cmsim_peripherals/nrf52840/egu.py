"""EGU: event generator unit (nRF52840 PS v1.8, section 6.8).

TRIGGER[n] emits TRIGGERED[n]; the software interrupts SWI0..5 are the interrupts of EGU0..5.

Not modelled: nothing of the chapter is left out.
"""

from __future__ import annotations

from cmsim.nordic import Event, NordicPeripheral, Task

CHANNELS = 16


class Egu(NordicPeripheral):
    """EGU0 to EGU5."""

    TRIGGER = Task.array(0x000, CHANNELS)
    TRIGGERED = Event.array(0x100, CHANNELS)

    @TRIGGER
    def _trigger(self, n: int) -> None:
        self.emit(self.TRIGGERED[n])
