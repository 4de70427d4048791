"""How a run ends that would go on for ever: a fault whose handler leads back to it."""

from __future__ import annotations

from pathlib import Path

from support.assembler import machine

from cmsim.course import REPEATS

RETURNS = """
main:    movs r0, #7
         udf #0
         b .
handler: bx lr
"""
SKIPS = """
main:    movs r0, #7
1:       udf #0
         NEXT
         b 1b
handler: ldr r1, [sp, #24]      // the stacked PC
         adds r1, #2
         str r1, [sp, #24]
         bx lr
"""


def test_a_handler_that_returns_to_the_fault_ends_the_run(tmp_path: Path) -> None:
    m = machine(tmp_path, RETURNS, functions=["main"], handlers={3: "handler"})
    stop = m.run(seconds=60)
    assert stop.reason == "fault"
    assert stop.detail.endswith(f"in main came {REPEATS:,} times in a row with the same registers: its handler returns to "
                                "where it happens")  # fmt: skip
    assert len(m.faults) == REPEATS + 1
    assert m.seconds < 1


def test_a_handler_that_goes_on_behind_the_fault_does_not(tmp_path: Path) -> None:
    m = machine(tmp_path, SKIPS.replace("NEXT", "adds r0, #1"), handlers={3: "handler"})
    while len(m.faults) < REPEATS + 10:
        assert m.run(seconds=0.01).reason == "time"
    assert len({fault.pc for fault in m.faults}) == 1
