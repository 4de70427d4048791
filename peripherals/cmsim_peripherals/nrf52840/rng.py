"""RNG: random number generator (nRF52840 PS v1.8, section 6.21).

Typical times of the electrical specification: 128 us once after START, then 30 us a byte, or 120 us with bias
correction (CONFIG.DERCEN). The bytes come from the run's seed, so that a run repeats.

Not modelled: that silicon's time a byte varies with bias correction, and that bytes without it are biased.
"""

from __future__ import annotations

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import Soc

MICROSECOND = CPU_HZ // 1_000_000
START_TIME = 128 * MICROSECOND
RAW_TIME = 30 * MICROSECOND
CORRECTED_TIME = 120 * MICROSECOND


class Rng(NordicPeripheral):
    """RNG."""

    START = Task(0x000)
    STOP = Task(0x004)
    VALRDY = Event(0x100)
    SHORTS = Register(0x200, writable=0x1)
    CONFIG = Register(0x504, writable=0x1)
    VALUE = Register(0x508, writable=0)
    bias_correction = CONFIG.bit(0)
    shortcuts = {0: (VALRDY, STOP)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._random = soc.random(name)
        self._ready = soc.scheduler.alarm(self._value_ready)
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Stopped; the source of randomness goes on."""
        super().reset()
        self._ready.cancel()

    @property
    def _byte_time(self) -> int:
        return CORRECTED_TIME if self.bias_correction else RAW_TIME

    @START
    def _start(self) -> None:
        if not self._ready.armed:
            self._ready.after(START_TIME + self._byte_time)

    @STOP
    def _stop(self) -> None:
        self._ready.cancel()

    def _value_ready(self) -> None:
        self.VALUE = self._random.getrandbits(8)
        self._ready.after(self._byte_time)
        self.emit(self.VALRDY)
