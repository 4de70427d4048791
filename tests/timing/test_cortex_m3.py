"""The Cortex-M3's table, by its manual."""

from __future__ import annotations

import struct

import pytest

import cmsim
from cmsim import prebuilt
from cmsim.cortex_m.decode import decode
from cmsim.timing import MODELS
from cmsim.timing.cortex_m3 import REFILL, CortexM3, cycles
from cmsim.timing.model import Cycles


@pytest.mark.parametrize(
    ("halfwords", "expected"),
    [
        ((0x4348,), (1, 1, 1)),  # muls r0, r1, r0
        ((0xFB01, 0x3002), (2, 2, 2)),  # mla r0, r1, r2, r3
        ((0xFB01, 0x3012), (2, 2, 2)),  # mls
        ((0xFB82, 0x0103), (3, 4, 5)),  # smull r0, r1, r2, r3
        ((0xFBA2, 0x0103), (3, 4, 5)),  # umull
        ((0xFBC2, 0x0103), (4, 5, 7)),  # smlal
        ((0xFBE2, 0x0103), (4, 5, 7)),  # umlal
        ((0xFBB1, 0xF0F2), (2, 7, 12)),  # udiv
        ((0x6808,), (2, 2, 2)),  # ldr
        ((0xE9D1, 0x2300), (3, 3, 3)),  # ldrd
        ((0xC90C,), (3, 3, 3)),  # ldm r1!, {r2, r3}
        ((0xF3EF, 0x8010), (1, 1, 1)),  # mrs
    ],
)
def test_the_table(halfwords: tuple[int, ...], expected: tuple[int, int, int]) -> None:
    (instruction,) = decode(struct.pack(f"<{len(halfwords)}H", *halfwords), 0)
    assert cycles(instruction) == Cycles.of(*expected)


def test_bounds_add_up_over_a_block() -> None:
    code = struct.pack("<5H", 0xFB82, 0x0103, 0xFBB1, 0xF0F2, 0x4770)
    block = CortexM3().block(list(decode(code, 0)))
    assert (block.starts, block.below, block.above) == ((0, 4, 11, 12), 1 + 5, 1 + 5)
    assert CortexM3().refill(next(decode(code[8:], 8))) == REFILL


def test_it_is_an_option_of_the_machine() -> None:
    assert MODELS["cortex-m3"] is CortexM3
    machine = cmsim.Machine(prebuilt.path("gesture"), timing="cortex-m3")
    machine.run(seconds=0.01)
    record = machine.record
    assert record["timing"] == "cortex-m3"
    assert record["cycles_low"] < record["cycles"] < record["cycles_high"]
