"""Faults in words, on the gesture application with its first instructions replaced."""

from __future__ import annotations

import pytest

from cmsim import Machine, prebuilt
from cmsim.measure.faults import MEANINGS, explain

UDF = "00de"
LOAD_FROM_NOWHERE = "4ff040400068"  # mov.w r0, #0xc0000000; ldr r0, [r0]


def explained(code: str) -> str:
    """The report after `main` began with `code` (hexadecimal Thumb)."""
    machine = Machine(prebuilt.path("gesture"), "nrf52840dk")
    machine.write("main", bytes.fromhex(code))
    assert machine.run(seconds=0.5).reason in ("fault", "lockup")
    return "\n".join(explain(machine, machine.faults[-1]))


@pytest.mark.parametrize("code, cause, words", [
    (UDF, "UNDEFINSTR", "called from pc 0x"),
    (LOAD_FROM_NOWHERE, "PRECISERR", "0xc0000000 is not mapped"),
])
def test_causes(code: str, cause: str, words: str) -> None:
    text = explained(code)
    assert f"  {cause}: {MEANINGS[cause]}" in text
    assert words in text
    assert "sp=" in text
