"""Reads of GPIO IN in native code: the same as the Python path, bit for bit, and nothing without a wave."""

import ctypes as ct

import numpy as np
import pytest
from cmsim_peripherals.boards.nano33ble_sense import BOARD
from cmsim_peripherals.parts.ov7675 import HREF, VSYNC, WIRES, Ov7675
from hypothesis import given, settings
from hypothesis import strategies as st
from support.assembler import assemble
from test_camera import CAPTURE, PICTURE, RGB_160

from cmsim import Machine
from cmsim.boards import assemble as assemble_board
from cmsim.cortex_m import _hot, accesses
from cmsim.cortex_m.hot import Clock
from cmsim.cortex_m.inputs import native_inputs
from cmsim.kernel import Rate, Scheduler
from cmsim.soc import Soc

READ = ct.CFUNCTYPE(ct.c_uint64, ct.c_void_p, ct.c_uint64, ct.c_uint, ct.c_void_p)
P0, P1 = 0x510, 0x810
XCLK = Rate.hertz(16_000_000)


class Bench:
    """A chip with the camera on its pins, and the native callback with a clock of our own."""

    def __init__(self, *, camera=True):
        self.soc = Soc(BOARD.chip)
        self.parts = assemble_board(BOARD, self.soc, ["camera"] if camera else [])
        self.clock, self.kept, self.asked = Clock(deadline=1 << 62), [], 0
        self.inputs = native_inputs(self.soc, self.clock, 0x5000_0000, 0x1000, self.kept)
        self.p0, self.p1 = self.soc.blocks["P0"], self.soc.blocks["P1"]
        if camera:
            for wire, name in BOARD.parts[-1].lines.items():
                if wire in WIRES:
                    number = self.soc.pins.number(name)
                    (self.p1 if number >= 32 else self.p0).write(0x700 + 4 * (number % 32), 0)
            self.camera = self.parts["camera"]
            self.camera.source = lambda cycle: PICTURE
            self._inner = READ(self._python)
            self.inputs.inner = ct.cast(self._inner, ct.c_void_p)
            self.read_native = READ(_hot.on_input_read)

    def _python(self, uc, offset, size, user):
        """What `Cpu._on_read` does."""
        self.asked += 1
        self.soc.scheduler.advance(self.clock.now)
        block = self.p1 if offset >= 0x600 else self.p0
        word = block.read((offset & ~3) - (0x300 if block is self.p1 else 0))
        return word >> 8 * (offset & 3) & (1 << 8 * size) - 1

    def read(self, offset, cycle, size=4):
        self.clock.now = cycle
        return self.read_native(None, offset, size, ct.addressof(self.inputs))

    def start(self, *registers, xclk=XCLK):
        for register, value in registers:
            self.camera.sccb.write(register, value)
        self.soc.pins[27].drive_clock("test", xclk)


def test_without_a_wave_nothing_is_native(tmp_path):
    assert Bench(camera=False).inputs is None
    assert Machine(assemble(tmp_path, "main: b .")).cpu.soc.blocks["P0"].input_port.known == 0


REGISTERS = st.fixed_dictionaries({
    0x12: st.sampled_from((0x00, 0x04, 0x10, 0x14, 0x20, 0x08, 0x01)),
    0x15: st.sampled_from((0, 0x20, 0x10, 0x08, 0x02, 0x3A)),
    0x11: st.sampled_from((0, 1, 6, 15, 63)),
    0x6B: st.sampled_from((0x0A, 0x4A, 0x8A, 0xCA)),
    0x0C: st.sampled_from((0, 4)),
    0x72: st.sampled_from((0x00, 0x11, 0x22)),
    0x3E: st.sampled_from((0x00, 0x18, 0x19, 0x1A, 0x1C)),
    0x17: st.integers(0, 97), 0x18: st.integers(0, 97), 0x19: st.integers(0, 127), 0x1A: st.integers(0, 127),
})


