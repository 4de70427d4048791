"""A board with firmware in it: what users of the Python interface hold in their hands.

    machine = cmsim.Machine("app.elf", board="nano33ble-sense", imu="walk.csv")
    machine.run(until="ready", seconds=2)
    print(machine.cycles, machine.console("uart0"), machine.record["inferences"])
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import external_flash
from .boards import assemble, find_board, load_image
from .camera import attach_camera
from .cortex_m.calls import CallTracer
from .cortex_m.cpu import FOREVER, Cpu
from .cortex_m.exceptions import Fault
from .cortex_m.nvic import SystemException
from .course import Course
from .errors import CmsimError, RunError, UsageError
from .goal import Goal
from .image import Image, vector_table
from .interrupt import interruptible
from .kernel import CPU_HZ, cycles_of
from .measure.arena import ArenaMeter
from .measure.arena_plan import ArenaPlan
from .measure.calls import Watches
from .measure.counted import Counted
from .measure.coverage import Coverage
from .measure.drift import Drift
from .measure.energy import EnergyMeter
from .measure.fatal import FatalMeter
from .measure.faults import FaultReporter
from .measure.heap import HeapMeter
from .measure.inferences import InferenceMeter
from .measure.memory import MemoryMeter
from .measure.recorder import TimelineRecorder
from .measure.regions import RegionMeter
from .measure.timeline import Timeline
from .parts import Part
from .pins import Pin
from .record import Check, Stop, build
from .scenario import Scenario
from .soc import Board, Soc
from .stimuli import ACCEL, End, Interpolation, Trace, signals
from .stimuli import load as load_trace
from .stimuli.audio import Audio
from .system_off import SystemOff
from .timing import DEFAULT, MODELS, TimingModel
from .usb import attach as attach_usb
from .wires import connect, parse_wire

UICR_BASE = 0x1000_1000


class Machine:
    """One board, one firmware image, one run.

    `firmware` is a path (ELF, HEX, UF2, BIN with `base`) or a loaded `Image`; `board` a name or a `Board`;
    `imu` a trace (path or `Trace`) for the inertial sensor; `camera` what a camera sees (`stimuli.images.load_images`).
    `sensors` (part or stimulus -> trace), `audio` (WAV for the microphone), `scenario` (TOML), `wires` between pins
    (such as "D2=D3"): see docs/scenarios.md.
    `imu_end` says what follows the trace's last sample: "hold", "loop", or "stop" (the run ends). `inference_function`
    names what one inference is, where the firmware has no interpreter that cmsim knows. `base` is the address of a raw
    binary's first byte, `vector` that of the vector table where it is not found. `seed` is for everything random;
    `strict` ends the run at the first access that nothing models; `timing` is as in `cmsim run --timing`; `usb` is
    "cdc" (a computer at the connector) or "none". What slows the simulation down is recorded only if asked for:
    `profile` (calls), `timeline`, `latencies`, `lines`, `coverage`. Raises `UsageError` for input that cannot be used.
    """

    inference_meter: InferenceMeter | None = None
    memory_meter: MemoryMeter | None = None
    regions: RegionMeter | None = None
    """What is counted from one point of the code to another."""
    heap: HeapMeter | None = None
    """What the firmware has allocated."""
    arenas: ArenaMeter | None = None
    """What interpreters were given to work in."""
    arena_plan: ArenaPlan | None = None
    """Where the interpreter puts tensors, and when."""
    fatal: FatalMeter | None = None
    """What the firmware's operating system said when it gave up."""
    energy: EnergyMeter | None = None
    """What the chip takes from its supply, if that was asked for."""
    drift: Drift | None = None
    """How inferences change over the run, if it was asked for."""
    recorder: TimelineRecorder | None = None
    """Writes down what happens (docs/timeline.md), if it was asked for."""
    counted: Counted | None = None
    """How often what ran, if cycles by line or coverage were asked for (docs/profile.md)."""

    def __init__(
        self,
        firmware: str | Path | Image,
        board: str | Board = "nano33ble-sense",
        *,
        imu: str | Path | Trace | None = None,
        camera: Any = None,
        imu_interpolation: Interpolation = "linear",
        imu_end: End = "hold",
        base: int | None = None,
        vector: int | None = None,
        seed: int = 0,
        strict: bool = False,
        timing: str | TimingModel = DEFAULT,
        inference_function: str | None = None,
        measure: bool = True,
        usb: str = "cdc",
        sensors: Mapping[str, str | Path | Trace] | None = None,
        audio: str | Path | Audio | None = None,
        scenario: str | Path | Scenario | None = None,
        wires: Sequence[str] = (),
        profile: bool = False,
        timeline: bool = False,
        latencies: Sequence[str] = (),
        lines: bool = False,
        coverage: bool = False,
    ) -> None:
        self.board = find_board(board) if isinstance(board, str) else board
        chip = self.board.chip
        self.image = firmware if isinstance(firmware, Image) else load_image(self.board, firmware, base)
        if isinstance(timing, str) and timing not in MODELS:
            raise UsageError(f"--timing {timing}: not known; choose one of {', '.join(MODELS)}")
        self.timing: TimingModel = MODELS[timing]() if isinstance(timing, str) else timing
        self.soc = Soc(chip, seed=seed, strict=strict)
        trace = imu if isinstance(imu, Trace) or imu is None else load_trace(Path(imu), required=ACCEL)
        self.scenario = Scenario.gather(scenario, sensors, audio) + Scenario(tuple(map(parse_wire, wires)))
        """What happens over time (docs/scenarios.md)."""
        self.parts: dict[str, Part] = assemble(
            self.board, self.soc, [n for n, given in (("imu", trace), ("camera", camera)) if given is not None]
            + self.scenario.stimuli(self.board)
        )
        self.trace_end: int | None = None
        """The cycle at which the trace has ended and the run with it; None unless it is to (imu_end="stop")."""
        if camera is not None:
            attach_camera(self.parts, self.board, camera)
        if trace is not None:
            self._feed("imu", trace, imu_interpolation, imu_end)
        self._load_memories()
        self.vector_table = vector_table(self.image, override=vector).address
        self.cpu = self._processor()
        self.usb = attach_usb(self.soc, usb)
        """The host at the USB connector; None without one."""
        self.soc.hooks.place = self.place
        power: Any = self.soc.blocks.get("POWER")
        if power is not None:
            self.cpu.on_sleep = lambda asleep: power.enter_sleep() if asleep else power.leave_sleep()
        self.cpu.reset(self.vector_table)
        self.system_off = SystemOff(self.soc)
        self._course = Course(self)
        self.wall_seconds = 0.0
        self.stop: Stop | None = None
        """Why the last `run` ended."""
        self.tracer = CallTracer(self.cpu, self.image) if profile else None
        """The call tree, if it was asked for."""
        self.fault_reporter = FaultReporter(self)
        """What each fault found (docs/record.md)."""
        self.watches = Watches(self.cpu, self.image if measure else None)
        self.checks: list[Check] = []
        """What else the run is asked: a check that fails makes `cmsim run` fail."""
        if measure:
            self._measure(inference_function)
        elif inference_function is not None:
            self.image.find(inference_function)
        self._follow(timeline, latencies, lines, coverage)
        self.scenario.attach(self)

    # --- construction -------------------------------------------------------------------------------------

    def _processor(self) -> Cpu:
        """It knows from the start where code may be, so that whoever counts does."""
        cpu = Cpu(self.soc, self.timing)
        if any(segment.address in cpu.bus.shown_at for segment in self.image.segments):
            cpu.prepare_external_code()
        return cpu

    def _measure(self, inference_function: str | None) -> None:
        self.inference_meter = InferenceMeter(self.cpu, self.image, self.watches, inference_function)
        self.memory_meter = MemoryMeter(self.cpu, self.image, self.watches, self.tracer)
        self.regions = RegionMeter(self)
        self.heap = HeapMeter(self.cpu, self.image, self.watches)
        self.memory_meter.stacks.block_at = self.heap.block_at
        self.arenas = ArenaMeter(self)
        self.fatal = FatalMeter(self)
        self.arena_plan = ArenaPlan(self)
        self.inference_meter.on_inference = self.memory_meter.mark_inference

    def _follow(self, timeline: bool, latencies: Sequence[str], lines: bool, coverage: bool) -> None:
        """Behind everything that measures, because these stand in front of its listeners."""
        self.recorder = TimelineRecorder.wanted(self, timeline, latencies)
        if lines or coverage:
            self.counted = Counted(self, lines=lines, covers=coverage)

    def _feed(self, stimulus: str, trace: Trace, interpolation: Interpolation, end: End) -> None:
        fed = False
        for row in self.board.parts:
            if row.stimulus != stimulus:
                continue
            part = self.parts[row.name]
            for channel, signal in signals(trace, interpolation=interpolation, end=end).items():
                if channel in part.channels:
                    part.feed(channel, signal.value)
                    self.trace_end = signal.end_cycle
                    fed = True
        if not fed:
            raise UsageError(f"--{stimulus}: board {self.board.name} has no part that takes it")
        if self.trace_end is not None and self.trace_end <= 0:
            raise UsageError(f"{trace.source}: lasts {trace.duration:g} s, so that the run would end before it begins: "
                             "add samples, or keep the last one (--imu-end hold)")

    def _load_memories(self) -> None:
        chip, soc = self.soc.chip, self.soc
        for segment in self.image.segments:
            if chip.flash_base <= segment.address < chip.flash_base + chip.flash_size:
                offset = segment.address - chip.flash_base
                soc.flash[offset : offset + len(segment.data)] = segment.data
            elif chip.ram_base <= segment.address < chip.ram_base + chip.ram_size:
                offset = segment.address - chip.ram_base
                soc.ram[offset : offset + len(segment.data)] = segment.data
            elif segment.address not in external_flash.window(soc):
                uicr: Any = soc.blocks["UICR"]
                uicr.load(segment.address - UICR_BASE, segment.data)
        external_flash.load(self.image, soc, self.board, self.parts.values())

    # --- running ------------------------------------------------------------------------------------------

    def run(
        self,
        until: str | Callable[[], bool] | None = None,
        *,
        seconds: float | None = None,
        inferences: int | None = None,
        channel: str | None = None,
        progress: Callable[[Machine], None] | None = None,
    ) -> Stop:
        """Let simulated time pass until the first of the goals is reached, and say which.

        `until`: a text on any console (or on `channel`), or a condition that is looked at about every millisecond of
        simulated time; `seconds` of simulated time from now; so many more `inferences`. `progress` is called every
        quarter of a simulated second. Ctrl-C raises KeyboardInterrupt between two instructions; another call of `run`
        goes on from there.

        The run also ends, and the returned `Stop` tells, when the trace has ended (if it is to), at lockup, at a fault
        whose handler is an empty loop, in System OFF, at a semihosting exit, and when the firmware sleeps with nothing
        to wake it; but sleep lasts for `seconds` if no text or inference is waited for. Raises `RunError` for what
        `--strict` forbids.
        """
        began = time.perf_counter()
        limit = FOREVER if seconds is None else self.cycles + cycles_of(seconds)
        goal = Goal(self, until, inferences, channel)
        try:
            with interruptible(self.cpu.request_stop) as interrupted:
                self.stop = self._course.run(limit, goal, progress, interrupted)
        except CmsimError as error:
            self.stop = Stop("error", str(error))
            raise
        except KeyboardInterrupt:
            self.stop = Stop("interrupted", f"at {self.seconds:.3f} s")
            raise
        finally:
            goal.close()
            self.wall_seconds += time.perf_counter() - began
        return self.stop

    def end(self, stop: Stop) -> None:
        """Let the run end for this reason after the instruction that runs."""
        self._course.end(stop)

    def reset(self) -> None:
        """What the reset button does: memories keep their content, time goes on."""
        self._course.reset("pin")

    def place(self, pc: int) -> str:
        """A PC in words: "pc 0x00000108 in main"."""
        symbol = self.image.function_at(pc)
        return f"pc 0x{pc:08x} in {symbol.demangled}" if symbol is not None else f"pc 0x{pc:08x}"

    def describe(self, fault: Fault) -> str:
        """A fault in words."""
        at = "" if fault.address is None else f", address 0x{fault.address:08x}"
        return f"{fault.exception} {fault.cause} at {self.place(fault.pc)}{at}"

    # --- looking and touching -------------------------------------------------------------------------------

    @property
    def cycles(self) -> int:
        """CPU cycles since power-on (64 MHz), sleep included."""
        return self.cpu.clock.cycles

    @property
    def bounds(self) -> tuple[int, int]:
        """(lowest, highest) that `cycles` could be, by the open figures of the timing model (docs/timing.md)."""
        clock = self.cpu.clock
        return clock.cycles - clock.below, clock.cycles + clock.above

    @property
    def instructions(self) -> int:
        """Instructions executed since power-on."""
        return self.cpu.clock.instructions

    @property
    def seconds(self) -> float:
        """Simulated time since power-on."""
        return self.cycles / CPU_HZ

    @property
    def faults(self) -> list[Fault]:
        """Every fault so far, handled or not."""
        return self.cpu.exceptions.faults

    @property
    def in_fault_handler(self) -> bool:
        """Whether HardFault, MemManage, BusFault or UsageFault is being handled."""
        return SystemException.HARD_FAULT <= self.cpu.exceptions.current <= SystemException.USAGE_FAULT

    @property
    def exit_status(self) -> int | None:
        """What the firmware ended with by semihosting; None if it has not."""
        return self.cpu.semihosting.exit_status

    def address(self, where: str | int) -> int:
        """The address of a symbol, or the number itself."""
        return where if isinstance(where, int) else self.image.find(where).address

    def read(self, where: str | int, size: int | None = None) -> bytes:
        """`size` bytes of flash or RAM (the symbol's own size if None). UsageError where there is no memory."""
        if size is None:
            size = self.image.find(where).size if isinstance(where, str) else 4
        data, offset = self._memory(where, size)
        return bytes(data[offset : offset + size])

    def write(self, where: str | int, data: bytes) -> None:
        """Overwrite flash or RAM, as a debugger would."""
        memory, offset = self._memory(where, len(data))
        memory[offset : offset + len(data)] = data
        self.soc.hooks.code_changed(self.address(where), len(data))

    def _memory(self, where: str | int, size: int) -> tuple[bytearray, int]:
        address = self.address(where)
        memory = self.cpu.bus.memory(address, size)
        if memory is None:
            raise UsageError(f"{where}: {size} bytes at 0x{address:08x} are not in flash or RAM")
        return memory

    def console(self, channel: str | None = None) -> str:
        """What the firmware has printed on `channel` ("uart0", "usb0", "itm0", "semihosting" ...) so far."""
        return self.soc.serial_port(channel or self.console_name).text

    @property
    def console_name(self) -> str:
        """Where one types: the first serial port over USB once the firmware has one, until then the board's console."""
        return self.usb.serial_ports[0] if self.usb is not None and self.usb.serial_ports else self.board.console

    def send(self, channel: str, data: bytes) -> None:
        """Bytes towards the firmware; they arrive at the line's own bit rate."""
        self.soc.serial_port(channel).send(data)

    def at(self, seconds: float, callback: Callable[[Machine], None]) -> Callable[[], None]:
        """Call `callback(machine)` once, `seconds` after power-on; the result undoes it. UsageError for the past."""
        if not self.seconds <= seconds < math.inf:
            raise UsageError(f"at {seconds} s: the machine is at {self.seconds} s already")
        alarm = self.soc.scheduler.alarm(lambda: callback(self))
        alarm.at(cycles_of(seconds))
        return alarm.cancel

    def set_pin(self, name: str, level: bool | None) -> None:
        """Something outside drives the pin high or low from now on, or lets go of it (None)."""
        self.pin(name).drive_from_board("scenario", level)

    def pin(self, name: str) -> Pin:
        """A pin by its name on the board ("LED_BUILTIN") or on the chip ("P0.13")."""
        pins = self.soc.pins
        chip_name = self.board.pins.get(name, name)
        if chip_name not in (pin.name for pin in pins.pins):
            known = ", ".join(sorted(self.board.pins))
            raise UsageError(f"pin {name!r} is not on board {self.board.name}; known: "
                             f"{known}, and {pins[0].name} to {pins.pins[-1].name}")
        return pins[pins.number(chip_name)]

    def wire(self, one: str, other: str) -> None:
        """Join two pins from now on, by the names that `pin` knows (docs/scenarios.md). UsageError for what is none."""
        connect(self, one, other)

    def on(self, where: str | int, callback: Callable[[Machine], None]) -> Callable[[], None]:
        """Call `callback(machine)` before the instruction at a symbol or address runs; the result undoes it."""
        return self.watches.on_entry(self.address(where) & ~1, lambda: callback(self))

    @property
    def registers(self) -> Mapping[str, int]:
        """R0 to R12, SP, LR, PC as they are between two instructions."""
        names = (*(f"r{n}" for n in range(13)), "sp", "lr", "pc")
        values = dict(zip(names, self.cpu.registers.core.read(), strict=True))
        values["pc"] = self.cpu.exceptions.pc
        return values

    @property
    def timeline(self) -> Timeline | None:
        """What happened when, so far; None unless `timeline` or `latencies` were asked for."""
        return None if self.recorder is None else self.recorder.timeline

    @property
    def coverage(self) -> Coverage | None:
        """Which lines, branches and functions ran, so far; None unless it was asked for."""
        return None if self.counted is None else self.counted.coverage

    @property
    def record(self) -> dict[str, Any]:
        """Everything that was measured so far, as plain data (docs/record.md)."""
        return build(self)

    def fail_unless(self, *reasons: str) -> None:
        """RunError unless the last run ended for one of `reasons`."""
        if self.stop is not None and self.stop.reason not in reasons:
            raise RunError(f"{self.image.path}: {self.stop.reason}: {self.stop.detail}")
