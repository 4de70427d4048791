"""RADIO: the 2.4 GHz transceiver, with nobody else in the air (nRF52840 PS v1.8, section 6.20).

The state machine of figure "Radio states", with the times of the electrical specification (v1.7, section 6.20.15.8):
ramp-up in 140 us, 130 us with IEEE 802.15.4, 40 us with MODECNF0.RU = Fast; TX is disabled in 6 us at 1 Mbit/s, 4 us at
2 Mbit/s, 21 us with IEEE 802.15.4; RX at once, with IEEE 802.15.4 in 0.5 us. After a packet that shortcuts follow by
DISABLE and the next TXEN or RXEN, READY waits for TIFS (section 6.20.9). START in TXIDLE reads the packet at PACKETPTR
and times preamble, address, S0/LENGTH/S1, payload and CRC by MODE and PCNF; the events ADDRESS or FRAMESTART, PAYLOAD,
END and PHYEND come at their bits (PHYEND in every mode, though the specification names it for long range and
IEEE 802.15.4 only). The bit counter counts on behind BCMATCH until the packet ends.

A receiver hears nothing: it stays in RX until STOP or DISABLE, RSSI and energy detection give the floor, a channel is
always clear. No packet is invented.

Not modelled: the waveform, and CRC, whitening and addresses as bits of it (registers are stored, RXCRC stays 0 and no
CRCOK, CRCERROR, DEVMATCH or MHRMATCH comes); RATEBOOST; what goes wrong without HFXO (it is said, `clock.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import BusError, Soc

from .clock import want_crystal

MICROSECOND = CPU_HZ // 1_000_000
FAST_RAMP_UP = 40 * MICROSECOND
RSSI_TIME = MICROSECOND // 4
ENERGY_TIME = CLEAR_TIME = 128 * MICROSECOND
"""One period of energy detection, and clear channel assessment: 8 symbols of IEEE 802.15.4."""
NOTHING_HEARD = 127
"""RSSISAMPLE in -dBm, its largest value."""


class State(IntEnum):
    """STATE."""

    DISABLED, RXRU, RXIDLE, RX, RXDISABLE = range(5)
    TXRU, TXIDLE, TX, TXDISABLE = 9, 10, 11, 12


class Mode(IntEnum):
    """MODE."""

    NRF_1M, NRF_2M, BLE_1M, BLE_2M = 0, 1, 3, 4
    BLE_LR125K, BLE_LR500K, IEEE802154 = 5, 6, 15


@dataclass(frozen=True)
class Air:
    """One mode on the air, in microseconds: a byte, disabling TX, what comes before the address and behind the CRC,
    ramp-up, disabling RX."""

    byte: int
    disable: int
    extra_start: int = 0
    extra_end: int = 0
    ramp_up: int = 140
    disable_rx: float = 0


AIR = {
    Mode.NRF_1M: Air(8, 6),
    Mode.NRF_2M: Air(4, 4),
    Mode.BLE_1M: Air(8, 6),
    Mode.BLE_2M: Air(4, 4),
    Mode.BLE_LR125K: Air(64, 6, extra_start=80 + 16 + 24, extra_end=24),
    Mode.BLE_LR500K: Air(16, 6, extra_start=80 + 192 + 16 + 24, extra_end=6),
    Mode.IEEE802154: Air(32, 21, ramp_up=130, disable_rx=0.5),
}
"""Long range: the preamble of 80 us, CI and TERM1 are always coded S=8; the address at S=2 is so as well (+192 us)."""
DISABLES = 1 << 1 | 1 << 20
"""SHORTS: END or PHYEND -> DISABLE."""
PREAMBLE_BYTES = (1, 2, 4, 0)
"""PCNF0.PLEN; the long range preamble is in `Air.extra_start`."""


class Radio(NordicPeripheral):
    """RADIO."""

    TXEN = Task(0x000)
    RXEN = Task(0x004)
    START = Task(0x008)
    STOP = Task(0x00C)
    DISABLE = Task(0x010)
    RSSISTART = Task(0x014)
    RSSISTOP = Task(0x018)
    BCSTART = Task(0x01C)
    BCSTOP = Task(0x020)
    EDSTART = Task(0x024)
    EDSTOP = Task(0x028)
    CCASTART = Task(0x02C)
    CCASTOP = Task(0x030)
    READY = Event(0x100)
    ADDRESS = Event(0x104)
    PAYLOAD = Event(0x108)
    END = Event(0x10C)
    DISABLED = Event(0x110)
    DEVMATCH = Event(0x114)
    DEVMISS = Event(0x118)
    RSSIEND = Event(0x11C)
    BCMATCH = Event(0x128)
    CRCOK = Event(0x130)
    CRCERROR = Event(0x134)
    FRAMESTART = Event(0x138)
    EDEND = Event(0x13C)
    EDSTOPPED = Event(0x140)
    CCAIDLE = Event(0x144)
    CCABUSY = Event(0x148)
    CCASTOPPED = Event(0x14C)
    RATEBOOST = Event(0x150)
    TXREADY = Event(0x154)
    RXREADY = Event(0x158)
    MHRMATCH = Event(0x15C)
    SYNC = Event(0x168)
    PHYEND = Event(0x16C)
    SHORTS = Register(0x200, writable=0x3F_F97F)
    CRCSTATUS = Register(0x400, writable=0)
    RXMATCH = Register(0x408, writable=0)
    RXCRC = Register(0x40C, writable=0)
    DAI = Register(0x410, writable=0)
    PDUSTAT = Register(0x414, writable=0)
    PACKETPTR = Register(0x504)
    FREQUENCY = Register(0x508, 0x2, writable=0x17F)
    TXPOWER = Register(0x50C, writable=0xFF)
    MODE = Register(0x510, writable=0xF)
    PCNF0 = Register(0x514, writable=0x67DF_010F)
    PCNF1 = Register(0x518, writable=0x0307_FFFF)
    BASE = Register.array(0x51C, 2)
    PREFIX = Register.array(0x524, 2)
    TXADDRESS = Register(0x52C, writable=0x7)
    RXADDRESSES = Register(0x530, writable=0xFF)
    CRCCNF = Register(0x534, writable=0x303)
    CRCPOLY = Register(0x538, writable=0xFF_FFFF)
    CRCINIT = Register(0x53C, writable=0xFF_FFFF)
    TIFS = Register(0x544, writable=0x3FF)
    RSSISAMPLE = Register(0x548, writable=0)
    STATE = Register(0x550, writable=0)
    DATAWHITEIV = Register(0x554, 0x40, writable=0x3F)
    """Bit 6 is always 1."""
    BCC = Register(0x560)
    DAB = Register.array(0x600, 8)
    DAP = Register.array(0x620, 8, writable=0xFFFF)
    DACNF = Register(0x640, writable=0xFFFF)
    MHRMATCHCONF = Register(0x644)
    MHRMATCHMAS = Register(0x648)
    MODECNF0 = Register(0x650, 0x200, writable=0x301)
    SFD = Register(0x660, 0xA7, writable=0xFF)
    EDCNT = Register(0x664, writable=0x1F_FFFF)
    EDSAMPLE = Register(0x668, writable=0xFF)
    CCACTRL = Register(0x66C, 0x052D_0000, writable=0xFFFF_FF07)
    POWER = Register(0xFFC, 0x1, writable=0x1)
    undocumented = frozenset({0x73C, 0x740, 0x774, 0x778, 0x77C, 0x788})
    """Written by the work-arounds of errata 158 (0x73C), 191 (0x740), and 102, 106, 107 (0x774); the others are
    those that the SoftDevice S140 6.1.1 reads and writes while it advertises."""

    length_bits, s0_bytes = PCNF0.field(3, 0), PCNF0.bit(8)
    s1_bits, s1_in_ram, preamble = PCNF0.field(19, 16), PCNF0.bit(20), PCNF0.field(25, 24)
    most, fixed, base_bytes = PCNF1.field(7, 0), PCNF1.field(15, 8), PCNF1.field(18, 16)
    crc_bytes, crc_skip, fast_ramp_up = CRCCNF.field(1, 0), CRCCNF.field(9, 8), MODECNF0.bit(0)
    length_counts_crc = PCNF0.bit(26)
    shortcuts = {
        0: (READY, START),
        1: (END, DISABLE),
        2: (DISABLED, TXEN),
        3: (DISABLED, RXEN),
        4: (ADDRESS, RSSISTART),
        5: (END, START),
        6: (ADDRESS, BCSTART),
        8: (DISABLED, RSSISTOP),
        11: (RXREADY, CCASTART),
        12: (CCAIDLE, TXEN),
        13: (CCABUSY, DISABLE),
        14: (FRAMESTART, BCSTART),
        15: (READY, EDSTART),
        16: (EDEND, DISABLE),
        17: (CCAIDLE, STOP),
        18: (TXREADY, START),
        19: (RXREADY, START),
        20: (PHYEND, DISABLE),
        21: (PHYEND, START),
    }

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        alarm = soc.scheduler.alarm
        self._ready, self._disabled = alarm(self._ramped_up), alarm(self._reach_disabled)
        self._on_air, self._bits = alarm(self._air_moment), alarm(lambda: self.emit(self.BCMATCH))
        self._counted_from: int | None = None
        """The cycle at which the bit counter began; it counts on after BCMATCH."""
        self._last_bit: int | None = None
        """The cycle at which the latest packet ended, until the next ramp-up."""
        self._rssi, self._energy = alarm(self._rssi_end), alarm(self._energy_end)
        self._clear = alarm(lambda: self.emit(self.CCAIDLE))
        self._moments: list[tuple[int, Event]] = []
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Disabled, nothing on the air."""
        for alarm in (self._ready, self._disabled):
            alarm.cancel()
        self._silence()
        self._last_bit = None
        super().reset()

    def _silence(self) -> None:
        self._moments = []
        for alarm in (self._on_air, self._energy, self._clear):
            alarm.cancel()
        self._stop_counting()

    @POWER.on_write
    def _power(self, value: int) -> None:
        if not self.POWER:
            self.reset()
            self.POWER = 0

    @property
    def _air(self) -> Air:
        return AIR.get(Mode(self.MODE) if self.MODE in set(Mode) else Mode.NRF_1M, AIR[Mode.NRF_1M])

    # --- ramp up and down ---------------------------------------------------------------------------------------

    @TXEN
    def _enable_tx(self) -> None:
        if self.STATE in (State.DISABLED, State.RXIDLE, State.RX):  # from RX after a clear channel
            self._silence()
            self._ramp_up(State.TXRU)

    @RXEN
    def _enable_rx(self) -> None:
        if self.STATE == State.DISABLED:
            self._ramp_up(State.RXRU)

    def _ramp_up(self, state: State) -> None:
        if self.POWER:
            self.STATE = state
            ready = self.scheduler.now + (FAST_RAMP_UP if self.fast_ramp_up else self._air.ramp_up * MICROSECOND)
            following = 1 << (2 if state == State.TXRU else 3)  # DISABLED -> TXEN or RXEN
            if self._last_bit is not None and self.SHORTS & following and self.SHORTS & DISABLES:
                ready = max(ready, self._last_bit + self.TIFS * MICROSECOND)
            self._last_bit = None
            self._ready.at(ready)

    def _ramped_up(self) -> None:
        want_crystal(self.soc, self.name)
        sends = self.STATE == State.TXRU
        self.STATE = State.TXIDLE if sends else State.RXIDLE
        self.emit(self.READY)
        self.emit(self.TXREADY if sends else self.RXREADY)

    @DISABLE
    def _disable(self) -> None:
        state = self.STATE
        self._ready.cancel()
        self._silence()
        if state in (State.TXRU, State.TXIDLE, State.TX):
            self.STATE = State.TXDISABLE
            self._disabled.after(self._air.disable * MICROSECOND)
        elif state in (State.RXIDLE, State.RX) and self._air.disable_rx:
            self.STATE = State.RXDISABLE
            self._disabled.after(int(self._air.disable_rx * MICROSECOND))
        elif state not in (State.TXDISABLE, State.RXDISABLE):
            self._reach_disabled()

    def _reach_disabled(self) -> None:
        self.STATE = State.DISABLED
        self.emit(self.DISABLED)

    @STOP
    def _stop(self) -> None:
        if self.STATE in (State.TX, State.RX):
            self.STATE = State.TXIDLE if self.STATE == State.TX else State.RXIDLE
            self._silence()

    # --- a packet -----------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        if self.STATE == State.RXIDLE:
            self.STATE = State.RX
        elif self.STATE == State.TXIDLE:
            self.STATE = State.TX
            self._moments = self._plan(self.scheduler.now)
            self._on_air.at(self._moments[0][0])

    def _plan(self, start: int) -> list[tuple[int, Event]]:
        """(cycle, event) of the packet at PACKETPTR that begins now."""
        air, spec = self._air, self.MODE == Mode.IEEE802154
        header, payload, crc = self._sizes()
        preamble = PREAMBLE_BYTES[self.preamble]
        address = preamble + (1 if spec else 1 + self.base_bytes)
        begun = start + (address * air.byte + air.extra_start) * MICROSECOND
        if spec:
            begun += air.byte * MICROSECOND  # FRAMESTART comes with the PHY header, which is the length
            header -= 1
        paid = begun + (header + payload) * air.byte * MICROSECOND
        end = paid + (crc * air.byte + air.extra_end) * MICROSECOND
        first = self.FRAMESTART if spec else self.ADDRESS
        return [(begun, first), (paid, self.PAYLOAD), (end, self.END), (end, self.PHYEND)]

    def _sizes(self) -> tuple[int, int, int]:
        """Bytes of header, payload and CRC on the air."""
        s0, length_bytes = int(self.s0_bytes), -(-self.length_bits // 8)
        header_bits = 8 * s0 + self.length_bits + self.s1_bits
        length = 0
        if self.length_bits:
            try:
                length = self.soc.dma_read(self.PACKETPTR + s0, length_bytes)[0] & (1 << self.length_bits) - 1
            except BusError:
                place = f"EasyDMA at 0x{self.PACKETPTR:08x}, outside data RAM: place the packet in RAM; this"
                self.soc.report_unmodelled(self.name, 0x504, place)
        crc = self.crc_bytes
        if self.length_counts_crc:
            length = max(0, length - crc)
        return header_bits // 8, min(length + self.fixed, self.most), crc

    def _air_moment(self) -> None:
        _, event = self._moments.pop(0)
        if event is self.END:
            self.STATE, self._last_bit = State.TXIDLE, self.scheduler.now
            self._stop_counting()
        following = self._moments
        if following and following[0][0] > self.scheduler.now:
            self._on_air.at(following[0][0])
            self.emit(event)
            return
        self._moments = []
        self.emit(event)
        for _, later in following:  # the END and PHYEND of one bit
            self.emit(later)

    @BCSTART
    def _count_bits(self) -> None:
        if self.STATE == State.TX:
            self._counted_from = self.scheduler.now
            self._compare_bits(self.BCC)

    @BCC.on_write
    def _compare_bits(self, value: int) -> None:
        if self._counted_from is not None:
            match = self._counted_from + self.BCC * self._air.byte * MICROSECOND // 8
            if match > self.scheduler.now:
                self._bits.at(match)
            else:
                self._bits.cancel()

    @BCSTOP
    def _stop_counting(self) -> None:
        self._counted_from = None
        self._bits.cancel()

    # --- listening into silence ---------------------------------------------------------------------------------

    @RSSISTART
    def _measure_rssi(self) -> None:
        if self.STATE == State.RX:
            self._rssi.after(RSSI_TIME)

    def _rssi_end(self) -> None:
        self.RSSISAMPLE = NOTHING_HEARD
        self.emit(self.RSSIEND)

    @RSSISTOP
    def _stop_rssi(self) -> None:
        self._rssi.cancel()

    @EDSTART
    def _detect_energy(self) -> None:
        if self.STATE in (State.RXIDLE, State.RX):
            self._energy.after(ENERGY_TIME * (self.EDCNT + 1))

    def _energy_end(self) -> None:
        self.EDSAMPLE = 0
        self.emit(self.EDEND)

    @EDSTOP
    def _stop_energy(self) -> None:
        self._energy.cancel()
        self.emit(self.EDSTOPPED)

    @CCASTART
    def _assess(self) -> None:
        if self.STATE in (State.RXIDLE, State.RX):
            self._clear.after(CLEAR_TIME)

    @CCASTOP
    def _stop_assessing(self) -> None:
        self._clear.cancel()
        self.emit(self.CCASTOPPED)
