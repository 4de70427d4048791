"""NFCT: near field communication tag, with nobody but a field near it (nRF52840 PS v1.8, section 6.14).

SENSE watches for a field, ACTIVATE ramps up for 500 us (the electrical specification's longest) and gives READY;
`field(True)` brings a reader's carrier near: FIELDDETECTED, 20 us later while it is only sensed, and FIELDLOST when it
goes, which SENSE does not tell. SENSE with a field that is there already gives no FIELDDETECTED unless the block was
disabled; ACTIVATE gives it again if it has been cleared (section 6.14.2). GOSLEEP and GOIDLE move between the two
states that collision resolution starts from. ENABLERXDATA and STARTTX give STARTED. A field while SENSE is active is
also a way out of System OFF. While UICR.NFCPINS makes GPIOs of the antenna's pads, the block stays DISABLED.

Not modelled: frames in either direction, so collision resolution never selects the tag and nothing is received; what
STARTTX would send is reported. FRAMEDELAY registers, frame configurations and NFCID1 are stored.
"""

from __future__ import annotations

from enum import IntEnum

from cmsim.kernel import CPU_HZ, Line
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Latched, Register
from cmsim.soc import Soc, WakeSource

from .clock import want_crystal
from .uicr import Uicr

MICROSECOND = CPU_HZ // 1_000_000
RAMP_UP, SENSE_TIME = 500 * MICROSECOND, 20 * MICROSECOND
SLEEP_A = 1


class TagState(IntEnum):
    """NFCTAGSTATE."""

    DISABLED, RAMP_UP, IDLE, RECEIVE = 0, 2, 3, 4


