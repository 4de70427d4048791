"""Registers declared as class attributes, compiled to one dispatch table per class.

    class Rng(NordicPeripheral):
        CONFIG = Register(0x504, writable=0x1)
        VALUE = Register(0x508, writable=0)
        CC = Register.array(0x540, 6)
        corrected = CONFIG.bit(0)

        @CONFIG.on_write
        def _configure(self, value: int) -> None: ...

        @CC.on_write
        def _compare(self, n: int, value: int) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, Self, TypeVar, overload

E = TypeVar("E", bound=int)
F = TypeVar("F", bound=Callable[..., Any])
Read = Callable[[Any], int]
Write = Callable[[Any, int], None]
WORD = 0xFFFF_FFFF


class Slot:
    """One addressable word; plain storage until a handler says otherwise."""

    def __init__(self, offset: int, reset: int = 0, *, writable: int = WORD) -> None:
        self.offset, self.reset, self.writable = offset, reset, writable
        self.name = ""
        self.read_handler: Read | None = None
        self.write_handler: Write | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def on_read(self, handler: F) -> F:
        """`handler(self) -> int` computes what software reads."""
        self.read_handler = handler
        return handler

    def on_write(self, handler: F) -> F:
        """`handler(self, value)` runs after the writable bits are stored; `value` is what was written."""
        self.write_handler = handler
        return handler

    def slots(self) -> Iterator[Slot]:
        """The addressable words that this declaration stands for."""
        yield self


class Register(Slot):
    """A slot whose value reads and assigns as an attribute of the block."""

    @classmethod
    def array(
        cls, offset: int, count: int, *, stride: int = 4, reset: int = 0, writable: int = WORD
    ) -> RegisterArray:
        """`count` registers `stride` bytes apart, e.g. CC[0..5]; handlers get the index first."""
        return RegisterArray(offset, count, stride, reset, writable)

    @overload
    def __get__(self, block: None, owner: type) -> Self: ...
    @overload
    def __get__(self, block: RegisterBlock, owner: type) -> int: ...
    def __get__(self, block: RegisterBlock | None, owner: type) -> Self | int:
        return self if block is None else block.values[self.offset]

    def __set__(self, block: RegisterBlock, value: int) -> None:
        block.values[self.offset] = value

    def field(self, msb: int, lsb: int) -> Field[int]:
        """Bits msb..lsb as an unsigned number."""
        return Field(self, msb, lsb, int)

    def enum(self, msb: int, lsb: int, kind: type[E]) -> Field[E]:
        """Bits msb..lsb as a member of `kind`."""
        return Field(self, msb, lsb, kind)

    def bit(self, n: int) -> Field[bool]:
        """Bit n as a truth value."""
        return Field(self, n, n, bool)


class Latched(Register):
    """Bits that the hardware sets and keeps; software clears them by writing 1 (ERRORSRC, RESETREAS, CFSR ...)."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset, writable=0)
        self.write_handler = self._clear

    def _clear(self, block: RegisterBlock, ones: int) -> None:
        block.values[self.offset] &= ~ones


class SetOf(Slot):
    """Write 1 to set bits of `target` (OUTSET, CHENSET ...); reads as the target."""

    def __init__(self, offset: int, target: Register) -> None:
        super().__init__(offset)
        self.read_handler = lambda block: block.values[target.offset]
        self.write_handler = lambda block, value: block.write(
            target.offset, block.values[target.offset] | value & target.writable
        )


class ClearOf(Slot):
    """Write 1 to clear bits of `target` (OUTCLR, CHENCLR ...); reads as the target."""

    def __init__(self, offset: int, target: Register) -> None:
        super().__init__(offset)
        self.read_handler = lambda block: block.values[target.offset]
        self.write_handler = lambda block, value: block.write(
            target.offset, block.values[target.offset] & ~(value & target.writable)
        )


class ArrayView:
    """The values of a register array in one block, by index."""

    def __init__(self, values: dict[int, int], offsets: range) -> None:
        self._values, self._offsets = values, offsets

    def __getitem__(self, n: int) -> int:
        return self._values[self._offsets[n]]

    def __setitem__(self, n: int, value: int) -> None:
        self._values[self._offsets[n]] = value

    def __len__(self) -> int:
        return len(self._offsets)

    def __iter__(self) -> Iterator[int]:
        return (self._values[offset] for offset in self._offsets)


