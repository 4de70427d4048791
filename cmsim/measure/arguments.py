"""What a function was called with, at its entry: words in R0 to R3, the others on the stack (AAPCS); and what they
point to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..cortex_m.cpu import Cpu
    from ..machine import Machine


def word(cpu: Cpu, address: int) -> int | None:
    """The word at an address; None where there is no memory."""
    found = cpu.bus.memory(address, 4)
    return None if found is None else int.from_bytes(found[0][found[1] : found[1] + 4], "little")


def load(machine: Machine, address: int) -> int:
    """The word at an address; 0 where there is no memory."""
    return word(machine.cpu, address) or 0


def argument(machine: Machine, core: Sequence[int], position: int) -> int:
    """The word at `position`, from 0 on; `core` are the registers R0 to R15 as they were then."""
    return core[position] if position < 4 else load(machine, core[13] + 4 * (position - 4))