@settings(max_examples=20, deadline=None)
@given(REGISTERS, st.sampled_from((16_000_000, 8_000_000, 32_000_000 // 3, 1_000_001)),
       st.lists(st.integers(0, 40_000_000), min_size=30, max_size=30), st.randoms(use_true_random=False))
def test_levels_equal_those_of_python(registers, hertz, moments, random):
    bench, reference = Bench(), Ov7675(Scheduler(), "reference")
    reference.source = lambda cycle: PICTURE
    for register, value in registers.items():
        reference.sccb.write(register, value)
    reference.port.set_xclk(Rate.hertz(hertz))
    bench.start(*registers.items(), xclk=Rate.hertz(hertz))
    # besides moments anywhere, some on both sides of the edges of HREF
    edge = random.choice(moments)
    for _ in range(6):
        found = reference.port.next_edge(HREF, edge)
        if found is None:
            break
        moments += [found - 1, found, found + 7]
        edge = found
    for cycle in sorted(moments):
        p0, p1 = bench.read(P0, cycle), bench.read(P1, cycle)
        levels = reference.port.sample(0xFF, cycle)
        joined = p0 >> 4 & 1, p0 >> 5 & 1, p0 >> 21 & 1, p1 >> 2 & 3 | p1 >> 8 & 0xFC
        assert joined == (levels >> 8 & 1, levels >> 9 & 1, levels >> 10 & 1, levels & 0xFF)
        assert p0 & ~(1 << 4 | 1 << 5 | 1 << 21) == 0
    bench.soc.scheduler.advance(bench.clock.now)
    reference.scheduler.advance(bench.clock.now)
    assert bench.camera.statistics() == reference.statistics()


def test_python_is_asked_once_and_after_changes_only():
    bench = Bench()
    bench.start(*RGB_160)
    assert [bench.read(P0, n) >> 21 & 1 for n in range(5)] == [1] * 5
    assert bench.asked == 1
    bench.soc.pins[11].drive_from_board("test", True)  # its input buffer is off
    bench.read(P0, 10)
    assert bench.asked == 1
    bench.p0.write(0x700 + 4 * 11, 0)
    assert bench.read(P0, 11) >> 11 & 1 == 1
    assert (bench.read(P0, 12) >> 11 & 1, bench.asked) == (1, 2)
    bench.soc.pins[11].drive_from_board("test", False)
    assert (bench.read(P0, 13) >> 11 & 1, bench.asked) == (0, 3)
    bench.p0.write(0x514, 1 << 4)  # PCLK's pin becomes an output
    bench.p0.write(0x508, 1 << 4)
    assert {bench.read(P0, n) >> 4 & 1 for n in range(20, 40)} == {1}


def test_a_watched_wire_leaves_reads_native():
    bench = Bench()
    bench.start(*RGB_160)
    let_go = bench.soc.pins[21].watch()
    bench.read(P0, 0)
    bench.soc.scheduler.advance(edge := bench.camera.port.next_edge(VSYNC, 0))
    assert not bench.soc.pins[21].level
    assert (bench.read(P0, edge + 1) >> 21 & 1, bench.asked) == (0, 1)
    let_go()


def test_a_due_alarm_is_python_s():
    bench = Bench()
    bench.start(*RGB_160)
    bench.read(P0, 0)
    bench.clock.deadline = 100
    bench.read(P0, 99)
    assert bench.asked == 1
    bench.read(P0, 100)
    assert (bench.asked, bench.soc.scheduler.now) == (2, 100)


def test_narrow_reads_and_neighbours():
    bench = Bench()
    bench.start(*RGB_160)
    word = bench.read(P0, 5)
    assert word == 1 << 21
    assert [bench.read(P0 + n, 5, 1) for n in range(4)] == [word >> 8 * n & 0xFF for n in range(4)]
    assert bench.read(P0 + 2, 5, 2) == word >> 16
    assert bench.asked == 1
    bench.p0.write(0x504, 0x55)
    assert bench.read(0x504, 5) == 0x55


def test_no_clock_is_native_too():
    bench = Bench()
    bench.start((0x15, 0x02), xclk=None)  # VSYNC active low
    assert {bench.read(P0, n) >> 21 & 1 for n in range(0, 1000, 100)} == {1}
    assert bench.asked == 1


TIMER = """
    ldr r2, =0x40008000
    movs r3, #3
    str r3, [r2, #0x508]
    ldr r3, =3000
    str r3, [r2, #0x540]
    movs r3, #1
    str r3, [r2, #0x200]
    lsls r3, r3, #16
    str r3, [r2, #0x304]
    ldr r3, =0xE000E100
    movs r2, #1
    lsls r2, r2, #8
    str r2, [r3]
    ldr r2, =0x40008000
    movs r3, #1
    str r3, [r2]
"""
TICK = """
tick:
    ldr r2, =0x40008000
    movs r3, #0
    str r3, [r2, #0x140]
    ldr r2, =0x50000000
    ldr r3, [r2, #0x504]
    mvns r3, r3
    str r3, [r2, #0x504]
    ldr r2, =0x20000800
    ldr r3, [r2]
    adds r3, #1
    str r3, [r2]
    bx lr
"""


def run(directory, *, native, extra="", clkrc=15, timer=False, gated=0, timing="silicon"):
    source = CAPTURE.replace("EXTRA", extra)
    if timer:
        source = source.replace("    ldr r4, =0x20001000", TIMER + "    ldr r4, =0x20001000") + ".ltorg\n" + TICK
    with pytest.MonkeyPatch.context() as patch:
        if not native:
            patch.setattr(accesses, "native_inputs", lambda *_: None)
        m = Machine(assemble(directory, source, handlers={24: "tick"} if timer else None), camera=PICTURE, timing=timing)
    for register, value in (*RGB_160, (0x11, clkrc), (0x15, gated)):
        m.parts["camera"].sccb.write(register, value)
    m.soc.pins[27].drive_clock("test", Rate.hertz(16_000_000))
    m.at(0.012, lambda m: m.set_pin("P0.20", True))
    m.run(seconds=0.02)
    record = m.record
    del record["wall_seconds"]
    return record, bytes(m.soc.ram), m.registers


@pytest.mark.parametrize("options", [
    {}, {"clkrc": 3}, {"extra": ".rept 40\n nop\n .endr", "clkrc": 4}, {"timer": True, "clkrc": 7}, {"gated": 0x20},
    {"timing": "instructions", "clkrc": 2},
], ids=str)
def test_a_run_is_the_same_to_the_bit(tmp_path, options):
    native, python = run(tmp_path, native=True, **options), run(tmp_path, native=False, **options)
    assert native == python
    assert native[0]["camera"]["camera"]["bytes_read"] > 900
    assert np.frombuffer(native[1], np.uint32)[0x200] > 0 or "timer" not in options