class ArraySlots(Slot, Generic[E]):
    """A run of like slots; subclasses say what one element is."""

    element: Callable[[int, int, int], Slot]

    def __init__(self, offset: int, count: int, stride: int = 4, reset: int = 0, writable: int = WORD) -> None:
        super().__init__(offset, reset, writable=writable)
        self.count, self.offsets = count, range(offset, offset + count * stride, stride)

    def make(self, offset: int) -> Slot:
        """One element at `offset`."""
        return Slot(offset, self.reset, writable=self.writable)

    def slots(self) -> Iterator[Slot]:
        """One slot an element, its handlers bound to its index."""
        for n, offset in enumerate(self.offsets):
            slot = self.make(offset)
            slot.name = f"{self.name}[{n}]"
            self._bind(slot, n)
            yield slot

    def _bind(self, slot: Slot, n: int) -> None:
        read, write = self.read_handler, self.write_handler
        if read is not None:
            indexed_read: Callable[[Any, int], int] = read  # type: ignore[assignment]
            slot.read_handler = lambda block: indexed_read(block, n)
        if write is not None:
            indexed_write: Callable[[Any, int, int], None] = write  # type: ignore[assignment]
            slot.write_handler = lambda block, value: indexed_write(block, n, value)


class RegisterArray(ArraySlots[int]):
    """CC[0..5], PIN_CNF[0..31]: reads as an `ArrayView`."""

    @overload
    def __get__(self, block: None, owner: type) -> Self: ...
    @overload
    def __get__(self, block: RegisterBlock, owner: type) -> ArrayView: ...
    def __get__(self, block: RegisterBlock | None, owner: type) -> Self | ArrayView:
        return self if block is None else ArrayView(block.values, self.offsets)


class Field(Generic[E]):
    """A named bit range of a register, read and written as `kind`."""

    def __init__(self, register: Register, msb: int, lsb: int, kind: type[E]) -> None:
        self.register, self.lsb, self.kind = register, lsb, kind
        self.mask = (1 << (msb - lsb + 1)) - 1

    @overload
    def __get__(self, block: None, owner: type) -> Self: ...
    @overload
    def __get__(self, block: RegisterBlock, owner: type) -> E: ...
    def __get__(self, block: RegisterBlock | None, owner: type) -> Self | E:
        if block is None:
            return self
        return self.kind(block.values[self.register.offset] >> self.lsb & self.mask)

    def __set__(self, block: RegisterBlock, value: int) -> None:
        offset = self.register.offset
        block.values[offset] = block.values[offset] & ~(self.mask << self.lsb) | (value & self.mask) << self.lsb


class RegisterBlock:
    """Anything software sees as registers: an MMIO peripheral or an I2C sensor."""

    registers: ClassVar[dict[int, Slot]] = {}
    values: dict[int, int]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.registers = {}
        for base in reversed(cls.__mro__[1:]):  # POWER and CLOCK are two classes and one block: merge every base
            cls.registers.update(vars(base).get("registers", {}))
        own: set[int] = set()
        for item in vars(cls).values():
            if not isinstance(item, Slot):
                continue
            for slot in item.slots():
                if slot.offset in own:
                    raise TypeError(
                        f"{cls.__name__}.{slot.name}: 0x{slot.offset:x} is already "
                        f"{cls.registers[slot.offset].name}"
                    )
                own.add(slot.offset)
                cls.registers[slot.offset] = slot  # a subclass may redefine what its base declared

    def __init__(self) -> None:
        self.values = {}
        self.reset()

    def reset(self) -> None:
        """Every register to its reset value; models extend this to stop what they were doing."""
        self.values.update((offset, slot.reset) for offset, slot in self.registers.items())

    def read(self, offset: int) -> int:
        """What a 32-bit read (8-bit for an I2C part) of `offset` gives."""
        slot = self.registers.get(offset)
        if slot is None:
            return self.unmapped_read(offset)
        return self.values[offset] if slot.read_handler is None else slot.read_handler(self)

    def stores(self, offset: int) -> bool:
        """Whether `offset` is plain storage: until somebody writes, or time brings an event, it reads the same."""
        slot = self.registers.get(offset)
        return slot is not None and slot.read_handler is None and type(self).read is RegisterBlock.read

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """Store the writable bits of `value` (only those in `mask` for a narrow access), then run the handler."""
        slot = self.registers.get(offset)
        if slot is None:
            self.unmapped_write(offset, value)
            return
        writable = slot.writable & mask
        self.values[offset] = self.values[offset] & ~writable | value & writable
        if slot.write_handler is not None:
            slot.write_handler(self, value & mask)

    def unmapped_read(self, offset: int) -> int:
        """An offset that the model does not declare."""
        raise LookupError(f"{type(self).__name__}: read of 0x{offset:03x}, which is not modelled")

    def unmapped_write(self, offset: int, value: int) -> None:
        """An offset that the model does not declare."""
        raise LookupError(f"{type(self).__name__}: write of 0x{value:x} to 0x{offset:03x}, which is not modelled")