class Nfct(NordicPeripheral):
    """NFCT."""

    undocumented = frozenset({0x010, 0x68C})
    """A task that stops sending (nrfx), and anomaly 98."""

    ACTIVATE = Task(0x000)
    DISABLE = Task(0x004)
    SENSE = Task(0x008)
    STARTTX = Task(0x00C)
    ENABLERXDATA = Task(0x01C)
    GOIDLE = Task(0x024)
    GOSLEEP = Task(0x028)
    READY = Event(0x100)
    FIELDDETECTED = Event(0x104)
    FIELDLOST = Event(0x108)
    TXFRAMESTART = Event(0x10C)
    TXFRAMEEND = Event(0x110)
    RXFRAMESTART = Event(0x114)
    RXFRAMEEND = Event(0x118)
    ERROR = Event(0x11C)
    RXERROR = Event(0x128)
    ENDRX = Event(0x12C)
    ENDTX = Event(0x130)
    AUTOCOLRESSTARTED = Event(0x138)
    COLLISION = Event(0x148)
    SELECTED = Event(0x14C)
    STARTED = Event(0x150)
    SHORTS = Register(0x200, writable=0x23)
    ERRORSTATUS = Latched(0x404)
    FRAMESTATUS_RX = Latched(0x40C)
    NFCTAGSTATE = Register(0x410, writable=0)
    SLEEPSTATE = Register(0x420, writable=0)
    FIELDPRESENT = Register(0x43C, writable=0)
    FRAMEDELAYMIN = Register(0x504, 0x480, writable=0xFFFF)
    FRAMEDELAYMAX = Register(0x508, 0x1000, writable=0xF_FFFF)
    FRAMEDELAYMODE = Register(0x50C, 0x1, writable=0x3)
    PACKETPTR = Register(0x510)
    MAXLEN = Register(0x514, writable=0x1FF)
    TXD_FRAMECONFIG = Register(0x518, 0x17, writable=0x17)
    TXD_AMOUNT = Register(0x51C, writable=0xFFF)
    RXD_FRAMECONFIG = Register(0x520, 0x15, writable=0x15)
    RXD_AMOUNT = Register(0x524, writable=0)
    NFCID1_LAST = Register(0x590, 0x6363)
    NFCID1_2ND_LAST = Register(0x594, writable=0xFF_FFFF)
    NFCID1_3RD_LAST = Register(0x598, writable=0xFF_FFFF)
    AUTOCOLRESCONFIG = Register(0x59C, 0x2, writable=0x3)
    SENSRES = Register(0x5A0, 0x1, writable=0xFFFF)
    SELRES = Register(0x5A4, writable=0xFF)
    shortcuts = {0: (FIELDDETECTED, ACTIVATE), 1: (FIELDLOST, SENSE), 5: (TXFRAMEEND, ENABLERXDATA)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._ramp = soc.scheduler.alarm(self._ramped)
        self._sensed = soc.scheduler.alarm(lambda: self.emit(self.FIELDDETECTED))
        self.near = False
        """Whether a reader's carrier is there."""
        self.detected = Line(f"{name}.FIELD")
        """High while a field is sensed: a way out of System OFF."""
        self._sensing = False
        super().__init__(soc, name, base)
        soc.wake_sources.append(WakeSource("nfc", name, self.detected, lambda: self._sensing))

    def reset(self) -> None:
        """Disabled; the field outside stays."""
        super().reset()
        self._ramp.cancel()
        self._sensed.cancel()
        self._sensing = False
        self._show()

    def field(self, near: bool) -> None:
        """A reader's carrier comes near, or goes away."""
        if near == self.near:
            return
        self.near = near
        self._show()
        if self.NFCTAGSTATE != TagState.DISABLED:
            self.emit(self.FIELDDETECTED if near else self.FIELDLOST)
        elif self._sensing and near:
            self._sensed.after(SENSE_TIME)
        else:
            self._sensed.cancel()

    def _show(self) -> None:
        active = self.NFCTAGSTATE != TagState.DISABLED
        present = self.near and (self._sensing or active)
        self.FIELDPRESENT = present | (self.near and active) << 1
        self.detected.set(present)

    @property
    def _without_antenna(self) -> bool:
        uicr = self.soc.blocks.get("UICR")
        return isinstance(uicr, Uicr) and not uicr.antenna

    @SENSE
    def _sense(self) -> None:
        if self._without_antenna:
            return
        was_disabled = self.NFCTAGSTATE == TagState.DISABLED and not self._sensing
        self._leave()
        self._sensing = True
        self._show()
        if self.near and was_disabled:
            self._sensed.after(SENSE_TIME)

    @ACTIVATE
    def _activate(self) -> None:
        if self.NFCTAGSTATE == TagState.DISABLED and not self._without_antenna:
            self._sensing = False
            self.NFCTAGSTATE = TagState.RAMP_UP
            self._ramp.after(RAMP_UP)
            self._sensed.cancel()
            self._show()
            if self.near and not self.values[self.FIELDDETECTED.offset]:
                self.emit(self.FIELDDETECTED)

    def _ramped(self) -> None:
        want_crystal(self.soc, self.name)
        self.NFCTAGSTATE, self.SLEEPSTATE = TagState.IDLE, 0
        self.emit(self.READY)

    @DISABLE
    def _leave(self) -> None:
        self._ramp.cancel()
        self._sensed.cancel()
        self._sensing = False
        self.NFCTAGSTATE = TagState.DISABLED
        self._show()

    @GOIDLE
    def _go_idle(self) -> None:
        self._rest(0)

    @GOSLEEP
    def _go_to_sleep(self) -> None:
        self._rest(SLEEP_A)

    def _rest(self, state: int) -> None:
        if self.NFCTAGSTATE in (TagState.IDLE, TagState.RECEIVE):
            self.NFCTAGSTATE, self.SLEEPSTATE = TagState.IDLE, state

    @ENABLERXDATA
    def _receive(self) -> None:
        if self.NFCTAGSTATE in (TagState.IDLE, TagState.RECEIVE):
            self.NFCTAGSTATE = TagState.RECEIVE
            self.emit(self.STARTED)

    @STARTTX
    def _transmit(self) -> None:
        if self.NFCTAGSTATE in (TagState.IDLE, TagState.RECEIVE):
            self.emit(self.STARTED)
            self.soc.report_unmodelled(self.name, self.STARTTX.offset, "frame to a reader")
