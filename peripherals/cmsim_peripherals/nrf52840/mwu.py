"""MWU: memory watch unit (nRF52840 PS v1.8, section 6.13).

Four regions between START and END (both included), in data RAM or among the peripherals, and two peripheral regions
of 128 KB with 32 subregions of 4 KB, of which SUBS takes in some. Loads and stores of the CPU in what REGIONEN enables
emit WA and RA, which INTEN makes an interrupt and NMIEN a non-maskable one; SUBSTATWA and SUBSTATRA tell the subregion.
EasyDMA is not watched. While nothing is enabled, nothing is asked of the CPU.

Not modelled: the two HCLK cycles between an access and its event; instruction fetches from a watched region, which make
no event. An access that only ends or begins in a region counts as one in it: the chapter does not say.
"""

from __future__ import annotations

from collections.abc import Iterator

from cmsim.kernel import Line
from cmsim.nordic import Event, NordicPeripheral
from cmsim.registers import ClearOf, Latched, Register, SetOf
from cmsim.soc import Soc

REGIONS, PREGIONS, SUBREGIONS = 4, 2, 32
REGION_BITS = 0x0F00_00FF
FIRST_PREGION_BIT = 24
PERIPHERALS = range(0x4000_0000, 0x6000_0000)
SUBREGION_SIZE = 0x1000


class Mwu(NordicPeripheral):
    """MWU."""

    REGION_EVENTS = Event.array(0x100, 2 * REGIONS)
    """REGION[n].WA at 2n, REGION[n].RA at 2n + 1."""
    PREGION_EVENTS = Event.array(0x160, 2 * PREGIONS)
    INTEN = Register(0x300, writable=REGION_BITS)
    NMIEN = Register(0x320, writable=REGION_BITS)
    NMIENSET = SetOf(0x324, NMIEN)
    NMIENCLR = ClearOf(0x328, NMIEN)
    PERREGION0_SUBSTATWA = Latched(0x400)
    PERREGION0_SUBSTATRA = Latched(0x404)
    PERREGION1_SUBSTATWA = Latched(0x408)
    PERREGION1_SUBSTATRA = Latched(0x40C)
    REGIONEN = Register(0x510, writable=REGION_BITS)
    REGIONENSET = SetOf(0x514, REGIONEN)
    REGIONENCLR = ClearOf(0x518, REGIONEN)
    REGION_START = Register.array(0x600, REGIONS, stride=0x10)
    REGION_END = Register.array(0x604, REGIONS, stride=0x10)
    PREGION_START = Register.array(0x6C0, PREGIONS, stride=0x10, writable=0)
    PREGION_END = Register.array(0x6C4, PREGIONS, stride=0x10, writable=0)
    PREGION_SUBS = Register.array(0x6C8, PREGIONS, stride=0x10)

    INTEN.on_write(NordicPeripheral._write_inten)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.nmi = Line(f"{name}.nmi")
        self._watched: list[tuple[int, int, range]] = []
        chip = soc.chip
        self._segments = range(chip.ram_base, chip.ram_base + chip.ram_size), PERIPHERALS
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Nothing is watched."""
        super().reset()
        self.nmi.set(False)
        self._look()

    # --- what is watched ----------------------------------------------------------------------------------------

    @REGIONEN.on_write
    def _enable(self, value: int) -> None:
        self._look()

    @REGION_START.on_write
    @REGION_END.on_write
    @PREGION_SUBS.on_write
    def _change(self, n: int, value: int) -> None:
        if self.REGIONEN:
            self._look()

    def _look(self) -> None:
        """Ask to be told of the accesses that matter now."""
        before, self._watched = self._watched, [a for a in self._areas() if a[2] and self.REGIONEN >> a[0] & 3]
        if self._watched or before:
            self.soc.hooks.watch([addresses for _, _, addresses in self._watched], self._seen)

    def _areas(self) -> Iterator[tuple[int, int, range]]:
        """(bit of WA, that of RA being the next; subregion; addresses) of all that REGIONEN can enable."""
        for n in range(REGIONS):
            for segment in self._segments:
                first, last = max(self.REGION_START[n], segment.start), min(self.REGION_END[n], segment.stop - 1)
                yield 2 * n, 0, range(first, last + 1)
        for n in range(PREGIONS):
            for sub in range(SUBREGIONS):
                if self.PREGION_SUBS[n] >> sub & 1:
                    base = PERIPHERALS.start + (n * SUBREGIONS + sub) * SUBREGION_SIZE
                    yield FIRST_PREGION_BIT + 2 * n, sub, range(base, base + SUBREGION_SIZE)

    # --- what happens -------------------------------------------------------------------------------------------

    def _seen(self, address: int, size: int, store: bool) -> None:
        """The CPU has made an access."""
        hit: dict[int, int] = {}
        for bit, sub, area in self._watched:
            own = bit + (not store)
            if self.REGIONEN >> own & 1 and area.start < address + size and address < area.stop:
                hit[own] = hit.get(own, 0) | 1 << sub
        for bit, subs in hit.items():
            if bit >= FIRST_PREGION_BIT:
                number = bit - FIRST_PREGION_BIT
                self.values[type(self).PERREGION0_SUBSTATWA.offset + 4 * number] |= subs
                self.emit(self.PREGION_EVENTS[number])
            else:
                self.emit(self.REGION_EVENTS[bit])

    def update_irq(self) -> None:
        """NMI as the interrupt, by its own register."""
        super().update_irq()
        enabled = self.NMIEN
        self.nmi.set(enabled != 0 and any(self.values[e.offset] and enabled & e.interrupt_bit for e in self._events))

    @NMIEN.on_write
    def _enable_nmi(self, value: int) -> None:
        self.update_irq()
