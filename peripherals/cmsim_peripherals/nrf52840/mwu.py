"""MWU: memory watch unit (nRF52840 PS v1.8, section 6.14).

All registers are there and keep what is written; REGIONEN and NMIEN have their set and clear registers.

Not modelled: the watching itself. No access of the CPU is compared with the regions, so no event comes; firmware that
stays out of its own forbidden regions (a SoftDevice's memory, a stack's end) sees no difference.
"""

from __future__ import annotations

from cmsim.nordic import Event, NordicPeripheral
from cmsim.registers import ClearOf, Register, SetOf

REGION_BITS = 0x0F00_00FF


class Mwu(NordicPeripheral):
    """MWU."""

    REGION_EVENTS = Event.array(0x100, 8)
    """REGION[n].WA at 2n, REGION[n].RA at 2n + 1."""
    PREGION_EVENTS = Event.array(0x160, 4)
    INTEN = Register(0x300)
    NMIEN = Register(0x320, writable=REGION_BITS)
    NMIENSET = SetOf(0x324, NMIEN)
    NMIENCLR = ClearOf(0x328, NMIEN)
    PERREGION_SUBSTAT = Register.array(0x400, 4)
    REGIONEN = Register(0x510, writable=REGION_BITS)
    REGIONENSET = SetOf(0x514, REGIONEN)
    REGIONENCLR = ClearOf(0x518, REGIONEN)
    REGION_START = Register.array(0x600, 4, stride=0x10)
    REGION_END = Register.array(0x604, 4, stride=0x10)
    PREGION_START = Register.array(0x6C0, 2, stride=0x10, writable=0)
    PREGION_END = Register.array(0x6C4, 2, stride=0x10, writable=0)
    PREGION_SUBS = Register.array(0x6C8, 2, stride=0x10)

    INTEN.on_write(NordicPeripheral._write_inten)
