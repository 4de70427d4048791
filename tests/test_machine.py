"""Machine: goals and what else ends a run, looking and touching, the same machine run again."""

from __future__ import annotations

import gc
import signal
import threading
import weakref
from typing import Any

import pytest
from support.thumb import CODE, STACK_TOP, Program, hello, three_inferences

import cmsim
from cmsim import prebuilt, traces
from cmsim.errors import RunError, UsageError
from cmsim.image import load_bytes
from cmsim.machine import Machine
from cmsim.record import Stop
from cmsim.scenario import Press, Scenario

GESTURE = prebuilt.path("gesture")


def machine(program: Program, **options: object) -> Machine:
    return Machine(load_bytes(program.elf(), "a.elf"), **options)  # type: ignore[arg-type]


# --- goals ------------------------------------------------------------------------------------------------


def test_text() -> None:
    m = machine(Program().say("one\n").say("two\n").say("three\n").sleep())
    assert m.run(until="two").reason == "text"
    assert m.console("semihosting") == "one\ntwo\n"


def test_text_that_comes_in_pieces() -> None:
    m = machine(Program().say("on").say("e\nt").say("wo\n").sleep())
    assert m.run(until="one\ntwo").reason == "text"


def test_text_of_an_earlier_run_does_not_count() -> None:
    m = machine(Program().say("one\n").say("two\n").sleep())
    m.run(until="one")
    assert m.run(until="one").reason == "idle"


def test_text_on_one_channel_only() -> None:
    assert machine(hello()).run(until="hello", channel="uart0").reason == "idle"
    assert machine(hello()).run(until="hello", channel="semihosting").reason == "text"


def test_inferences_from_here() -> None:
    m = machine(three_inferences())
    assert m.run(inferences=1).reason == "inferences"
    assert len(m.record["inferences"]) == 1
    assert m.run(inferences=2).reason == "inferences"
    assert len(m.record["inferences"]) == 3


def test_inference_ends_where_the_function_returns() -> None:
    m = machine(three_inferences())
    m.run(inferences=1)
    assert m.console("semihosting") == ""
    assert m.registers["pc"] == m.address("tflite::MicroInterpreter::Invoke") + 12 + 4


def test_inference_function_of_any_name() -> None:
    m = machine(three_inferences(name="classify"), inference_function="classify")
    m.run()
    assert len(m.record["inferences"]) == 3
    by_address = machine(three_inferences(name="classify"), inference_function="0x102")
    by_address.run()
    assert by_address.record["inferences"] == m.record["inferences"]


def test_seconds_are_simulated_and_from_now() -> None:
    m = machine(hello())
    assert m.run(seconds=2.5).reason == "time"
    assert m.cycles == 160_000_000
    m.run(seconds=0.5)
    assert m.seconds == 3.0
    assert m.instructions == 7


def test_condition_is_looked_at_every_millisecond() -> None:
    m = machine(hello())
    assert m.run(until=lambda: m.seconds > 0.1).reason == "condition"
    assert 0.1 < m.seconds <= 0.102


# --- what else ends a run ----------------------------------------------------------------------------------


def test_idle_without_a_limit() -> None:
    stop = machine(hello()).run()
    assert stop.reason == "idle"
    assert "Reset_Handler" in stop.detail


def test_idle_ends_a_run_whose_goal_needs_the_firmware() -> None:
    assert machine(hello()).run(until="never", seconds=5).reason == "idle"
    assert machine(three_inferences()).run(inferences=4, seconds=5).reason == "idle"


def test_progress_does_not_hide_that_the_firmware_is_idle() -> None:
    calls: list[float] = []
    assert machine(hello()).run(progress=lambda m: calls.append(m.seconds)).reason == "idle"
    assert calls


def test_progress_comes_four_times_a_simulated_second() -> None:
    times: list[float] = []
    machine(hello()).run(seconds=1, progress=lambda m: times.append(m.seconds))
    assert times == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("status", [0, 7])
def test_semihosting_exit(status: int) -> None:
    m = machine(Program().leave(status))
    assert m.run().reason == "exit"
    assert m.exit_status == status


def faulting(*handler: int) -> Program:
    program = Program().undefined()
    program.handlers[1] = program.here | 1
    return program.emit(*handler)


def test_fault_with_an_empty_handler() -> None:
    m = machine(faulting(0xE7FE))
    stop = m.run()
    assert stop.reason == "fault"
    assert "HardFault UNDEFINSTR at pc 0x00000100 in Reset_Handler" in stop.detail
    with pytest.raises(RunError, match=r"a\.elf: fault: HardFault"):
        m.fail_unless("idle")


