"""QSPI: quad serial peripheral interface for an external flash (nRF52840 PS v1.8, section 6.19).

READSTART, WRITESTART and ERASESTART move bytes between RAM and the flash by its own commands (IFCONFIG0); a write goes
out page by page, each behind WREN and a wait for WIP; an erase is READY once its command is sent. Every task that
finds the flash busy waits for it. CINSTRCONF sends any instruction, in long frames too. READY comes when the bytes
have been on the wire: SCK is 32 MHz / (SCKFREQ + 1), on one, two or four lines, and between two commands CSN is high
for SCKDELAY periods of 16 MHz (section 6.19.10.27). What the CPU sees of the flash as memory is in `xip.py`.

The flash is what hangs on the pin of PSEL.SCK (`cmsim.spi`); without one all bytes read as 0.

Not modelled: SCK phases, IFTIMING, LIO2 and LIO3 (stored); ADDRCONF.MODE beyond opcode and two bytes; encryption, which
is not in this chip.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.nordic import DISCONNECTED, Event, NordicPeripheral, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import WORD, Register
from cmsim.soc import BusError, Soc
from cmsim.spi import SpiBus

CYCLES_PER_32M, CYCLES_PER_16M = 2, 4
DPM_UNIT = 256 * 4
"""DPMDUR counts 256 periods of 16 MHz."""
WIP_POLL = 640
"""Cycles between two looks at the status register of a busy flash."""
RDSR, WREN, ENTER_POWER_DOWN, LEAVE_POWER_DOWN, WIP = 0x05, 0x06, 0xB9, 0xAB, 0x01
READS = ((0x0B, 1, 1), (0x3B, 1, 2), (0xBB, 1, 2), (0x6B, 1, 4), (0xEB, 3, 4))
"""READOC -> opcode, dummy bytes, data lines."""
WRITES = ((0x02, 1), (0xA2, 2), (0x32, 4), (0x38, 4))
ERASES = (0x20, 0xD8, 0xC7, 0xC7)


class Qspi(NordicPeripheral):
    """QSPI."""

    undocumented = frozenset({0x054})  # anomaly 122: written when the interface is switched off

    ACTIVATE = Task(0x000)
    READSTART = Task(0x004)
    WRITESTART = Task(0x008)
    ERASESTART = Task(0x00C)
    DEACTIVATE = Task(0x010)
    READY = Event(0x100)
    ENABLE = Register(0x500, writable=0x1)
    READ_SRC = Register(0x504)
    READ_DST = Register(0x508)
    READ_CNT = Register(0x50C, writable=0x1F_FFFF)
    WRITE_DST = Register(0x510)
    WRITE_SRC = Register(0x514)
    WRITE_CNT = Register(0x518, writable=0x1F_FFFF)
    ERASE_PTR = Register(0x51C)
    ERASE_LEN = Register(0x520, writable=0x3)
    PSEL_SCK = PinSelect(0x524)
    PSEL_CSN = PinSelect(0x528)
    PSEL_IO = Register.array(0x530, 4, reset=DISCONNECTED)
    XIPOFFSET = Register(0x540)
    IFCONFIG0 = Register(0x544, writable=0x10FF)
    IFCONFIG1 = Register(0x600, 0x4_0480)
    STATUS = Register(0x604, writable=0)
    DPMDUR = Register(0x614, WORD)
    ADDRCONF = Register(0x624, 0xB7, writable=0xFFF_FFFF)
    CINSTRCONF = Register(0x634, 0x2000, writable=0x3_FFFF)
    CINSTRDAT = Register.array(0x638, 2)
    IFTIMING = Register(0x640, 0x200)
    read_mode, write_mode, long_address = IFCONFIG0.field(2, 0), IFCONFIG0.field(5, 3), IFCONFIG0.bit(6)
    power_down_enabled, big_pages = IFCONFIG0.bit(7), IFCONFIG0.bit(12)
    high_time, power_down, clock_divider = IFCONFIG1.field(7, 0), IFCONFIG1.bit(24), IFCONFIG1.field(31, 28)
    address_mode, address_waits, address_wren = ADDRCONF.field(25, 24), ADDRCONF.bit(26), ADDRCONF.bit(27)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._alarm = soc.scheduler.alarm(self._next)
        self.active = False
        self.on_change: Callable[[], None] = lambda: None
        """The window no longer shows what it has shown."""
        self._csn: Pin | None = None
        self._high_until = 0
        """The cycle until which CSN stays high behind the latest command."""
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Off; the flash keeps what it is doing."""
        super().reset()
        self._let_go()

    def _let_go(self) -> None:
        self.on_change()
        self._alarm.cancel()
        self.active = self._long_frame = self._in_power_down = False
        self._steps: list[Callable[[], int]] = []
        if self._csn is not None:
            self._csn.release(self.name)
        self._csn = None

    # --- on and off -------------------------------------------------------------------------------------------

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        if not self.ENABLE:
            self._let_go()

    @ACTIVATE
    def _activate(self) -> None:
        if not self.ENABLE:
            return
        self._csn = self.soc.pins.selected(self.PSEL_CSN)
        if self._csn is not None:
            self._csn.claim(self.name)
            self._csn.drive(self.name, True)
        self.active = True
        steps = []
        if self.address_mode:
            command = [self.ADDRCONF & 0xFF, self.ADDRCONF >> 8 & 0xFF, self.ADDRCONF >> 16 & 0xFF]
            steps += [lambda: self._command(*command[: self.address_mode])[1]]
            steps[:0] = [lambda: self._command(WREN)[1]] * self.address_wren + [self._wait] * self.address_waits
        self._perform(self._wait, *steps)

    @DEACTIVATE
    def _deactivate(self) -> None:
        self._let_go()

    @STATUS.on_read
    def _status(self) -> int:
        return self.STATUS & 0xFF00_0000 | self._in_power_down << 2 | (not self._steps) << 3

    # --- the wire ---------------------------------------------------------------------------------------------

    @property
    def _byte_cycles(self) -> int:
        """Of a byte on one line."""
        return 8 * CYCLES_PER_32M * (self.clock_divider + 1)

    def _bus(self) -> SpiBus | None:
        return self.soc.spi_bus(self.soc.pins.selected(self.PSEL_SCK))

    def _exchange(self, data: bytes) -> bytes:
        bus = self._bus()
        return bytes(bus.exchange(byte) for byte in data) if bus else bytes(len(data))

    def _select(self, selected: bool) -> None:
        if self._csn is not None:
            self._csn.drive(self.name, not selected)

    def _command(self, *sent: int, data: bytes = b"", lines: int = 1) -> tuple[bytes, int]:
        """One command between two edges of CSN: what came back for `data`, and the cycles that it takes."""
        self._select(True)
        self._exchange(bytes(sent))
        answer = self._exchange(data)
        self._select(False)
        return answer, self._byte_cycles * len(sent) + self._byte_cycles * len(data) // lines

    def _at(self, address: int) -> bytes:
        return address.to_bytes(4, "big") if self.long_address else (address & 0xFF_FFFF).to_bytes(3, "big")

    # --- steps ------------------------------------------------------------------------------------------------

    def _perform(self, *steps: Callable[[], int]) -> None:
        """Do `steps` one after another, each giving its cycles (0 asks for the same step again later), then READY."""
        if not self._steps:
            self.on_change()
            self._steps = [*steps, lambda: -1]
            self._alarm.after(0)

    def _next(self) -> None:
        if len(self._steps) > 1 and self.scheduler.now < self._high_until:
            self._alarm.at(self._high_until)
            return
        cycles = self._steps[0]()
        if cycles == 0:
            self._alarm.after(WIP_POLL)
            return
        self._steps.pop(0)
        self._high_until = self.scheduler.now + cycles + self.high_time * CYCLES_PER_16M
        if self._steps:
            self._alarm.after(cycles)
        else:
            self.emit(self.READY)

    def _wait(self) -> int:
        """Look at the status register until the flash is idle."""
        answer, cycles = self._command(RDSR, data=b"\0")
        self.STATUS = answer[0] << 24
        return 0 if answer[0] & WIP else cycles

    @READSTART
    def _start_read(self) -> None:
        source, target, length = self.READ_SRC, self.READ_DST, self.READ_CNT
        if self.active:
            self._perform(self._wait, lambda: self._read_into(source, target, length))

    def _read_into(self, source: int, target: int, length: int) -> int:
        opcode, dummies, lines = READS[min(self.read_mode, 4)]
        data, cycles = self._command(opcode, *self._at(source), *bytes(dummies), data=bytes(length), lines=lines)
        try:
            self.soc.dma_write(target, data)
        except BusError as error:
            self.soc.report_unmodelled(self.name, 0x508, f"{error}: this")
        return cycles

    @WRITESTART
    def _start_write(self) -> None:
        if not self.active:
            return
        target, source, length = self.WRITE_DST, self.WRITE_SRC, self.WRITE_CNT
        try:
            data = self.soc.dma_read(source, length)
        except BusError as error:
            self.soc.report_unmodelled(self.name, 0x514, f"{error}: this")
            data = bytes(length)
        page = 512 if self.big_pages else 256
        steps: list[Callable[[], int]] = [self._wait]
        at = 0
        while at < length:
            size = min(length - at, page - (target + at) % page)
            steps += [self._write_enable, self._page(target + at, data[at : at + size]), self._wait]
            at += size
        self._perform(*steps)

    def _page(self, target: int, data: bytes) -> Callable[[], int]:
        opcode, lines = WRITES[min(self.write_mode, 3)]
        return lambda: self._command(opcode, *self._at(target), data=data, lines=lines)[1]

    def _write_enable(self) -> int:
        return self._command(WREN)[1]

    @ERASESTART
    def _start_erase(self) -> None:
        target, opcode = self.ERASE_PTR, ERASES[self.ERASE_LEN]
        address = b"" if opcode == 0xC7 else self._at(target)
        if self.active:
            self._perform(self._wait, self._write_enable, lambda: self._command(opcode, *address)[1])

    # --- instructions of one's own ----------------------------------------------------------------------------

    @CINSTRCONF.on_write
    def _instruct(self, value: int) -> None:
        length = self.CINSTRCONF >> 8 & 15
        if not self.active or length == 0:
            return
        steps: list[Callable[[], int]] = [self._wait] * (value >> 14 & 1) + [self._write_enable] * (value >> 15 & 1)
        self._perform(*steps, lambda: self._send_instruction(value))

    def _send_instruction(self, value: int) -> int:
        length, starts, ends = min(value >> 8 & 15, 9), value >> 16 & 1, value >> 17 & 1
        sent = b"".join(word.to_bytes(4, "little") for word in self.CINSTRDAT)[: length - 1]
        if not self._long_frame:
            self._select(True)
            self._exchange(bytes((value & 0xFF,)))
        answer = self._exchange(sent).ljust(8, b"\0")
        self._long_frame = bool(starts and not ends)
        if not self._long_frame:
            self._select(False)
            self.CINSTRCONF &= ~0x3_0000
        if len(sent):
            self.CINSTRDAT[0] = int.from_bytes(answer[:4], "little")
            self.CINSTRDAT[1] = int.from_bytes(answer[4:], "little")
        if value & 0xFF == RDSR and len(sent):
            self.STATUS = answer[0] << 24
        return max(1, self._byte_cycles * length)

    @IFCONFIG1.on_write
    def _configure(self, value: int) -> None:
        if self.active and self.power_down_enabled and self.power_down != self._in_power_down:
            self._in_power_down = bool(self.power_down)
            opcode = ENTER_POWER_DOWN if self._in_power_down else LEAVE_POWER_DOWN
            duration = (self.DPMDUR & 0xFFFF if self._in_power_down else self.DPMDUR >> 16) * DPM_UNIT
            self._perform(lambda: self._command(opcode)[1] + duration)

    # --- execute in place -------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether the window at 0x12000000 shows the flash."""
        return self.active and not self._steps and not self._in_power_down and not self._long_frame

    @property
    def idle(self) -> bool:
        """Whether it will go on to show the same until `on_change` is called."""
        return self.ready and not self._command(RDSR, data=b"\0")[0][0] & WIP

    def fetch(self, offset: int, length: int) -> bytes:
        """What the window shows at `offset`."""
        opcode, dummies, lines = READS[min(self.read_mode, 4)]
        address = self._at(offset + self.XIPOFFSET & WORD)
        return self._command(opcode, *address, *bytes(dummies), data=bytes(length), lines=lines)[0]

    @XIPOFFSET.on_write
    @IFCONFIG0.on_write
    def _view(self, value: int) -> None:
        self.on_change()
