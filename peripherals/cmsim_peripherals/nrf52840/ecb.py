"""ECB: AES-128 encryption of one block (nRF52840 PS v1.8, section 6.7).

The structure at ECBDATAPTR is key, clear text and cipher text, 16 bytes each. A block takes the 7.2 us that the
electrical specification gives as the longest time. The data is read when it is due, not at the task. STOPECB, and CCM
or AAR at work (`aes_core.py`), abort it with ERRORECB.

Not modelled: nothing of the chapter is left out.
"""

from __future__ import annotations

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import BusError, Soc

from .aes import BLOCK, encrypt
from .aes_core import AesCore

RUN_TIME = -(-72 * CPU_HZ // 10_000_000)
DATA_POINTER = 0x504


class Ecb(NordicPeripheral):
    """ECB."""

    STARTECB = Task(0x000)
    STOPECB = Task(0x004)
    ENDECB = Event(0x100)
    ERRORECB = Event(0x104)
    ECBDATAPTR = Register(DATA_POINTER)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._done = soc.scheduler.alarm(self._finish)
        self.core = AesCore()
        """CCM and AAR use it, too."""
        self.core.on_taken = self._stop
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Idle."""
        super().reset()
        self._done.cancel()

    @STARTECB
    def _start(self) -> None:
        if self.core.busy:
            self.emit(self.ERRORECB)
        elif not self._done.armed:
            self._done.after(RUN_TIME)

    @STOPECB
    def _stop(self) -> None:
        if self._done.armed:
            self._done.cancel()
            self.emit(self.ERRORECB)

    def _finish(self) -> None:
        pointer = self.ECBDATAPTR
        try:
            data = self.soc.dma_read(pointer, 3 * BLOCK)
        except BusError:
            self.soc.report_unmodelled(self.name, DATA_POINTER, f"EasyDMA at 0x{pointer:08x}, outside data RAM: this")
            self.emit(self.ERRORECB)
            return
        self.soc.dma_write(pointer + 2 * BLOCK, encrypt(data[:BLOCK], data[BLOCK : 2 * BLOCK]))
        self.emit(self.ENDECB)
