"""The chip without its CPU: memories, blocks, pins, and what a block may reach beyond its own registers.

A `Chip` is a table; a `Soc` is one chip brought to life. Neither knows Unicorn, so that models are tested alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .errors import CmsimError, RunError
from .i2c import I2cBus
from .kernel import CPU_HZ, Line, Scheduler
from .pins import Pin, Pins
from .serial import SerialPort
from .spi import SpiBus

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray


@runtime_checkable
class PdmSource(Protocol):
    """A part with a one-bit output that a clock drives."""

    def bits(self, first: int, period: int, count: int) -> NDArray[float32] | None:
        """The output at cycles `first`, `first + period`, ...: +1 and -1; None while it drives nothing."""


Seen = Callable[[int, int, bool], None]
"""(address, bytes, whether it is a store) of an access of the CPU, when it has been made."""


class BusError(CmsimError):
    """An EasyDMA or debugger access that hits no memory."""


class Block(Protocol):
    """What the bus, the interrupt controller and PPI need of a peripheral."""

    name: str
    base: int
    irq: Line

    @property
    def irq_number(self) -> int: ...
    def reset(self) -> None: ...
    def read(self, offset: int) -> int: ...
    def write(self, offset: int, value: int, mask: int = ...) -> None: ...
    def subscribe(self, event_offset: int, subscriber: Callable[[], None]) -> Callable[[], None]: ...
    def trigger(self, task_offset: int) -> None: ...


SHOWN_PAGE = 1024
"""Bytes that a `MemoryWindow` is asked for at once."""


@runtime_checkable
class MemoryWindow(Protocol):
    """A block through which the CPU sees another memory, and may run code in it. Its `read` answers where it cannot."""

    base: int
    shown: bytearray
    """What the CPU sees, as far as `show` has filled it in."""
    on_change: Callable[[], None]
    """Set by the CPU: what was shown is void."""

    def show(self, offset: int) -> bool:
        """Fill `SHOWN_PAGE` bytes of `shown` around `offset`; False while there is nothing to see."""


@dataclass(frozen=True)
class Row:
    """One line of a chip's memory map: a block of `size` bytes whose registers count from `base + first`."""

    name: str
    base: int
    model: Callable[[Soc, str, int], Block]
    first: int = 0
    size: int = 0x1000


@dataclass(frozen=True)
class Chip:
    """A chip as a table."""

    name: str
    title: str
    rows: tuple[Row, ...]
    flash_size: int
    ram_size: int
    flash_base: int = 0
    ram_base: int = 0x2000_0000
    ram_code_alias: int = 0x0080_0000
    flash_page: int = 4096
    pins: int = 48
    analog_pins: tuple[int, ...] = ()
    """Those that the analogue blocks can measure, as 32 * port + pin."""
    interrupts: int = 48
    priority_bits: int = 3
    hz: int = CPU_HZ
    memory_title: str = ""
    bridge: range = range(0)
    """Addresses behind a bus bridge that never answers with an error: a gap reads as 0 and takes writes."""
    uf2_family: int | None = None
    """Family id of its part of a UF2 file; None: any."""

    @property
    def regions(self) -> tuple[tuple[str, int, int], ...]:
        """(name, base, size) of what an image may fill."""
        titles = {"UICR": "uicr", "XIP": "external flash"}
        return (
            ("flash", self.flash_base, self.flash_size),
            ("ram", self.ram_base, self.ram_size),
            *((titles[row.name], row.base, row.size) for row in self.rows if row.name in titles),
        )


@dataclass
class Unmodelled:
    """One kind of access that no model answers: `count` accesses, the first at `pc`."""

    block: str
    offset: int
    access: str
    pc: int
    count: int = 0


@dataclass(frozen=True)
class WakeSource:
    """What can end System OFF: a line of the block called `block`, whose rising edge is a reset for `reason`."""

    reason: str
    block: str
    line: Line
    ready: Callable[[], bool]
    """Whether firmware has set it up."""
    arm: Callable[[bool], None] = lambda on: None
    """The chip goes to System OFF (True), or has left it."""
    level: bool = True
    """Whether a line that is high already wakes at once."""


