"""CryptoCell's engine for large numbers, each operation against Python's integers, and a signature on P-256."""

import pytest
from cmsim_peripherals.nrf52840.cc_pka import Opcode
from cmsim_peripherals.nrf52840.cryptocell import Cryptocell, CryptoCell310
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.soc import Chip, Row, Soc

P256 = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
N, A, B, C, R = 0, 2, 3, 4, 5
"""Virtual registers."""
WIDTH = 320
EXACT, WHOLE = 0, 1
"""Lengths: 256 bits, as the modulus has, and the whole register."""
STATUS, DONE, PIPE, IRR = 0x088, 0x0B4, 0x0B0, 0xA00
SIGN, CARRY, ZERO, BY_ZERO, NO_INVERSE = 1 << 8, 1 << 9, 1 << 12, 1 << 14, 1 << 15
BIG = st.integers(0, 2**256 - 1)


class Engine:
    """PKA with 32 registers of 320 bits."""

    def __init__(self, modulus: int = P256) -> None:
        rows = Row("CRYPTOCELL", 0x5002_A000, Cryptocell), Row("CC", 0x5002_B000, CryptoCell310)
        self.soc = Soc(Chip("test", "", rows, flash_size=0, ram_size=0x1000))
        self.soc.blocks["CRYPTOCELL"].write(0x500, 1)
        self.block = self.soc.blocks["CC"]
        for n in range(32):
            self.block.write(4 * n, n * WIDTH // 32)
        self.block.write(0x090 + 4 * EXACT, 256)
        self.block.write(0x090 + 4 * WHOLE, WIDTH)
        self.put(N, modulus)

    def put(self, register: int, value: int) -> None:
        self.block.write(0x0D4, register * WIDTH // 32)
        for n in range(WIDTH // 32):
            self.block.write(0x0D8, value >> 32 * n & 0xFFFF_FFFF)

    def get(self, register: int) -> int:
        self.block.write(0x0E4, register * WIDTH // 32)
        return sum(self.block.read(0x0DC) << 32 * n for n in range(WIDTH // 32))

    def run(self, opcode: Opcode, length: int, a: int, b: int, c: int = 0, *, constants: int = 0) -> int:
        """The result; `constants` has bits 17 and 23 for a B and an A within the opcode."""
        fields = a if constants >> 23 & 1 else A, b if constants >> 17 & 1 else B
        for register, value in ((A, a), (B, b), (C, c)):
            self.put(register, value)
        word = opcode << 27 | length << 24 | fields[0] << 18 | fields[1] << 12 | R << 6 | C | constants
        self.block.write(0x080, word)
        assert (self.block.read(DONE), self.block.read(PIPE)) == (1, 1)
        assert self.block.read(STATUS) >> 16 == opcode
        return self.get(R)

    @property
    def status(self) -> int:
        return self.block.read(STATUS) & 0xFFFF


SHIFT = 17
SAMPLES = (0x1234_5678_9ABC_DEF0 << 200 | 0xF00D, 0xFEDC_BA98 << 100 | 0xBEEF)


@pytest.mark.parametrize(
    ("opcode", "result"),
    [
        (Opcode.ADD, SAMPLES[0] + SAMPLES[1]),
        (Opcode.SUBTRACT, SAMPLES[0] - SAMPLES[1]),
        (Opcode.AND, SAMPLES[0] & SAMPLES[1]),
        (Opcode.OR, SAMPLES[0] | SAMPLES[1]),
        (Opcode.XOR, SAMPLES[0] ^ SAMPLES[1]),
        (Opcode.MULTIPLY_LOW, SAMPLES[0] * SAMPLES[1] % 2**WIDTH),
        (Opcode.MULTIPLY_HIGH, SAMPLES[0] * SAMPLES[1] >> WIDTH),
        (Opcode.DIVIDE, SAMPLES[0] // SAMPLES[1]),
    ],
)
def test_plain_operations(opcode: Opcode, result: int) -> None:
    assert Engine().run(opcode, WHOLE, *SAMPLES) == result


@pytest.mark.parametrize(
    ("opcode", "result"),
    [
        (Opcode.SHIFT_RIGHT_0, SAMPLES[0] >> SHIFT + 1),
        (Opcode.SHIFT_RIGHT_1, SAMPLES[0] >> SHIFT + 1 | (2 ** (SHIFT + 1) - 1) << WIDTH - SHIFT - 1),
        (Opcode.SHIFT_LEFT_0, SAMPLES[0] << SHIFT + 1),
        (Opcode.SHIFT_LEFT_1, SAMPLES[0] << SHIFT + 1 | 2 ** (SHIFT + 1) - 1),
    ],
)
def test_shifts_by_one_more_than_b_says(opcode: Opcode, result: int) -> None:
    assert Engine().run(opcode, WHOLE, SAMPLES[0], SHIFT, constants=1 << 17) == result


@settings(max_examples=40, deadline=None)
@given(a=BIG, b=BIG, c=BIG)
def test_modular_operations(a: int, b: int, c: int) -> None:
    engine = Engine()
    assert engine.run(Opcode.MOD_ADD, WHOLE, a, b) == (a + b) % P256
    assert engine.run(Opcode.MOD_SUBTRACT, WHOLE, a, b) == (a - b) % P256
    assert engine.run(Opcode.MOD_MULTIPLY, EXACT, a, b) == a * b % P256
    assert engine.run(Opcode.MOD_MULTIPLY_ADD, EXACT, a, b, c) == (a * b + c) % P256
    assert engine.run(Opcode.MOD_EXPONENT, EXACT, a, 65537) == pow(a, 65537, P256)
    assert engine.run(Opcode.REDUCE, EXACT, a, 0) == a % P256
    if b % P256:
        assert engine.run(Opcode.MOD_INVERT, EXACT, 1, b, constants=1 << 23) * b % P256 == 1
        assert engine.run(Opcode.MOD_DIVIDE, EXACT, a, b) * b % P256 == a % P256


def test_operands_longer_than_the_modulus_are_read_whole() -> None:
    a, b = 0x1AC5F << 244 | 77, 5
    assert a >> 256
    assert Engine().run(Opcode.MOD_MULTIPLY_N, EXACT, a, b) == a * b % P256


def test_division_leaves_the_remainder_in_a() -> None:
    engine = Engine()
    engine.run(Opcode.DIVIDE, WHOLE, *SAMPLES)
    assert engine.get(A) == SAMPLES[0] % SAMPLES[1]


@pytest.mark.parametrize(("b", "left"), [(0x10003 * 5, 1), (0x10001 * 12, 0x10001)])
def test_inversion_leaves_the_greatest_common_divisor_in_b(b: int, left: int) -> None:
    """By this an RSA key's prime P is known to have gcd(e, P - 1) = 1: N is e, B is P - 1."""
    engine = Engine(modulus=0x10001)
    engine.run(Opcode.MOD_INVERT, EXACT, 1, b, constants=1 << 23)
    assert engine.get(B) == left
    assert bool(engine.status & NO_INVERSE) is (left != 1)


def test_status() -> None:
    engine = Engine()
    engine.run(Opcode.SUBTRACT, WHOLE, 5, 5)
    assert engine.status == ZERO | CARRY
    engine.run(Opcode.SUBTRACT, WHOLE, 5, 6)
    assert engine.status == SIGN
    engine.run(Opcode.ADD, WHOLE, 2**WIDTH - 1, 2)
    assert engine.status == CARRY
    engine.run(Opcode.DIVIDE, WHOLE, 5, 0)
    assert engine.status & BY_ZERO
    engine.run(Opcode.MOD_INVERT, EXACT, 1, 0)
    assert engine.status & NO_INVERSE
    engine.put(N, 0)
    for opcode in (Opcode.REDUCE, Opcode.MOD_EXPONENT):
        engine.run(opcode, EXACT, 1, 1)
        assert engine.status & BY_ZERO


def test_a_discarded_result_leaves_flags_only() -> None:
    engine = Engine()
    engine.put(R, 99)
    assert engine.run(Opcode.XOR, WHOLE, 7, 7, constants=1 << 11) == 99
    assert engine.status & ZERO


def test_the_end_of_an_operation_is_an_interrupt() -> None:
    engine = Engine()
    engine.block.write(0xA04, ~(1 << 9) & 0xFFFF_FFFF)
    engine.run(Opcode.ADD, WHOLE, 1, 1)
    assert engine.block.read(IRR) == 1 << 9
    assert engine.block.irq.level


def test_a_signature_on_p256_holds() -> None:
    """RFC 6979, A.2.5, SHA-256 of "sample": s k = e + r d, all by the engine."""
    d = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    k = 0xA6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    e = 0xAF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF
    engine = Engine(ORDER)
    total = engine.run(Opcode.MOD_MULTIPLY_ADD, EXACT, r, d, e)
    s = engine.run(Opcode.MOD_DIVIDE, EXACT, total, k)
    assert s == 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
