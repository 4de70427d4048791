"""TEMP: the chip's own temperature sensor (nRF52840 PS v1.8, section 6.28).

START measures once: 36 us later TEMP holds the temperature in steps of 0.25 degrees Celsius, two's complement, and
DATARDY comes. `celsius` is what it measures; set it at any time.

Not modelled: noise and the error of an uncalibrated part: the slopes A0..A5, offsets B0..B5 and segment ends T0..T4 are
stored, but the reading is exact whatever they say.
"""

from __future__ import annotations

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import WORD, Register
from cmsim.soc import Soc

MEASURING_TIME = 36 * CPU_HZ // 1_000_000
STEPS_PER_DEGREE = 4


class Temp(NordicPeripheral):
    """TEMP."""

    START = Task(0x000)
    STOP = Task(0x004)
    DATARDY = Event(0x100)
    TEMP = Register(0x508, writable=0)
    A0 = Register(0x520, 0x326, writable=0xFFF)
    A1 = Register(0x524, 0x348, writable=0xFFF)
    A2 = Register(0x528, 0x3AA, writable=0xFFF)
    A3 = Register(0x52C, 0x40E, writable=0xFFF)
    A4 = Register(0x530, 0x4BD, writable=0xFFF)
    A5 = Register(0x534, 0x5A3, writable=0xFFF)
    B0 = Register(0x540, 0x3FEF, writable=0x3FFF)
    B1 = Register(0x544, 0x3FBE, writable=0x3FFF)
    B2 = Register(0x548, 0x3FBE, writable=0x3FFF)
    B3 = Register(0x54C, 0x012, writable=0x3FFF)
    B4 = Register(0x550, 0x124, writable=0x3FFF)
    B5 = Register(0x554, 0x27C, writable=0x3FFF)
    T0 = Register(0x560, 0xE2, writable=0xFF)
    T1 = Register(0x564, 0x00, writable=0xFF)
    T2 = Register(0x568, 0x19, writable=0xFF)
    T3 = Register(0x56C, 0x3C, writable=0xFF)
    T4 = Register(0x570, 0x50, writable=0xFF)

    celsius = 25.0
    """The ambient temperature."""

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._done = soc.scheduler.alarm(self._measured)
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """No measurement under way."""
        super().reset()
        self._done.cancel()

    @START
    def _start(self) -> None:
        if not self._done.armed:
            self._done.after(MEASURING_TIME)

    @STOP
    def _stop(self) -> None:
        self._done.cancel()

    def _measured(self) -> None:
        self.TEMP = round(self.celsius * STEPS_PER_DEGREE) & WORD
        self.emit(self.DATARDY)