def test_fault_that_the_firmware_handles() -> None:
    m = machine(faulting(0xBF00).sleep())
    assert m.run().reason == "idle"
    assert m.in_fault_handler
    assert len(m.faults) == 1


def test_watchdog_may_end_the_empty_handler() -> None:
    """WDT: CRV = 327 ticks (10 ms), START; a fault. After the reset RESETREAS.DOG is set and the program exits."""
    program = Program().load(0, 0x4000_0400).emit(0x6801, 0x2902, 0xD100)  # ldr r1, RESETREAS; cmp 2; bne over
    branch = len(program.code)
    program.emit(0xE000)
    program.store(0x4001_0504, 327).store(0x4001_0000, 1).undefined()
    program.handlers[1] = program.here | 1
    program.spin()
    program.code[branch : branch + 2] = (0xE000 | (program.here - CODE - branch - 4) // 2).to_bytes(2, "little")
    program.say("bitten\n").leave(0)
    m = machine(program)
    assert m.run(seconds=1).reason == "exit"
    assert m.console("semihosting") == "bitten\n"
    assert 0.01 < m.seconds < 0.011


def test_lockup() -> None:
    stop = machine(faulting(0xDE00)).run()
    assert stop.reason == "lockup"
    assert "UNDEFINSTR at pc 0x00000102" in stop.detail


def test_system_off() -> None:
    assert machine(Program().store(0x4000_0500, 1).sleep()).run().reason == "system off"


def test_a_button_ends_system_off_with_a_reset() -> None:
    program = Program().store(0x5000_072C, 3 << 16 | 3 << 2).store(0x4000_0500, 1).sleep()  # P0.11 senses low
    m = machine(program, board="nrf52840dk", scenario=Scenario((Press(0.010, "button1", 20e-6),)))
    m.run(seconds=0.02)
    assert m.soc.blocks["POWER"].read(0x400) == 1 << 16
    assert m.soc.blocks["P0"].read(0x72C) == 3 << 16 | 3 << 2
    assert m.instructions > 2 * 8  # the program began anew


def test_the_reset_pin_ends_system_off_too() -> None:
    m = machine(Program().store(0x4000_0500, 1).sleep(), scenario=Scenario((Press(0.010, "reset", 0.005),)))
    m.soc.blocks["P0"].write(0x72C, 3 << 16 | 3 << 2)
    m.run(seconds=0.02)
    assert m.soc.blocks["POWER"].read(0x400) == 1


def test_strict() -> None:
    m = machine(Program().fetch(0x4002_6300).sleep(), strict=True)
    with pytest.raises(RunError, match=r"FPU\+0x300: read at pc 0x00000108 in Reset_Handler is not modelled"):
        m.run()
    assert m.stop is not None
    assert m.stop.reason == "error"
    assert machine(Program().fetch(0x4002_6300).sleep()).run().reason == "idle"


def test_interrupted() -> None:
    def interrupt(machine: Machine) -> None:
        raise KeyboardInterrupt

    m = machine(Program().spin())
    with pytest.raises(KeyboardInterrupt):
        m.run(progress=interrupt)
    assert m.record["stop"] == {"reason": "interrupted", "detail": "at 0.250 s"}
    assert m.run(seconds=0.1).reason == "time"


SPIN, POLL = Program().spin(), Program().load(0, 0x4000_0400).emit(0x6801, 0xE7FD)  # LDR r1, [r0]; B to it


@pytest.mark.parametrize("program", [SPIN, POLL], ids=["spin", "poll"])
def test_ctrl_c_is_not_lost_and_the_run_can_go_on(program: Program) -> None:
    m = machine(program)
    killer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    killer.start()
    with pytest.raises(KeyboardInterrupt):
        m.run(seconds=1e6)
    killer.join()
    assert m.record["stop"]["reason"] == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    now = m.cycles
    assert m.run(seconds=0.1).reason == "time"
    assert 6_400_000 <= m.cycles - now < 6_400_100


def test_ctrl_c_is_left_to_a_program_with_a_handler_of_its_own() -> None:
    heard: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        machine(Program().spin()).run(seconds=0.1, progress=lambda m: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, previous)
    assert heard == [signal.SIGINT]


def test_runs_in_a_thread() -> None:
    stops: list[Stop] = []
    thread = threading.Thread(target=lambda: stops.append(machine(Program().spin()).run(seconds=0.1)))
    thread.start()
    thread.join()
    assert stops[0].reason == "time"


def test_trace_end() -> None:
    assert Machine(GESTURE, imu=traces.path("walk"), imu_end="stop").run().reason == "trace ended"
    held = Machine(GESTURE, imu=traces.path("standing"), imu_end="hold")
    assert held.run(seconds=13).reason == "time"


def test_record_before_any_run() -> None:
    record = machine(hello()).record
    assert record["stop"]["reason"] == "not run"
    assert record["cycles"] == 0


# --- looking and touching ----------------------------------------------------------------------------------


def test_read_and_write() -> None:
    program = Program().fetch(0x2000_0010).emit(0x6001)
    m = machine(program.sleep())
    m.write(0x2000_0010, b"\x78\x56\x34\x12")
    m.run()
    assert m.registers["r0"] == 0x1234_5678
    assert m.read(0x2000_0010, 4) == b"\x78\x56\x34\x12"
    with pytest.raises(UsageError, match="0x30000000"):
        m.read(0x3000_0000, 4)


def test_write_to_code_takes_effect() -> None:
    m = machine(Program().sleep())
    m.run()
    first = m.instructions
    m.write(CODE + 4, b"\xfe\xe7")  # B back to WFI becomes B to itself; awake or not, nothing was cached
    assert m.run(seconds=0.001).reason == "time"
    assert m.instructions == first


def test_on_is_called_before_the_instruction_and_can_be_undone() -> None:
    m = machine(three_inferences())
    seen: list[int] = []

    def look(machine: Machine) -> None:
        assert machine.registers["pc"] == machine.address("tflite::MicroInterpreter::Invoke")
        seen.append(machine.instructions)
        if len(seen) == 2:
            undo()

    undo = m.on("tflite::MicroInterpreter::Invoke", look)
    m.run()
    assert len(seen) == 2
    plain = machine(three_inferences())
    plain.run()
    assert (plain.cycles, plain.instructions) == (m.cycles, m.instructions)


def test_pins_by_either_name() -> None:
    """P0.13 as output, high: PIN_CNF[13] = DIR, OUTSET."""
    m = machine(Program().store(0x5000_0734, 1).store(0x5000_0508, 1 << 13).sleep())
    assert not m.pin("LED_BUILTIN").level
    m.run()
    assert m.pin("LED_BUILTIN").level
    assert m.pin("P0.13") is m.pin("LED_BUILTIN")
    with pytest.raises(UsageError):
        m.pin("P7.99")


def test_registers_at_reset() -> None:
    registers = machine(hello()).registers
    assert registers["sp"] == STACK_TOP
    assert registers["pc"] == CODE
    assert registers["lr"] == 0xFFFF_FFFF


def test_module_offers_the_machine() -> None:
    assert cmsim.Machine is Machine
    with pytest.raises(AttributeError):
        cmsim.nonsense  # noqa: B018
    assert {"Machine", "CmsimError", "__version__"} <= set(dir(cmsim))


# --- the shipped firmware, in trouble -----------------------------------------------------------------------


def test_arena_too_small_says_how_much_is_missing() -> None:
    m = Machine(GESTURE, imu=traces.path(), imu_end="stop")

    def shrink(machine: Machine) -> None:
        machine.write(machine.registers["sp"] + 8, (2000).to_bytes(4, "little"))  # the last argument

    m.on("cmsim::Interpreter::Interpreter", shrink)
    assert m.run().reason == "idle"
    assert "error: arena is too small" in m.console()
    assert "bytes are missing" in m.console()


def test_same_seed_same_random_numbers() -> None:
    """RNG.START, then VALUE until VALRDY; eight bytes into r4."""

    def value(seed: int) -> int:
        program = Program().load(0, 0x4000_D000).emit(0x2101, 0x6001, 0x2208)
        program.load(3, 0x4000_D100).load(5, 0x4000_D508)
        program.emit(0x681E, 0x2E00, 0xD0FC, 0x2600, 0x601E, 0x682F, 0x0224, 0x433C, 0x3A01, 0xD1F5)
        m = machine(program.sleep(), seed=seed)
        m.run(seconds=0.01)
        return m.registers["r4"]

    assert value(1) == value(1)
    assert value(1) != value(2)
    assert value(1) != 0


@pytest.mark.parametrize("options", [{}, {"profile": True, "coverage": True}, {"measure": False}])
def test_a_machine_that_nobody_needs_is_freed(options: dict[str, Any]) -> None:
    """A test suite makes thousands: each has the chip's memories, and what Unicorn translated."""
    m = Machine(GESTURE, **options)
    m.run(seconds=0.001)
    left = weakref.ref(m), weakref.ref(m.cpu), weakref.ref(m.soc)
    del m
    gc.collect()
    assert [each() for each in left] == [None, None, None]
