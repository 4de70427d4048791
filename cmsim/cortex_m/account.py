"""What blocks cost that did not run to their end: the clock is charged a block at a time, in advance."""

from __future__ import annotations

from dataclasses import dataclass

from .blocks import BlockTable, Learned
from .hot import Clock


@dataclass(frozen=True)
class Rest:
    """What remains of a block in whose middle we stopped: it costs what it would have without the stop."""

    address: int
    size: int
    cycles: int
    instructions: int
    load_store: int
    folded: int
    block: Learned

    @classmethod
    def of(cls, block: Learned, number: int, clock: Clock) -> Rest:
        """From instruction `number` on, as it was charged when the block ran last."""
        price, address = block.price, block.instructions[number].address
        unaligned = block.unaligned_from(number) * clock.unaligned_load.best
        cycles = price.starts[-1] - price.starts[number] + unaligned
        cycles += sum(divide.spent for divide in block.divides if divide.ordinal >= number)
        load_store = folded = 0
        if price.load_store:
            load_store = price.load_store[-1] - price.load_store[number] + unaligned
            folded = price.folded[-1] - price.folded[number]
        size, instructions = block.address + block.size - address, price.length - number
        return cls(address, size, cycles, instructions, load_store, folded, block)

    def count(self, clock: Clock, times: int) -> None:
        """Add it to the counters, or take it from them (-1)."""
        clock.cycles += times * self.cycles
        clock.instructions += times * self.instructions
        clock.load_store += times * self.load_store
        clock.folded += times * self.folded


@dataclass(frozen=True)
class Owed:
    """Cycles of the block at `block` that come when an exception returns to `pc`; its `rest` is not charged yet."""

    block: int
    cycles: int
    pc: int
    rest: Rest | None


class Account:
    """Takes back what did not run, and pays it when it runs after all."""

    def __init__(self, clock: Clock, blocks: BlockTable) -> None:
        self.clock, self.blocks = clock, blocks
        self.open: Rest | None = None
        """To be paid when execution goes on there."""
        self._paid: Rest | None = None

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
        rest = Rest.of(block, number, clock)
        rest.count(clock, -1)
        return rest

    @property
    def ran_last(self) -> Learned | None:
        """The block that ran last, or the whole of which its rest did."""
        address = self.clock.address
        if self._paid is not None and self._paid.address == address:
            return self._paid.block
        return self.blocks.learned.get(address)

    def pay(self, pc: int) -> Rest | None:
        """Going on in the middle of a block, it costs what the whole block would have: measuring changes no count."""
        rest, self.open = self.open, None
        self._paid = None
        if rest is None or rest.address != pc:
            return None
        rest.count(self.clock, 1)
        self.clock.paid, self.clock.paid_size = rest.address, rest.size
        return rest

    def take_back(self, rest: Rest | None) -> None:
        """Behind the run that `rest` was paid for: if it did not come to that, it stays open."""
        clock = self.clock
        if rest is not None and clock.paid == rest.address:
            rest.count(clock, -1)
            self.open = rest
        else:
            self._paid = rest
        clock.paid = 1
