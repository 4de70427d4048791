"""The last function calls: what a failing test of firmware shows."""

from __future__ import annotations

from pathlib import Path

from support.assembler import assemble

from cmsim import Machine
from cmsim.testing import BoardUnderTest

SOURCE = """
main:    bl first
         bl second
end:     b end
first:   bx lr
second:  push {r4, lr}
         svc #0
         bl first
         b.w third
third:   pop {r4, pc}
handler: bx lr
"""
NAMES = ["first", "second", "third", "handler"]


def calls(of: BoardUnderTest, count: int = 20) -> list[str]:
    return [line.partition(": ")[2] for line in of.recent_calls(count)]


def test_functions_in_the_order_of_their_entry(tmp_path: Path) -> None:
    for profile in (False, True):
        elf = assemble(tmp_path, SOURCE, functions=NAMES, handlers={11: "handler"})
        m = BoardUnderTest(elf, "nrf52840dk", profile=profile)
        assert m.recent_calls() == []
        m.run(seconds=1e-5)
        assert calls(m) == [
            "main, called by main stack", "first, called by main", "second, called by main",
            "handler, called by exception SVCall", "first, called by second", "third, called by main",
        ]  # fmt: skip
        assert calls(m, 2) == calls(m)[-2:]
        assert ("profile" in m.record) is profile


def test_following_calls_changes_no_cycle(tmp_path: Path) -> None:
    elf = assemble(tmp_path, SOURCE, functions=NAMES, handlers={11: "handler"})
    plain, tested = Machine(elf, "nrf52840dk"), BoardUnderTest(elf, "nrf52840dk")
    for m in (plain, tested):
        m.run(seconds=1e-5)
    assert (plain.cycles, plain.instructions) == (tested.cycles, tested.instructions)


def test_a_reset_begins_anew(tmp_path: Path) -> None:
    m = BoardUnderTest(assemble(tmp_path, SOURCE, functions=NAMES, handlers={11: "handler"}), "nrf52840dk")
    m.run(seconds=1e-5)
    m.reset()
    m.run(seconds=1e-5)
    assert calls(m)[5:8] == ["third, called by main", "main, called by main stack", "first, called by main"]
