"""USBD's frames: the start of frame as an event, and its counter (nRF52840 PS v1.8, section 6.35).

Frames are counted from an origin; an alarm ticks each millisecond only while somebody listens to SOF, by interrupt or
PPI.

Not modelled: frames that get lost, and a host whose millisecond is not that of the chip's crystal.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral
from cmsim.registers import Register
from cmsim.soc import Soc

FRAME = CPU_HZ // 1000


class UsbFrames(NordicPeripheral):
    """SOF and FRAMECNTR; the host says by `frames` whether it sends any."""

    SOF = Event(0x154)
    FRAMECNTR = Register(0x520, writable=0)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._frame = soc.scheduler.alarm(self._frame_started)
        self._frame_origin: int | None = None
        self._sof_seen = 0
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """No frame until the host sends one again."""
        super().reset()
        self._frame.cancel()
        self._frame_origin = None

    def subscribe(self, event_offset: int, subscriber: Callable[[], None]) -> Callable[[], None]:
        """SOF ticks while PPI listens to it."""
        leave = super().subscribe(event_offset, subscriber)
        self._arm_frame()
        return leave

    def _set_inten(self, mask: int) -> None:
        super()._set_inten(mask)
        self._arm_frame()

    @property
    def frame(self) -> int:
        """Frames since the host began to send them."""
        return 0 if self._frame_origin is None else (self.scheduler.now - self._frame_origin) // FRAME

    def frames(self, running: bool) -> None:
        """The host sends a start of frame each millisecond from now on, or none."""
        self._frame_origin = self.scheduler.now if running else None
        self._sof_seen = 0
        if running:
            self._arm_frame()
        else:
            self._frame.cancel()

    def _arm_frame(self) -> None:
        if self.heard(self.SOF) and self._frame_origin is not None and not self._frame.armed:
            self._frame.at(self._frame_origin + (self.frame + 1) * FRAME)

    def _frame_started(self) -> None:
        self._sof_seen = self.frame
        self.emit(self.SOF)
        self._arm_frame()

    @SOF.on_read
    def _read_sof(self) -> int:
        if self.frame > self._sof_seen:
            self._sof_seen = self.frame
            self.values[self.SOF.offset] = 1
        return self.values[self.SOF.offset]

    @SOF.on_write
    def _clear_sof(self, value: int) -> None:
        self._sof_seen = self.frame

    @FRAMECNTR.on_read
    def _frame_counter(self) -> int:
        return self.frame & 0x7FF
