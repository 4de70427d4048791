"""GPIO: ports P0 (32 pins) and P1 (16), their input buffers, drivers, pulls and SENSE (nRF52840 PS v1.8, section 6.9).

IN is kept up to date by the pins' lines, so that reading it costs nothing; levels of pins that follow a wave
(`cmsim.waves`) are worked out when IN is read, and have edges in time only while SENSE looks at them. A pin senses only
while its input buffer is connected. A pad that UICR gives another function obeys no PIN_CNF and reads 0. `detect` is
the port's DETECT signal, by DETECTMODE the OR of all sensing pins or of the LATCH bits. A port keeps its state when the
chip wakes from System OFF.

Not modelled: drive strength (S and H are alike), the time constants of pins and of the DETECT path, analogue use of a
pin (AIN, NFC antenna, crystal), contention between an output and a wave on its pin (IN shows the output).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from functools import partial

from cmsim.kernel import Line
from cmsim.nordic import NordicPeripheral
from cmsim.pins import Pin, Pull
from cmsim.raster import InputPort
from cmsim.registers import ClearOf, Register, SetOf
from cmsim.soc import Soc, WakeSource
from cmsim.waves import WaveGroup

SPARING_RESETS = frozenset({"off", "lpcomp", "nfc", "vbus"})
"""Ways out of System OFF: ports keep their configuration (PS section 5.3.6, the table of reset sources)."""
P0_BASE = 0x5000_0000
PORT_STRIDE = 0x300
DIR, INPUT = 1 << 0, 1 << 1
"""PIN_CNF: output; input buffer disconnected."""


class Sense(IntEnum):
    """PIN_CNF.SENSE."""

    DISABLED, HIGH, LOW = 0, 2, 3


def _bits(mask: int) -> Iterator[int]:
    """The numbers of the set bits, lowest first."""
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


DISCONNECT_0 = (4, 5)
"""PIN_CNF.DRIVE D0S1 and D0H1: a 0 is not driven."""
DISCONNECT_1 = (6, 7)
"""PIN_CNF.DRIVE S0D1 and H0D1: a 1 is not driven."""


class Gpio(NordicPeripheral):
    """One port; its base address says which."""

    OUT = Register(0x504)
    OUTSET = SetOf(0x508, OUT)
    OUTCLR = ClearOf(0x50C, OUT)
    IN = Register(0x510, writable=0)
    DIR = Register(0x514)
    DIRSET = SetOf(0x518, DIR)
    DIRCLR = ClearOf(0x51C, DIR)
    LATCH = Register(0x520, writable=0)
    DETECTMODE = Register(0x524, writable=0x1)
    PIN_CNF = Register.array(0x700, 32, reset=INPUT, writable=0x3_070F)
    latched_detect = DETECTMODE.bit(0)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        first = 32 * ((base - P0_BASE) // PORT_STRIDE)
        self.pins = soc.pins.pins[first : first + 32]
        self.detect = Line(f"{name}.DETECT")
        """The DETECT signal: GPIOTE's PORT event and the way out of System OFF."""
        self._present = (1 << len(self.pins)) - 1
        self._levels = self._connected = self._sense_high = self._sense_low = 0
        self._out = self._direction = 0
        self._waves: tuple[tuple[WaveGroup, int, tuple[tuple[int, int], ...], dict[int, int]], ...] | None = ()
        """Group, mask of its wires, (wire, pin) pairs, port levels by group levels; None: to be found anew."""
        self._wave_pins = 0
        self._told: set[Pin] = set()
        self._watches: dict[int, Callable[[], None]] = {}
        self.input_port = InputPort()
        """What IN reads while nothing but time changes, for native code."""
        super().__init__(soc, name, base)
        soc.wake_sources.append(WakeSource("off", name, self.detect, lambda: bool(self._sense_high | self._sense_low)))
        for n, pin in enumerate(self.pins):
            pin.line.listen(partial(self._level_changed, n))
            pin.on_driven = self._forget_waves
            self._levels |= pin.level << n

    def reset(self) -> None:
        """All pins inputs with their buffers off; nothing happens on the way out of System OFF."""
        if self.soc.reset_reason in SPARING_RESETS:
            return
        super().reset()
        self._out = self._direction = 0
        for n in range(len(self.pins)):
            self._configure(n)
        self._follow(self._present)

    # --- outputs ------------------------------------------------------------------------------------------

    @OUT.on_write
    def _write_out(self, value: int) -> None:
        self.OUT &= self._present
        changed, self._out = self.OUT ^ self._out, self.OUT
        for n in _bits(changed & self._direction):
            self._drive(n)

    @DIR.on_write
    def _write_dir(self, value: int) -> None:
        self.DIR &= self._present
        changed, self._direction = self.DIR ^ self._direction, self.DIR
        for n in _bits(changed):
            self.PIN_CNF[n] ^= DIR
            self._drive(n)

    def _drive(self, n: int) -> None:
        configuration, level = self.PIN_CNF[n], bool(self.OUT >> n & 1)
        strength = configuration >> 8 & 7
        silent = strength in (DISCONNECT_1 if level else DISCONNECT_0)
        self.pins[n].drive(self.name, None if silent or not configuration & DIR else level)

    @PIN_CNF.on_write
    def _write_configuration(self, n: int, value: int) -> None:
        if n >= len(self.pins):
            self.PIN_CNF[n] = INPUT
            return
        self.DIR = self._direction = self.DIR & ~(1 << n) | (self.PIN_CNF[n] & DIR) << n
        self._configure(n)
        self._follow(1 << n)

    def _configure(self, n: int) -> None:
        """Bring pull, driver, buffer and SENSE of pin `n` in line with its PIN_CNF."""
        pin, bit = self.pins[n], 1 << n
        configuration = self.PIN_CNF[n] if pin.function is None else self._refuse(pin, self.PIN_CNF[n])
        sense = configuration >> 16
        connected = not configuration & INPUT
        self._connected = self._connected | bit if connected else self._connected & ~bit
        self._sense_high = self._sense_high & ~bit | (connected and sense == Sense.HIGH) << n
        self._sense_low = self._sense_low & ~bit | (connected and sense == Sense.LOW) << n
        self._forget_waves()
        self._watch(n, connected and sense in (Sense.HIGH, Sense.LOW))
        if pin.function is None:
            pull = configuration >> 2 & 3
            pin.set_pull(Pull(pull) if pull in (Pull.DOWN, Pull.UP) else Pull.NONE)
        self._drive(n)

    def _refuse(self, pin: Pin, configuration: int) -> int:
        """The PIN_CNF that counts while the pad is no GPIO; who wants another is told why that changes nothing."""
        if configuration != INPUT and pin not in self._told:
            self._told.add(pin)
            self.soc.hooks.log(f"{pin.name} is {pin.function} by UICR, no GPIO: its PIN_CNF has no effect")
        return INPUT

    # --- inputs -------------------------------------------------------------------------------------------

    @IN.on_read
    def _read_in(self) -> int:
        if self._waves is None:
            self._find_waves()
        levels = self.IN
        if self._waves:
            levels &= ~self._wave_pins
            now = self.scheduler.now
            for group, mask, wires, known in self._waves:
                at = group.sample(mask, now) & mask
                port = known.get(at)
                if port is None:
                    port = known[at] = sum((at >> wire & 1) << n for wire, n in wires)
                levels |= port
            if len(self._waves) == 1 and group.raster is not None:
                self.input_port.fill(self.IN & ~self._wave_pins, group.raster, wires)
        return levels

    def _forget_waves(self) -> None:
        self._waves, self.input_port.known = None, 0

    def _find_waves(self) -> None:
        """Which connected pins follow waves that no output of the chip overrides."""
        groups: dict[WaveGroup, list[tuple[int, int]]] = {}
        self._wave_pins = 0
        for n, pin in enumerate(self.pins):
            if pin.wave is not None and self._connected >> n & 1 and not pin.driven_by_chip:
                groups.setdefault(pin.wave[0], []).append((pin.wave[1], n))
                self._wave_pins |= 1 << n
        self._waves = tuple((g, sum(1 << w for w, _ in wires), tuple(wires), {}) for g, wires in groups.items())

    def _watch(self, n: int, wanted: bool) -> None:
        if wanted and n not in self._watches:
            self._watches[n] = self.pins[n].watch()
        elif not wanted and n in self._watches:
            self._watches.pop(n)()

    def _level_changed(self, n: int, level: bool) -> None:
        bit = 1 << n
        self._levels = self._levels | bit if level else self._levels & ~bit
        if self._connected & bit:
            self._follow(bit)

    def _follow(self, pins: int) -> None:
        """IN and DETECT after a change at the `pins` of this mask."""
        levels = self._levels & self._connected
        if (levels ^ self.IN) & ~self._wave_pins:
            self.input_port.known = 0
        self.IN = levels
        sensing = self._sensing
        self.LATCH |= sensing & pins
        self.detect.set(bool(self.LATCH if self.latched_detect else sensing))

    @property
    def _sensing(self) -> int:
        """The pins whose SENSE criterion is met."""
        return self._levels & self._sense_high | ~self._levels & self._sense_low

    @LATCH.on_write
    def _clear_latches(self, value: int) -> None:
        self.LATCH = self.LATCH & ~value | self._sensing
        if self.latched_detect:
            self.detect.set(False)  # latches that remain raise a new edge, so that the CPU is told again
            self.detect.set(self.LATCH != 0)

    @DETECTMODE.on_write
    def _select_detect(self, value: int) -> None:
        self._follow(0)
