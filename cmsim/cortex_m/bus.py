"""The memory map as the CPU sees it: who answers at an address, with which rights, and the faults that follow.

Not modelled: bit-banding (the nRF52 has none), the debugger's access port.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ..soc import SHOWN_PAGE, MemoryWindow, Soc
from .mpu import EXECUTE, READ, WRITE, Mpu

PAGE = 1024
"""Unicorn's page: the grain of cached rights."""
GRANULE = 32
"""The smallest MPU region: the grain of guarded rights."""
PPB_FIRST, PPB_LAST = 0xE000_0000, 0xE00F_FFFF
EXECUTE_NEVER_EIGHTHS = (2, 5, 6, 7)
"""Bits 31:29 of the addresses that the default memory map makes XN: Peripheral, Device, System (DDI 0403E, B3.1)."""


class Device(Protocol):
    """What answers reads and writes of registers."""

    name: str

    def read(self, offset: int) -> int: ...
    def write(self, offset: int, value: int, mask: int = ...) -> None: ...


@dataclass(frozen=True)
class Window:
    """Addresses [first, last] answered by `device`, whose offsets count from `base`."""

    first: int
    last: int
    device: Device
    base: int


class Denied(Enum):
    """Why an access is refused."""

    UNMAPPED = "nothing is mapped there"
    MPU = "the MPU forbids it"
    EXECUTE_NEVER = "the region is not executable"
    PRIVILEGE = "the private peripheral bus needs privilege"
    READ_ONLY = "flash is not writable"


@dataclass
class Refusal:
    """The last access that the memory map refused."""

    page: int
    access: int
    """READ, WRITE or EXECUTE."""
    why: Denied
    it_state: int = 0


class Bus:
    """Rights by address, and the devices behind the I/O part of the map."""

    def __init__(self, soc: Soc, mpu: Mpu) -> None:
        chip = soc.chip
        self.soc, self.mpu = soc, mpu
        self._flash = range(chip.flash_base, chip.flash_base + chip.flash_size)
        self._ram = range(chip.ram_base, chip.ram_base + chip.ram_size)
        self._alias = range(chip.ram_code_alias, chip.ram_code_alias + chip.ram_size)
        self._pages: dict[int, list[Window]] = {}
        self.windows: list[Window] = []
        self.hidden: tuple[range, ...] = ()
        """Of flash, what may not be read."""
        self.shown: MemoryWindow | None = None
        """The external memory, where there is one, at `shown_at`."""
        self.shown_at = range(0)
        for page in range(chip.bridge.start >> 12, chip.bridge.stop >> 12):
            self._pages[page] = []
        for row in chip.rows:
            first, block = row.base + row.first, soc.blocks[row.name]
            self.attach(first, first + row.size - 1, block, row.base)
            if isinstance(block, MemoryWindow):
                self.shown, self.shown_at = block, range(first, first + len(block.shown))

    def attach(self, first: int, last: int, device: Device, base: int) -> None:
        """Let `device` answer at [first, last]."""
        window = Window(first, last, device, base)
        self.windows.append(window)
        for page in range(first >> 12, (last >> 12) + 1):
            self._pages.setdefault(page, []).append(window)

    @property
    def io_pages(self) -> list[int]:
        """The 4 KB page numbers that devices answer in."""
        return sorted(self._pages)

    # --- device accesses ---------------------------------------------------------------------------------

    def _window(self, address: int) -> Window | None:
        for window in self._pages.get(address >> 12, ()):
            if window.first <= address <= window.last:
                return window
        return None

    def read(self, address: int, size: int) -> int:
        """A load of `size` bytes from a device; unoccupied words of an occupied page read as 0."""
        if address & size - 1:
            half = size // 2
            return self.read(address, half) | self.read(address + half, size - half) << 8 * half
        window = self._window(address)
        if window is None:
            self.soc.report_unmodelled("hole", address, "read")
            return 0
        word = window.device.read(address - window.base & ~3)
        if size == 4:
            return word
        return word >> 8 * (address & 3) & (1 << 8 * size) - 1

    def stores(self, address: int) -> bool:
        """Whether a word of a device is plain storage, which only writes and time change."""
        window = self._window(address)
        if window is None or address & 3:
            return False
        stores = getattr(window.device, "stores", None)
        return stores is not None and stores(address - window.base)

    def write(self, address: int, size: int, value: int) -> None:
        """A store of `size` bytes to a device; an unaligned one goes out in pieces."""
        if address & size - 1:
            half = size // 2
            self.write(address, half, value & (1 << 8 * half) - 1)
            self.write(address + half, size - half, value >> 8 * half)
            return
        window = self._window(address)
        if window is None:
            self.soc.report_unmodelled("hole", address, "write")
            return
        if size == 4:
            window.device.write(address - window.base, value)
        else:
            shift = 8 * (address & 3)
            mask = (1 << 8 * size) - 1
            window.device.write(address - window.base & ~3, (value & mask) << shift, mask << shift)

    # --- rights --------------------------------------------------------------------------------------------

    def default_rights(self, address: int) -> int:
        """READ | WRITE | EXECUTE by the chip's map alone; 0 where nothing is."""
        if address in self._flash:
            return 0 if any(address in hidden for hidden in self.hidden) else READ | EXECUTE
        if address in self._ram or address in self._alias:
            return READ | WRITE | EXECUTE
        if address in self.shown_at:
            return READ | EXECUTE
        if address >> 12 in self._pages:
            return READ | WRITE
        return 0

    def denied(self, address: int, access: int, privileged: bool, ignore_mpu: bool = False) -> Denied | None:
        """Why `access` to `address` is refused, or None if it is allowed."""
        if PPB_FIRST <= address <= PPB_LAST:
            if access != EXECUTE and not privileged:
                return Denied.PRIVILEGE
        else:
            mpu = self.mpu.rights(address, privileged, ignore_mpu)
            if mpu is not None and not mpu & access:
                return Denied.MPU
        if access == EXECUTE and address >> 29 in EXECUTE_NEVER_EIGHTHS:
            return Denied.EXECUTE_NEVER
        rights = self.default_rights(address)
        if not rights and not (access == WRITE and address in self._flash):
            return Denied.UNMAPPED
        if not rights & access:
            return Denied.READ_ONLY if access == WRITE else Denied.EXECUTE_NEVER
        return None

    def check_range(
        self, address: int, length: int, access: int, privileged: bool, ignore_mpu: bool = False
    ) -> Denied | None:
        """`denied` for the first granule in [address, address + length) that refuses: a frame may cross a guard."""
        for granule in range(address & -GRANULE, address + length, GRANULE):
            denied = self.denied(granule & 0xFFFF_FFFF, access, privileged, ignore_mpu)
            if denied is not None:
                return denied
        return None

    def memory(self, address: int, length: int) -> tuple[bytearray, int] | None:
        """The memory behind `address` and the offset in it, if all `length` bytes lie in one memory."""
        for area, data in ((self._ram, self.soc.ram), (self._flash, self.soc.flash), (self._alias, self.soc.ram)):
            if address in area and address + length <= area.stop:
                return data, address - area.start
        if self.shown is not None and address in self.shown_at and address + length <= self.shown_at.stop:
            offset = address - self.shown_at.start
            if all(self.shown.show(page) for page in range(offset & -SHOWN_PAGE, offset + length, SHOWN_PAGE)):
                return self.shown.shown, offset
        return None
