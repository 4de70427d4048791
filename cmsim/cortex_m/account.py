"""What blocks cost that did not run to their end: the clock is charged a block at a time, in advance."""

from __future__ import annotations

from dataclasses import dataclass

from .blocks import BlockTable
from .hot import Clock


@dataclass(frozen=True)
class Rest:
    """What remains of a block in whose middle we stopped: it costs what it would have without the stop."""

    address: int
    size: int
    cycles: int
    instructions: int


class Account:
    """Takes back what did not run, and pays it when it runs after all."""

    def __init__(self, clock: Clock, blocks: BlockTable) -> None:
        self.clock, self.blocks = clock, blocks
        self.open: Rest | None = None
        """To be paid when execution goes on there."""

    def refund(self, address: int) -> Rest | None:
        """The block that was charged ran only up to the instruction at `address`; what was taken back."""
        clock = self.clock
        if clock.hook_at == address and clock.hook_instructions == clock.instructions:
            clock.cycles -= clock.hook_cycles  # its hook charges it again
            clock.hook_at = 1
        found = self.blocks.instruction_at(clock.address, address)
        clock.fall_through = address
        if found is None:
            return None
        number, block = found
        cycles, instructions = block.starts[-1] - block.starts[number], len(block.instructions) - number
        cycles += sum(divide.spent for divide in block.divides if divide.ordinal >= number)
        cycles += block.unaligned_from(number) * clock.unaligned_load.best
        clock.cycles -= cycles
        clock.instructions -= instructions
        return Rest(address, block.address + block.size - address, cycles, instructions)

    def pay(self, pc: int) -> Rest | None:
        """Going on in the middle of a block, it costs what the whole block would have: measuring changes no count."""
        rest, self.open = self.open, None
        if rest is None or rest.address != pc:
            return None
        self.clock.cycles += rest.cycles
        self.clock.instructions += rest.instructions
        self.clock.paid, self.clock.paid_size = rest.address, rest.size
        return rest

    def take_back(self, rest: Rest | None) -> None:
        """Behind the run that `rest` was paid for: if it did not come to that, it stays open."""
        clock = self.clock
        if rest is not None and clock.paid == rest.address:
            clock.cycles -= rest.cycles
            clock.instructions -= rest.instructions
            self.open = rest
        clock.paid = 1