@dataclass
class Hooks:
    """What the CPU side offers to blocks; a `Soc` without a CPU has these harmless defaults."""

    pc: Callable[[], int] = lambda: 0
    place: Callable[[int], str] = lambda pc: f"pc 0x{pc:08x}"
    """A PC in words, for messages."""
    stall: Callable[[int], None] = lambda cycles: None
    """The CPU halts for so many cycles (flash is being written)."""
    dma: Callable[[int], None] = lambda words: None
    """EasyDMA has moved so many words of RAM, which the CPU may have had to wait for."""
    reset: Callable[[str], None] = lambda reason: None
    system_off: Callable[[], None] = lambda: None
    code_changed: Callable[[int, int], None] = lambda address, length: None
    cache_changed: Callable[[bool, bool], None] = lambda enabled, profiled: None
    """The instruction cache of the flash is switched; its profile counters are."""
    cache_counts: Callable[[], tuple[int, int]] = lambda: (0, 0)
    """(hits, misses) since power-on, while profiled."""
    fp_exceptions: Callable[[], int] = lambda: 0
    """The cumulative exception flags of FPSCR: IOC, DZC, OFC, UFC, IXC, IDC."""
    log: Callable[[str], None] = lambda line: None
    hide: Callable[[Sequence[range]], None] = lambda addresses: None
    """The CPU's loads and fetches from these addresses of flash, and no others, are bus faults from now on."""
    watch: Callable[[Sequence[range], Seen], None] = lambda addresses, seen: None
    """Tell `seen` of each load and store of the CPU in `addresses` from now on; none ends it, and its cost."""


class Soc:
    """One chip brought to life."""

    def __init__(self, chip: Chip, *, scheduler: Scheduler | None = None, seed: int = 0, strict: bool = False) -> None:
        self.chip, self.seed, self.strict = chip, seed, strict
        self.scheduler = scheduler or Scheduler()
        self.flash = bytearray(b"\xff") * chip.flash_size
        self.ram = bytearray(chip.ram_size)
        self.pins = Pins(chip.pins)
        self.hooks = Hooks()
        self.serial: dict[str, SerialPort] = {}
        self.unmodelled: dict[tuple[str, int, str], Unmodelled] = {}
        self.reset_reason = "power-on"
        """Why the chip was last reset; blocks that some resets spare look here (set by POWER's `note_reset`)."""
        self.failure: CmsimError | None = None
        """An error that a block met while the CPU runs; the run ends with it."""
        self.program_flash: Callable[[int, int], bool] = lambda address, value: False
        """Set by NVMC: (address, word) -> whether a store by the CPU to flash is allowed now and was done."""
        self.analog: dict[int, Callable[[int], float]] = {}
        """Voltages at pins: pin number -> (CPU cycle -> volts)."""
        self.wake_sources: list[WakeSource] = []
        """Filled by the blocks that can end System OFF."""
        self._i2c: dict[tuple[int, int], I2cBus] = {}
        self._spi: dict[int, SpiBus] = {}
        self._pdm: dict[tuple[int, int], PdmSource] = {}
        self.blocks: dict[str, Block] = {}
        for row in chip.rows:
            self.blocks[row.name] = row.model(self, row.name, row.base)

    # --- memory, as EasyDMA sees it -------------------------------------------------------------------------

    def dma_read(self, address: int, length: int) -> bytes:
        """`length` bytes of data RAM for EasyDMA, which reaches nothing else (PS section 6.1.4)."""
        offset = self._ram_offset(address, length)
        self.hooks.dma(length + 3 >> 2)
        return bytes(self.ram[offset : offset + length])

    def dma_write(self, address: int, data: bytes) -> None:
        """Store `data` in data RAM for EasyDMA."""
        offset = self._ram_offset(address, len(data))
        self.hooks.dma(len(data) + 3 >> 2)
        self.ram[offset : offset + len(data)] = data

    def _ram_offset(self, address: int, length: int) -> int:
        offset = address - self.chip.ram_base
        if not (offset >= 0 and offset + length <= self.chip.ram_size):
            raise BusError(
                f"EasyDMA of {length} bytes at 0x{address:08x}: not in data RAM; place the buffer in RAM"
            )
        return offset

    # --- the world around ---------------------------------------------------------------------------------

    def serial_port(self, name: str) -> SerialPort:
        """The byte channel of a UART or trace port, made on first use."""
        return self.serial.setdefault(name, SerialPort(name))

    def wire_i2c(self, bus: I2cBus, scl: int, sda: int) -> None:
        """The board's wiring: `bus` hangs on these two pins (32 * port + pin)."""
        self._i2c[scl, sda] = bus

    def wire_spi(self, bus: SpiBus, sck: int) -> None:
        """The board's wiring: `bus` is the one whose clock is this pin (32 * port + pin)."""
        self._spi[sck] = bus

    def spi_bus(self, sck: Pin | None) -> SpiBus | None:
        """The bus clocked by a pin, or None where nothing is wired."""
        if sck is None or sck.net is None:  # asked for each byte
            return self._spi.get(self.pins.pins.index(sck)) if sck else None
        return next((self._spi[n] for n in self._numbers(sck) if n in self._spi), None)

    def i2c_bus(self, scl: Pin | None, sda: Pin | None) -> I2cBus | None:
        """The bus on two pins, or None where nothing is wired."""
        pairs = product(self._numbers(scl), self._numbers(sda))
        return next((self._i2c[pair] for pair in pairs if pair in self._i2c), None)

    def _numbers(self, pin: Pin | None) -> list[int]:
        """A pin and those that are wired to it, as 32 * port + pin."""
        return [self.pins.pins.index(end) for end in pin.wired] if pin else []

    @property
    def i2c_buses(self) -> tuple[I2cBus, ...]:
        """Every bus of the board."""
        return tuple(self._i2c.values())

    def wire_pdm(self, source: PdmSource, clk: int, din: int) -> None:
        """The board's wiring: a digital microphone hangs on these two pins (32 * port + pin)."""
        self._pdm[clk, din] = source

    def pdm_source(self, clk: int, din: int) -> PdmSource | None:
        """The microphone on two pins, or None where there is none."""
        return self._pdm.get((clk, din))

    def random(self, name: str) -> Random:
        """A reproducible source of randomness of its own for each user."""
        return Random(f"{self.seed}/{name}")

    def block_at(self, address: int) -> tuple[Block, int] | None:
        """The block whose registers lie at `address`, and the offset in it."""
        for row in self.chip.rows:
            if row.base + row.first <= address < row.base + row.first + row.size:
                return self.blocks[row.name], address - row.base
        return None

    def report_unmodelled(self, block: str, offset: int, access: str) -> None:
        """Count an access that nothing models; say it once; fail the run under --strict."""
        key = block, offset, access
        seen = self.unmodelled.get(key)
        if seen is None:
            pc = self.hooks.pc()
            seen = self.unmodelled[key] = Unmodelled(block, offset, access, pc)
            line = f"{block}+0x{offset:03x}: {access} at {self.hooks.place(pc)} is not modelled"
            self.hooks.log(line)
            if self.strict and self.failure is None:
                self.failure = RunError(f"--strict: {line}; model it in the block's file or run without --strict")
        seen.count += 1

    def reset(self) -> None:
        """Every block to its reset values (what survives a reset is each block's own business)."""
        for block in self.blocks.values():
            block.reset()


