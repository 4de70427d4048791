"""A serial NOR flash as its bus sees it: commands, addresses, dummy bytes, data (JEDEC JESD216, common command set).

A chip is a `Geometry` (identity, size, times) and what its data sheet adds. Bytes count, not clocks: two or four data
lines carry the same bytes faster, and dummy clocks count as the bytes that they would carry on the lines they use.

Not modelled: suspend and resume, one-time programmable areas, burst wrap, wear, and the voltage's influence on times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cmsim.kernel import Scheduler, cycles_of

WIP, WEL, BLOCK_PROTECT, QUAD_ENABLE = 0x01, 0x02, 0x3C, 0x40
PAGE, SECTOR, HALF_BLOCK, BLOCK = 0x100, 0x1000, 0x8000, 0x10000
READS = {0x03: 0, 0x0B: 1, 0x3B: 1, 0xBB: 1, 0x6B: 1, 0xEB: 3}
"""Read command -> dummy bytes behind the address."""
QUAD_COMMANDS = {0x6B, 0xEB, 0x38}
PROGRAMS = {0x02, 0x38}
ERASES = {0x20: SECTOR, 0x52: HALF_BLOCK, 0xD8: BLOCK}
CHIP_ERASES = {0x60, 0xC7}


@dataclass(frozen=True)
class Geometry:
    """What differs from chip to chip."""

    identity: bytes
    """Manufacturer, memory type, density: the answer to 0x9F."""
    signature: int
    """The answer to 0xAB."""
    size: int
    sfdp: bytes
    page_program: float
    """Seconds, as all times."""
    erase: dict[int, float]
    """Erase size -> time."""
    chip_erase: float
    write_status: float
    leave_power_down: float


class NorFlash:
    """The chip behind its chip select; `memory` is what it holds."""

    IDLE = 0xFF

    def __init__(self, scheduler: Scheduler, geometry: Geometry) -> None:
        self.scheduler, self.geometry = scheduler, geometry
        self.memory = bytearray(b"\xff") * geometry.size
        self.status, self.configuration = 0, bytearray(2)
        self._answers: dict[int, Callable[[], bytes]] = {
            0x05: lambda: bytes((self.read_status(),)),
            0x15: lambda: bytes(self.configuration),
            0x9F: lambda: geometry.identity,
            0xAB: lambda: bytes((0, 0, 0, geometry.signature)),
            0x90: lambda: bytes((0, 0, 0, geometry.identity[0], geometry.signature)),
        }
        self.reset()

    def reset(self) -> None:
        """Power-on, or the reset command: status keeps its non-volatile bits."""
        self.status &= BLOCK_PROTECT | QUAD_ENABLE | 0x80
        self.powered_down = self._reset_enabled = False
        self.busy_until = 0
        self._sent = bytearray()
        self._selected = False

    @property
    def busy(self) -> bool:
        """WIP."""
        return self.scheduler.now < self.busy_until

    def read_status(self) -> int:
        """The status register as it is now."""
        if self.busy_until and not self.busy:  # what ended since the last look took WEL with it
            self.busy_until = 0
            self.status &= ~WEL
        return self.status | self.busy

    # --- the wire ---------------------------------------------------------------------------------------------

    def select(self) -> None:
        """Chip select falls: a command begins."""
        self._selected = True
        self._sent.clear()
        self._skip = self.powered_down  # the pulse wakes the chip; what comes with it is not heard
        if self.powered_down:
            self.powered_down = False
            self.busy_until = 0
            self._deaf_until = self.scheduler.now + cycles_of(self.geometry.leave_power_down)

    _skip = False
    _deaf_until = 0

    def exchange(self, byte: int) -> int:
        """One byte in each direction."""
        sent = self._sent
        sent.append(byte)
        place = len(sent) - 1
        if place == 0:
            self._skip |= self.scheduler.now < self._deaf_until
        if self._skip or place == 0:
            return self.IDLE
        command = sent[0]
        if self.busy and command != 0x05:
            return self.IDLE
        if command in READS:
            return self._read(place - 4 - READS[command]) if self._permitted(command) else self.IDLE
        if command == 0x5A:
            at = int.from_bytes(sent[1:4], "big") + place - 5
            return self.geometry.sfdp[at] if 0 <= at < len(self.geometry.sfdp) and place > 4 else self.IDLE
        if command in self._answers:
            answer = self._answers[command]()
            return answer[(place - 1) % len(answer)]
        return self.IDLE

    def _permitted(self, command: int) -> bool:
        return command not in QUAD_COMMANDS or bool(self.status & QUAD_ENABLE)

    def _read(self, at: int) -> int:
        return self.memory[(self._address + at) % len(self.memory)] if at >= 0 else self.IDLE

    @property
    def _address(self) -> int:
        return int.from_bytes(self._sent[1:4], "big") % len(self.memory)

    def deselect(self) -> None:
        """Chip select rises: commands that change something do it now."""
        sent, self._selected = bytes(self._sent), False
        if not sent or self._skip or self.busy:
            return
        self.read_status()
        command, reset_enabled = sent[0], self._reset_enabled
        self._reset_enabled = command == 0x66
        if command == 0x99 and reset_enabled:
            self.reset()
        elif command == 0x06:
            self.status |= WEL
        elif command == 0x04:
            self.status &= ~WEL
        elif command == 0xB9:
            self.powered_down = True
        elif self.status & WEL:
            self._change(command, sent[1:])

    def _change(self, command: int, data: bytes) -> None:
        if command == 0x01 and data:
            self.status = self.status & WEL | data[0] & ~(WIP | WEL)
            self.configuration[: len(data) - 1] = data[1:3]
            self._occupy(self.geometry.write_status)
        elif command in PROGRAMS and len(data) > 3 and self._permitted(command):
            at = int.from_bytes(data[:3], "big") % len(self.memory)
            if not self._protected(at, 1):
                self._program(at, data[3:])
        elif command in ERASES and len(data) == 3:
            size = ERASES[command]
            at = int.from_bytes(data, "big") % len(self.memory) // size * size
            if not self._protected(at, size):
                self.memory[at : at + size] = b"\xff" * size
                self._occupy(self.geometry.erase[size])
        elif command in CHIP_ERASES and not self.status & BLOCK_PROTECT:
            self.memory[:] = b"\xff" * len(self.memory)
            self._occupy(self.geometry.chip_erase)

    def _program(self, at: int, data: bytes) -> None:
        """Clear bits within one page; more than a page's worth goes round."""
        page = at // PAGE * PAGE
        for n, byte in enumerate(data):
            self.memory[page + (at + n) % PAGE] &= byte
        self._occupy(self.geometry.page_program)

    def _occupy(self, seconds: float) -> None:
        self.busy_until = self.scheduler.now + cycles_of(seconds)

    def _protected(self, at: int, length: int) -> bool:
        """BP3..BP0 = n protect 2^(n-1) blocks at the upper end, or the lower one if the chip's TB bit is set."""
        blocks = (1 << (self.status >> 2 & 15)) >> 1
        size = min(len(self.memory), blocks * BLOCK)
        if self.configuration[0] & 0x08:
            return at < size
        return at + length > len(self.memory) - size
