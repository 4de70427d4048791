"""UICR: user information, one page of flash-like words (nRF52840 PS v1.8, section 4.5).

Erased words read 0xFFFFFFFF; programming clears bits and only NVMC's ERASEUICR or ERASEALL sets them again, so that the
page survives every reset. A store by the CPU goes through `soc.program_flash`, which NVMC grants while CONFIG is Wen.

Two words decide what pads are, from the reset on that follows their writing: P0.09 and P0.10 belong to NFC's antenna
unless NFCPINS.PROTECT is cleared (in an erased page it is not); P0.18 is nRESET, with a pull-up resistor, if both
PSELRESET name it. Neither is a GPIO then. nRESET that was low and rises resets the chip,
also in System OFF.

Not modelled: the chip that stands still while nRESET is low (firmware runs until it rises); the antenna's protection,
which joins its pads; port protection (APPROTECT), debug features (DEBUGCTRL), the regulator (REGOUT0).
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.pins import Pin, Pull
from cmsim.registers import WORD, Register
from cmsim.soc import Soc, WakeSource

from .information import ERASED, InformationPage

SIZE = 0x1000
ANTENNA_PINS = (9, 10)
RESET_PIN = 18
"""The only one that PSELRESET may name (P0.18)."""
CONNECT, PIN = 1 << 31, 0x3F
"""PSELRESET: not connected; port and pin."""


class Uicr(InformationPage):
    """UICR."""

    NRFFW = Register.array(0x014, 15, reset=ERASED)
    NRFHW = Register.array(0x050, 12, reset=ERASED)
    CUSTOMER = Register.array(0x080, 32, reset=ERASED)
    PSELRESET = Register.array(0x200, 2, reset=ERASED)
    APPROTECT = Register(0x208, ERASED)
    NFCPINS = Register(0x20C, ERASED)
    DEBUGCTRL = Register(0x210, ERASED)
    REGOUT0 = Register(0x304, ERASED)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.antenna = False
        """Whether the pads of NFC are NFC's, since the last reset."""
        self._undo: Callable[[], None] = lambda: None
        super().__init__(soc, name, base)
        pin = soc.pins[RESET_PIN]
        soc.wake_sources.append(WakeSource("pin", name, pin.line, lambda: pin.function is not None, level=False))

    def reset(self) -> None:
        """The words stay; what they say of pads comes into force."""
        super().reset()
        self._give_functions()

    def _give_functions(self) -> None:
        self.antenna = bool(self.NFCPINS & 1)
        for n in ANTENNA_PINS:
            self._give(self.soc.pins[n], "NFC" if self.antenna else None, Pull.NONE)
        enabled = self.PSELRESET[0] == self.PSELRESET[1] and self.PSELRESET[0] & (CONNECT | PIN) == RESET_PIN
        pin = self.soc.pins[RESET_PIN]
        self._give(pin, "nRESET" if enabled else None, Pull.UP if enabled else Pull.NONE)
        self._undo()
        self._undo = pin.line.listen(self._reset_pin_changed) if enabled else lambda: None

    def _give(self, pin: Pin, function: str | None, pull: Pull) -> None:
        if pin.function == function:
            return
        pin.function = function
        if function is None:
            pin.release(self.name)
        else:
            pin.claim(self.name)
        pin.set_pull(pull)

    def _reset_pin_changed(self, level: bool) -> None:
        if level:
            self.soc.hooks.reset("pin")

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """A store by the CPU: a whole word, while NVMC allows it; anything else is reported and dropped."""
        if mask != WORD or not self.soc.program_flash(self.base + offset, value):
            self.soc.report_unmodelled(self.name, offset, "write of less than a word or without NVMC.CONFIG = Wen")

    def program(self, offset: int, value: int) -> None:
        """Clear the bits of one word that are 0 in `value`."""
        self.values[offset] = self.values.get(offset, ERASED) & value

    def erase(self) -> None:
        """Every word to 0xFFFFFFFF."""
        self.values.update(dict.fromkeys(self.values, ERASED))

    def load(self, offset: int, data: bytes) -> None:
        """Put bytes of an image at `offset`, as a programmer does before the chip starts."""
        if not (offset >= 0 and offset + len(data) <= SIZE):
            raise ValueError(f"{self.name}: {len(data)} bytes at 0x{offset:03x} do not fit its 0x{SIZE:x} bytes")
        for at, byte in enumerate(data, offset):
            word, shift = at & ~3, 8 * (at & 3)
            self.values[word] = self.values.get(word, ERASED) & ~(0xFF << shift) | byte << shift
        self._give_functions()