@dataclass(frozen=True)
class I2cWiring:
    """A bus on two pins of the board, with pull-ups fed by a pin or by the supply (None)."""

    name: str
    scl: str
    sda: str
    pull_up: str | None = None


@dataclass(frozen=True)
class SpiWiring:
    """A bus clocked by a pin of the board; parts on it are selected by pins of their own."""

    name: str
    sck: str


@dataclass(frozen=True)
class PartRow:
    """One part on the board: what it is, which bus it sits on, which pin powers it, where its lines go."""

    name: str
    model: str
    """Name of a `cmsim.parts` entry point."""
    bus: str | None = None
    power: str | None = None
    lines: Mapping[str, str] = field(default_factory=dict)
    spi: str | None = None
    """The SPI bus that it sits on; its chip select is one of `lines`."""
    pdm: tuple[str, str] | None = None
    """For a digital microphone: the pins of its clock and its data."""
    stimulus: str | None = None
    """The trace that feeds it: "imu" for --imu."""
    optional: bool = False
    """Not soldered on: it is there only in a run that gives its stimulus."""


@dataclass(frozen=True)
class Board:
    """A board as a table: no code."""

    name: str
    title: str
    chip: Chip
    pins: Mapping[str, str] = field(default_factory=dict)
    """Names on the silk screen -> chip pins."""
    i2c: tuple[I2cWiring, ...] = ()
    spi: tuple[SpiWiring, ...] = ()
    parts: tuple[PartRow, ...] = ()
    pulls: Mapping[str, str] = field(default_factory=dict)
    """Resistors: chip pin -> "up" or "down"."""
    buttons: Mapping[str, str] = field(default_factory=dict)
    """Buttons: name -> the pin that is pulled low while it is pressed."""
    console: str = "uart0"
    hex_block: int | None = None
    """The board id of its part of a micro:bit Universal Hex."""
