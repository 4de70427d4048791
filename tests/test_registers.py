"""Register declarations: slots, fields, arrays, set and clear registers, handlers."""

from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.registers import ArrayView, ClearOf, Latched, Register, RegisterBlock, SetOf


class Speed(IntEnum):
    SLOW, FAST = 0, 2


class Block(RegisterBlock):
    PLAIN = Register(0x500, reset=0x1234_5678)
    MASKED = Register(0x504, reset=0xF0, writable=0x0F)
    READ_ONLY = Register(0x508, reset=7, writable=0)
    OUT = Register(0x50C, writable=0xFF)
    OUTSET = SetOf(0x510, OUT)
    OUTCLR = ClearOf(0x514, OUT)
    COUNT = Register(0x518)
    CC = Register.array(0x540, 3, reset=9, writable=0xFF)
    CAUSE = Latched(0x5F0)
    BYTES = Register.array(0x600, 2, stride=1)

    enabled = PLAIN.bit(0)
    middle = PLAIN.field(15, 8)
    speed = MASKED.enum(1, 0, Speed)

    def __init__(self) -> None:
        self.log: list[tuple[str, int, int]] = []
        super().__init__()

    @OUT.on_write
    def _out(self, value: int) -> None:
        self.log.append(("OUT", self.OUT, value))

    @COUNT.on_read
    def _count(self) -> int:
        self.COUNT += 1
        return self.COUNT

    @CC.on_write
    def _compare(self, n: int, value: int) -> None:
        self.log.append(("CC", n, value))

    @CC.on_read
    def _captured(self, n: int) -> int:
        return self.CC[n] + 100 * n


@pytest.fixture
def block() -> Block:
    return Block()


def test_reset_values_and_reset(block: Block) -> None:
    assert (block.read(0x500), block.read(0x504), block.read(0x508)) == (0x1234_5678, 0xF0, 7)
    block.write(0x500, 1)
    block.CC[2] = 5
    block.reset()
    assert block.PLAIN == 0x1234_5678
    assert list(block.CC) == [9, 9, 9]


def test_latched_bits_are_cleared_by_ones_and_never_set_by_software(block: Block) -> None:
    block.CAUSE = 0b1110
    block.write(0x5F0, 0b0101)
    assert block.read(0x5F0) == block.CAUSE == 0b1010
    block.write(0x5F0, 0b1111, mask=0b0011)  # a narrow access
    assert block.CAUSE == 0b1000


def test_only_writable_bits_are_stored(block: Block) -> None:
    block.write(0x504, 0xFFFF_FFFF)
    block.write(0x508, 0xFFFF_FFFF)
    assert (block.MASKED, block.READ_ONLY) == (0xFF, 7)


@given(value=st.integers(0, 0xFFFF_FFFF), mask=st.sampled_from((0xFF, 0xFF00, 0xFFFF, 0xFFFF_0000, 0xFFFF_FFFF)))
def test_a_narrow_write_leaves_the_other_bytes(value: int, mask: int) -> None:
    block = Block()
    block.write(0x500, value, mask)
    assert block.read(0x500) == (0x1234_5678 & ~mask) | (value & mask)


def test_the_handler_sees_what_was_written_after_it_was_stored(block: Block) -> None:
    block.write(0x50C, 0x1FF)
    assert block.log == [("OUT", 0xFF, 0x1FF)]
    block.log.clear()
    block.write(0x50C, 0x1234, 0xFF)
    assert block.log == [("OUT", 0x34, 0x34)]


def test_set_and_clear_registers(block: Block) -> None:
    block.write(0x510, 0x30F)
    assert block.read(0x50C) == block.read(0x510) == block.read(0x514) == 0x0F
    block.write(0x514, 0x05)
    assert block.OUT == 0x0A
    block.write(0x510, 0xF0F0, 0xFF)
    assert block.OUT == 0xFA
    assert [entry[1] for entry in block.log] == [0x0F, 0x0A, 0xFA]  # the target's handler hears of it


def test_read_handlers(block: Block) -> None:
    assert [block.read(0x518), block.read(0x518)] == [1, 2]
    assert block.COUNT == 2  # the attribute is the storage, not the handler


def test_arrays(block: Block) -> None:
    block.write(0x544, 0x1FF)
    assert block.log == [("CC", 1, 0x1FF)]
    assert block.CC[1] == 0xFF
    assert block.read(0x544) == 0xFF + 100
    assert isinstance(block.CC, ArrayView)
    assert len(block.CC) == 3
    block.CC[0] = 4
    assert list(block.CC) == [4, 0xFF, 9]
    block.write(0x601, 3)
    assert list(block.BYTES) == [0, 3]
    assert Block.registers[0x548].name == "CC[2]"


def test_fields(block: Block) -> None:
    assert (block.enabled, block.middle) == (False, 0x56)
    block.middle = 0x1AB  # what does not fit is cut off
    block.enabled = True
    assert block.PLAIN == 0x1234_AB79
    assert block.enabled is True
    block.MASKED = 0x02
    assert block.speed is Speed.FAST
    block.speed = Speed.SLOW
    assert block.MASKED == 0
    block.MASKED = 0x01
    with pytest.raises(ValueError, match="1 is not a valid Speed"):
        _ = block.speed


def test_declarations_are_reachable_on_the_class() -> None:
    assert Block.PLAIN.offset == 0x500
    assert Block.PLAIN.name == "PLAIN"
    assert Block.enabled.register is Block.PLAIN
    assert Block.registers[0x500] is Block.PLAIN


def test_blocks_do_not_share_values() -> None:
    one, other = Block(), Block()
    one.write(0x500, 1)
    assert other.PLAIN == 0x1234_5678


def test_an_offset_that_is_not_declared_is_loud(block: Block) -> None:
    with pytest.raises(LookupError, match="Block: read of 0x999, which is not modelled"):
        block.read(0x999)
    with pytest.raises(LookupError, match="Block: write of 0x5 to 0x999, which is not modelled"):
        block.write(0x999, 5)


def test_one_offset_twice_is_a_mistake() -> None:
    with pytest.raises(TypeError, match=r"Twice\.B: 0x104 is already A\[1\]"):

        class Twice(RegisterBlock):
            A = Register.array(0x100, 2)
            B = Register(0x104)


def test_inheritance_adds_and_redefines() -> None:
    class Child(Block):
        PLAIN = Register(0x500, reset=1)
        EXTRA = Register(0x700, reset=2)

    child = Child()
    assert (child.read(0x500), child.read(0x700), child.read(0x504)) == (1, 2, 0xF0)
    assert 0x700 not in Block.registers
    assert Block().read(0x500) == 0x1234_5678


def test_two_bases_become_one_block() -> None:
    class Other(RegisterBlock):
        OTHER = Register(0x800, reset=3)

    class Both(Block, Other):
        pass

    both = Both()
    assert (both.read(0x800), both.read(0x508)) == (3, 7)


def test_the_first_base_wins_where_two_declare_an_offset() -> None:
    class Other(RegisterBlock):
        THEIRS = Register(0x500, reset=3)

    class Both(Block, Other):
        pass

    assert Both().read(0x500) == 0x1234_5678
