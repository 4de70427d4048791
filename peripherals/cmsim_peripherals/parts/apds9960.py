"""APDS9960: proximity, ambient light and colour, gestures (Avago AV02-4191EN, register set and state machine).

The engines take turns: proximity (PEN), gesture (GEN, while it lasts), wait (WEN), colour (AEN); one round is one tick
of a clock whose period follows from PPULSE, WTIME, WLONG and ATIME. Gesture mode (GMODE) is entered by a proximity of
GPENTH or more, or by writing the bit; it delivers four counts a round until all photodiodes that GEXMSK leaves stay
below GEXTH for GEXPERS rounds. A round is two conversions (0.70 ms each; the gesture characteristics say 1.39 ms for
both pairs of photodiodes), each lit by GPULSE, and GWTIME.

Light is the irradiance that passes each channel's filter: 23.60 counts per uW/cm^2 at 16x, taken to hold for ATIME =
0xF6 (27.8 ms), in proportion to gain and time. Proximity and the gesture photodiodes are fractions of full scale as the
firmware's own LED drive, pulses and gain give it: 1 is 255 counts.

Not modelled: what LDRIVE, LED_BOOST, PGAIN, GGAIN, pulse counts and offsets change in a reading (stored), saturation
flags PGSAT and CPSAT, sleep after interrupt (SAI is stored), GDIMS, photodiode masks of CONFIG3, IFORCE, noise, dark
counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import ClassVar

from cmsim.kernel import Rate, Scheduler, cycles_of
from cmsim.parts import Sensor, SensorRegisters
from cmsim.registers import Register

from .sampling import SampleClock

COLOURS, DIRECTIONS = ("clear", "red", "green", "blue"), ("up", "down", "left", "right")
STEP = cycles_of(0.00278)
"""Of ATIME and WTIME."""
CONVERSION = cycles_of(0.0006966)
PULSE_CYCLES = tuple(cycles_of(us * 1e-6) for us in (4, 8, 16, 32))
GESTURE_WAITS = tuple(cycles_of(ms * 1e-3) for ms in (0, 2.8, 5.6, 8.4, 14, 22.4, 30.8, 39.2))
COUNTS_PER_STEP = 23.60 / 16 / 10
"""Counts per uW/cm^2, for one step of integration at 1x."""
GAINS = (1, 4, 16, 64)
FULL_SCALE_STEP = 1025
FIFO_DEPTH = 32
FIFO_THRESHOLDS, EXIT_PERSISTENCE = (1, 4, 8, 16), (1, 2, 4, 7)
AVALID, PVALID, GINT, AINT, PINT = 0x01, 0x02, 0x04, 0x10, 0x20


class _Registers(SensorRegisters):
    """The register set."""

    name = "APDS9960"

    ENABLE = Register(0x80, writable=0x7F)
    ATIME = Register(0x81, reset=0xFF, writable=0xFF)
    WTIME = Register(0x83, reset=0xFF, writable=0xFF)
    AILT = Register.array(0x84, 2, stride=1, writable=0xFF)
    AIHT = Register.array(0x86, 2, stride=1, writable=0xFF)
    PILT = Register(0x89, writable=0xFF)
    PIHT = Register(0x8B, writable=0xFF)
    PERS = Register(0x8C, writable=0xFF)
    CONFIG1 = Register(0x8D, reset=0x60, writable=0xFF)
    PPULSE = Register(0x8E, reset=0x40, writable=0xFF)
    CONTROL = Register(0x8F, writable=0xFF)
    CONFIG2 = Register(0x90, reset=0x01, writable=0xFF)
    ID = Register(0x92, reset=0xAB, writable=0)
    STATUS = Register(0x93, writable=0)
    DATA = Register.array(0x94, 8, stride=1, writable=0)
    PDATA = Register(0x9C, writable=0)
    POFFSET = Register.array(0x9D, 2, stride=1, writable=0xFF)
    CONFIG3 = Register(0x9F, writable=0xFF)
    GPENTH = Register(0xA0, writable=0xFF)
    GEXTH = Register(0xA1, writable=0xFF)
    GCONF1 = Register(0xA2, writable=0xFF)
    GCONF2 = Register(0xA3, writable=0x7F)
    GOFFSET_U = Register(0xA4, writable=0xFF)
    GOFFSET_D = Register(0xA5, writable=0xFF)
    GPULSE = Register(0xA6, reset=0x40, writable=0xFF)
    GOFFSET_L = Register(0xA7, writable=0xFF)
    GOFFSET_R = Register(0xA9, writable=0xFF)
    GCONF3 = Register(0xAA, writable=0x03)
    GCONF4 = Register(0xAB, writable=0x07)
    GFLVL = Register(0xAE, writable=0)
    GSTATUS = Register(0xAF, writable=0)
    PICLEAR = Register(0xE5)
    CICLEAR = Register(0xE6)
    AICLEAR = Register(0xE7)
    GFIFO = Register.array(0xFC, 4, stride=1, writable=0)
    powered_up, als, proximity, waits = ENABLE.bit(0), ENABLE.bit(1), ENABLE.bit(2), ENABLE.bit(3)
    als_interrupt, proximity_interrupt, gesture = ENABLE.bit(4), ENABLE.bit(5), ENABLE.bit(6)
    fifo_clear, gesture_interrupt, in_gesture = GCONF4.bit(2), GCONF4.bit(1), GCONF4.bit(0)

    def __init__(self, part: Apds9960) -> None:
        self.rounds, self.sets = SampleClock(), SampleClock()
        self.fifo: deque[tuple[int, ...]] = deque()
        super().__init__(part)

    def reset(self) -> None:
        """Asleep."""
        super().reset()
        self._colours, self._proximity, self._status = [0] * 4, 0, 0
        self._upper = self._overflow = self._low_sets = 0
        self._outside = {AINT: 0, PINT: 0}
        """Rounds in a row whose result lay outside the thresholds."""
        self.fifo.clear()
        self.rounds.run(None, 0)
        self.sets.run(None, 0)

    # --- time ---------------------------------------------------------------------------------------------------

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        if not self.als:
            self._status &= ~(AVALID | AINT)
        if not self.proximity:
            self._status &= ~(PVALID | PINT)
        self._set_clocks(self.scheduler.now)

    @GCONF4.on_write
    def _set_gesture_mode(self, value: int) -> None:
        if self.fifo_clear:
            self.fifo.clear()
            self.fifo_clear = self._overflow = 0
            self._status &= ~GINT
        self._set_clocks(self.scheduler.now)

    @ATIME.on_write
    @WTIME.on_write
    @CONFIG1.on_write
    @PPULSE.on_write
    @GPULSE.on_write
    @GCONF2.on_write
    def _set_times(self, value: int) -> None:
        self._set_clocks(self.scheduler.now)

    @staticmethod
    def _pulses(register: int) -> int:
        return CONVERSION + ((register & 0x3F) + 1) * 2 * PULSE_CYCLES[register >> 6]

    def _set_clocks(self, now: int) -> None:
        gesture = self.powered_up and self.gesture and self.in_gesture
        period = self._pulses(self.PPULSE) if self.proximity else 0
        if self.als:
            period += (256 - self.ATIME) * STEP
        if period and self.waits:
            period += (256 - self.WTIME) * STEP * (12 if self.CONFIG1 & 2 else 1)
        self.rounds.run(Rate(period) if period and self.powered_up and not gesture else None, now)
        set_period = 2 * self._pulses(self.GPULSE) + GESTURE_WAITS[self.GCONF2 & 7]
        self.sets.run(Rate(set_period) if gesture else None, now)

    def catch_up(self) -> None:
        """Go through the rounds and gesture sets whose time has come; each may change what comes next."""
        now = self.scheduler.now
        while True:
            clock = self.sets if self.sets.rate else self.rounds
            moment = clock.next
            if moment is None or moment > now:
                return
            clock.taken += 1
            if clock is self.sets:
                self._gesture_set(moment)
            else:
                self._round(moment)
            self._set_clocks(moment)

    # --- engines ------------------------------------------------------------------------------------------------

    def _round(self, cycle: int) -> None:
        if self.proximity:
            self._proximity = _byte(self.part.sense("proximity", cycle))
            self._status |= PVALID
            self._judge(PINT, self._proximity, self.PILT, self.PIHT, self.PERS >> 4)
            if self.gesture and self._proximity >= self.GPENTH:
                self.in_gesture = True
                self._low_sets = 0
        if self.als:
            steps = 256 - self.ATIME
            factor, most = COUNTS_PER_STEP * GAINS[self.CONTROL & 3] * steps, min(0xFFFF, FULL_SCALE_STEP * steps)
            self._colours = [
                max(0, min(most, round(self.part.sense(f"light {colour}", cycle) * factor))) for colour in COLOURS
            ]
            self._status |= AVALID
            low, high = (word[0] | word[1] << 8 for word in (self.AILT, self.AIHT))
            persistence = self.PERS & 15
            self._judge(AINT, self._colours[0], low, high, persistence if persistence < 4 else 5 * (persistence - 3))

    def _judge(self, flag: int, value: int, low: int, high: int, persistence: int) -> None:
        """PERS: 0 is every round, n the n-th in a row that lies outside."""
        self._outside[flag] = 0 if low <= value <= high else self._outside[flag] + 1
        if persistence == 0 or self._outside[flag] >= persistence:
            self._status |= flag

    def _gesture_set(self, cycle: int) -> None:
        values = tuple(_byte(self.part.sense(f"gesture {direction}", cycle)) for direction in DIRECTIONS)
        if len(self.fifo) < FIFO_DEPTH:
            self.fifo.append(values)
        else:
            self._overflow = 1
        if len(self.fifo) >= FIFO_THRESHOLDS[self.GCONF1 >> 6]:
            self._status |= GINT
        masked = self.GCONF1 >> 2 & 15
        watched = [value for n, value in enumerate(values) if not masked >> 3 - n & 1]
        self._low_sets = self._low_sets + 1 if all(value < self.GEXTH for value in watched) else 0
        if self._low_sets >= EXIT_PERSISTENCE[self.GCONF1 & 3]:
            self.in_gesture = False
            if self.fifo:
                self._status |= GINT

    # --- what software reads ------------------------------------------------------------------------------------

    @STATUS.on_read
    def _read_status(self) -> int:
        return self._status

    @DATA.on_read
    def _read_colour(self, n: int) -> int:
        if n & 1:
            return self._upper
        self._status &= ~AVALID
        self._upper = self._colours[n >> 1] >> 8
        return self._colours[n >> 1] & 0xFF

    @PDATA.on_read
    def _read_proximity(self) -> int:
        self._status &= ~PVALID
        return self._proximity

    @GFLVL.on_read
    def _read_level(self) -> int:
        return len(self.fifo)

    @GSTATUS.on_read
    def _read_gesture_status(self) -> int:
        return self._overflow << 1 | (self._status & GINT != 0)

    @GFIFO.on_read
    def _read_fifo(self, n: int) -> int:
        value = self.fifo[0][n] if self.fifo else 0
        if n == 3 and self.fifo:
            self.fifo.popleft()
            self._overflow = 0
            if not self.fifo:
                self._status &= ~GINT
            self.update()
        return value

    @PICLEAR.on_write
    def _clear_proximity(self, value: int) -> None:
        self._status &= ~PINT

    @CICLEAR.on_write
    def _clear_colour(self, value: int) -> None:
        self._status &= ~AINT

    @AICLEAR.on_write
    def _clear_all(self, value: int) -> None:
        self._status &= ~(PINT | AINT)

    def select_register(self, byte: int) -> None:
        """All eight bits; naming a register E5 to E7 is enough to clear interrupts."""
        self.pointer = byte
        if 0xE5 <= byte <= 0xE7:
            self.write(byte, 0)

    def advance(self, pointer: int) -> int:
        """One up; the FIFO's four bytes go round."""
        return 0xFC if pointer == 0xFF else pointer + 1

    # --- the INT pin --------------------------------------------------------------------------------------------

    @property
    def _enabled(self) -> int:
        return self.als_interrupt * AINT | self.proximity_interrupt * PINT | self.gesture_interrupt * GINT

    def drive_pins(self) -> None:
        """INT pulls low."""
        self.part.set_output("INT", not self._status & self._enabled, open_drain=True)

    def next_change(self) -> int | None:
        """INT waits for the next round."""
        enabled = self._enabled
        return (self.sets.next or self.rounds.next) if enabled and not self._status & enabled else None


class Apds9960(Sensor):
    """The part, at 0x39."""

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {
        "proximity": ("1", 0.0),
        **{f"light {colour}": ("uW/cm^2", 100.0 if colour == "clear" else 33.0) for colour in COLOURS},
        **{f"gesture {direction}": ("1", 0.0) for direction in DIRECTIONS},
    }

    outputs: ClassVar[Mapping[str, bool]] = {"INT": True}

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.registers = self.connect(0x39, _Registers(self))


def _byte(fraction: float) -> int:
    return max(0, min(255, round(fraction * 255)))
