"""NVMC: non-volatile memory controller (nRF52840 PS v1.8, section 4.3; times: v1.7, section 4.3.10).

With CONFIG = Wen a store of one aligned word to flash or UICR clears bits (the old word AND the new) and takes 41 us.
With CONFIG = Een ERASEPAGE (ERASEPCR1 is the same register, ERASEPCR0 its twin) takes 85 ms, ERASEALL 169 ms for flash
and UICR, ERASEUICR 85 ms; ERASEPAGEPARTIAL takes ERASEPAGEPARTIALCFG ms, and the page is erased when its parts add up
to 85 ms. The CPU halts meanwhile if it executes from flash; a program in RAM sees READY low. One word more is taken
while one is written, and begins behind it (section 4.3.1): READYNEXT is low while such a word waits and during an
erase, and a store or erase that is not taken waits. Without the right CONFIG nothing changes, nor does a page that ACL
protects. IHIT and IMISS stop at their largest value; a store clears them, if it is of 0.

Not modelled: wear and the limit of two writes a word, the undefined bits of a page erased in part (they keep their
value), power failure during an erase, the access port protection that blocks ERASEUICR. The cache is a matter of the
timing model, which counts hits and misses for IHIT and IMISS; that Wen and Een empty it and keep it empty is left out.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property

from cmsim.kernel import CPU_HZ
from cmsim.nordic import NordicPeripheral
from cmsim.registers import WORD, Register
from cmsim.soc import Soc

from .acl import protected
from .uicr import SIZE as UICR_SIZE
from .uicr import Uicr

MILLISECOND = CPU_HZ // 1000
WRITE_TIME = 41 * CPU_HZ // 1_000_000
ERASE_PAGE_TIME = 85 * MILLISECOND
ERASE_ALL_TIME = 169 * MILLISECOND


class Mode(IntEnum):
    """CONFIG.WEN; 3 is reserved and allows nothing."""

    REN, WEN, EEN, RESERVED = 0, 1, 2, 3


class Nvmc(NordicPeripheral):
    """NVMC."""

    READY = Register(0x400, 0x1, writable=0)
    READYNEXT = Register(0x408, 0x1, writable=0)
    CONFIG = Register(0x504, writable=0x3)
    ERASEPAGE = Register(0x508)
    ERASEALL = Register(0x50C, writable=0x1)
    ERASEPCR0 = Register(0x510)
    ERASEUICR = Register(0x514, writable=0x1)
    ERASEPAGEPARTIAL = Register(0x518)
    ERASEPAGEPARTIALCFG = Register(0x51C, 0xA, writable=0x7F)
    ICACHECNF = Register(0x540, writable=0x101)
    IHIT = Register(0x548)
    IMISS = Register(0x54C)
    mode = CONFIG.enum(1, 0, Mode)
    cache_enabled = ICACHECNF.bit(0)
    cache_profiling = ICACHECNF.bit(8)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._busy_until = self._taken_until = self._held_until = 0
        """Cycles: when the flash is ready, when it takes another word, until when the CPU is held."""
        self._erased_for: dict[int, int] = {}
        """Page number -> cycles of partial erase so far."""
        self._hits = self._misses = 0
        self._counted = (0, 0)
        self._profiled = False
        super().__init__(soc, name, base)
        soc.program_flash = self.program

    # --- state --------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a write or an erase is under way."""
        return self.scheduler.now < self._busy_until

    @READY.on_read
    def _read_ready(self) -> int:
        return int(not self.busy)

    @READYNEXT.on_read
    def _read_ready_next(self) -> int:
        return int(self.scheduler.now >= self._taken_until)

    def _occupy(self, cycles: int, *, erases: bool = True) -> None:
        """The flash is busy for `cycles` from when it is ready, and so is a CPU that executes from it."""
        chip = self.soc.chip
        begin = max(self.scheduler.now, self._busy_until)
        self._busy_until = begin + cycles
        self._taken_until = self._busy_until if erases else begin
        if chip.flash_base <= self.soc.hooks.pc() < chip.flash_base + chip.flash_size:
            self._hold(self._busy_until)

    def _hold(self, until: int) -> None:
        """Hold the CPU until that cycle; `now` may show a stall only after the instruction that caused it."""
        begin = max(self.scheduler.now, self._held_until)
        if until > begin:
            self._held_until = until
            self.soc.hooks.stall(until - begin)

    def _wait(self) -> None:
        """Hold the CPU until the flash is ready."""
        self._hold(self._busy_until)

    # --- programming --------------------------------------------------------------------------------------

    def program(self, address: int, value: int) -> bool:
        """A word store by the CPU to flash or UICR: whether it is allowed now, and then it is done."""
        if self.mode != Mode.WEN or address & 3:
            return False
        chip, uicr = self.soc.chip, self._uicr
        offset = address - chip.flash_base
        if 0 <= offset < chip.flash_size:
            if protected(self.soc, address, 4):
                return False
            self._hold(self._taken_until)
            word = slice(offset, offset + 4)
            old = int.from_bytes(self.soc.flash[word], "little")
            self.soc.flash[word] = (old & value & WORD).to_bytes(4, "little")
            self.soc.hooks.code_changed(address, 4)
        elif uicr and 0 <= address - uicr.base < UICR_SIZE:
            self._hold(self._taken_until)
            uicr.program(address - uicr.base, value & WORD)
        else:
            return False
        self._occupy(WRITE_TIME, erases=False)
        return True

    @cached_property
    def _uicr(self) -> Uicr | None:
        return next((block for block in self.soc.blocks.values() if isinstance(block, Uicr)), None)

    # --- erasing ------------------------------------------------------------------------------------------

    @ERASEPAGE.on_write
    @ERASEPCR0.on_write
    def _erase_page(self, address: int) -> None:
        if self.mode == Mode.EEN and not self._page_protected(address):
            self._wait()
            self._clear_page(address)
            self._occupy(ERASE_PAGE_TIME)

    @ERASEPAGEPARTIAL.on_write
    def _erase_part(self, address: int) -> None:
        if self.mode != Mode.EEN or self._page_protected(address):
            return
        self._wait()
        page, cycles = self._page(address), self.ERASEPAGEPARTIALCFG * MILLISECOND
        self._erased_for[page] = self._erased_for.get(page, 0) + cycles
        if self._erased_for[page] >= ERASE_PAGE_TIME:
            self._clear_page(address)
        self._occupy(cycles)

    @ERASEALL.on_write
    def _erase_all(self, value: int) -> None:
        self.ERASEALL = 0
        everything = self.soc.chip.flash_base, self.soc.chip.flash_size
        if self.mode == Mode.EEN and value & 1 and not protected(self.soc, *everything):
            self._wait()
            self._erased_for.clear()
            self._fill(0, self.soc.chip.flash_size)
            if uicr := self._uicr:
                uicr.erase()
            self._occupy(ERASE_ALL_TIME)

    @ERASEUICR.on_write
    def _erase_uicr(self, value: int) -> None:
        self.ERASEUICR = 0
        if self.mode == Mode.EEN and value & 1:
            self._wait()
            if uicr := self._uicr:
                uicr.erase()
            self._occupy(ERASE_PAGE_TIME)

    def _page(self, address: int) -> int:
        return (address - self.soc.chip.flash_base) // self.soc.chip.flash_page

    def _page_protected(self, address: int) -> bool:
        size = self.soc.chip.flash_page
        return protected(self.soc, address - address % size, size)

    def _clear_page(self, address: int) -> None:
        page, size = self._page(address), self.soc.chip.flash_page
        self._erased_for.pop(page, None)
        if 0 <= page < self.soc.chip.flash_size // size:
            self._fill(page * size, size)

    def _fill(self, offset: int, length: int) -> None:
        self.soc.flash[offset : offset + length] = b"\xff" * length
        self.soc.hooks.code_changed(self.soc.chip.flash_base + offset, length)

    # --- cache --------------------------------------------------------------------------------------------

    @ICACHECNF.on_write
    def _configure_cache(self, value: int) -> None:
        self._count()
        self.soc.hooks.cache_changed(bool(self.cache_enabled), bool(self.cache_profiling))
        self._counted = self.soc.hooks.cache_counts()
        self._profiled = bool(self.cache_enabled and self.cache_profiling)

    def _count(self) -> None:
        """Bring IHIT and IMISS up to date with what the CPU side has counted."""
        now = self.soc.hooks.cache_counts()
        if self._profiled:
            self._hits = min(WORD, self._hits + now[0] - self._counted[0])
            self._misses = min(WORD, self._misses + now[1] - self._counted[1])
        self._counted = now

    @IHIT.on_read
    def _read_hits(self) -> int:
        self._count()
        return self._hits

    @IMISS.on_read
    def _read_misses(self) -> int:
        self._count()
        return self._misses

    @IHIT.on_write
    def _write_hits(self, value: int) -> None:
        self._count()
        self._hits = self._hits if value else 0

    @IMISS.on_write
    def _write_misses(self, value: int) -> None:
        self._count()
        self._misses = self._misses if value else 0
