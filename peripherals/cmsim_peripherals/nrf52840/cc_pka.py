"""CC_PKA: CryptoCell's engine for large numbers (nRF52840 PS v1.8, section 6.6; Nordic MDK 8.75, SVD of CC_PKA).

32 virtual registers lie where MEMORY_MAP says in a memory of 4 KB; a write of OPCODE computes with as many bits of them
as one of the eight PKA_L says, rounded up to the memory's words of 64 bits. Modular operations take their modulus from
the register that N_NP_T0_T1_ADDR names. What the SVD leaves open follows Arm's driver for the next generation of the
engine (cc312 in Trusted Firmware-M): shifts by one more than operand B says, division leaves the remainder in operand
A, an inversion leaves the greatest common divisor of operand and modulus in operand B (the search for primes of an RSA
key looks there), carry of a subtraction means that there was no borrow.

Not modelled: the time of an operation (none: it is done when the write returns), the use of Np, T0 and T1 (results are
exact without), MODOVRFLW, and results of ModMulN and ModMLACNR beyond the modulus (they are reduced).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from math import gcd

from cmsim.registers import WORD, Register

from .cc_block import CcBlock

SRAM_WORDS = 1024
PKA_WORD = 64
"""Bits: what an operand's length is rounded up to."""
EXTRA_BITS = 8
"""By which operands of modular operations may be longer than the modulus: the driver adds some and does not reduce."""
NO_RESULT, CONSTANT_B, CONSTANT_A = 1 << 11, 1 << 17, 1 << 23
DIVIDED_BY_ZERO, INVERTED_ZERO = 1 << 14, 1 << 15


class Opcode(IntEnum):
    """OPCODE[31:27]."""

    TERMINATE, ADD, SUBTRACT, MOD_ADD, MOD_SUBTRACT = 0x00, 0x04, 0x05, 0x06, 0x07
    AND, OR, XOR = 0x08, 0x09, 0x0A
    SHIFT_RIGHT_0, SHIFT_RIGHT_1, SHIFT_LEFT_0, SHIFT_LEFT_1 = 0x0C, 0x0D, 0x0E, 0x0F
    MULTIPLY_LOW, MOD_MULTIPLY, MOD_MULTIPLY_N, MOD_EXPONENT = 0x10, 0x11, 0x12, 0x13
    DIVIDE, MOD_INVERT, MOD_DIVIDE, MULTIPLY_HIGH = 0x14, 0x15, 0x16, 0x17
    MOD_MULTIPLY_ADD, MOD_MULTIPLY_ADD_N, REDUCE = 0x18, 0x19, 0x1B


MODULAR: dict[Opcode, Callable[[int, int, int, int], int]] = {
    Opcode.MOD_ADD: lambda a, b, c, n: (a + b) % n,
    Opcode.MOD_SUBTRACT: lambda a, b, c, n: (a - b) % n,
    Opcode.MOD_MULTIPLY: lambda a, b, c, n: a * b % n,
    Opcode.MOD_MULTIPLY_N: lambda a, b, c, n: a * b % n,
    Opcode.MOD_MULTIPLY_ADD: lambda a, b, c, n: (a * b + c) % n,
    Opcode.MOD_MULTIPLY_ADD_N: lambda a, b, c, n: (a * b + c) % n,
    Opcode.MOD_EXPONENT: lambda a, b, c, n: pow(a, b, n),
    Opcode.MOD_INVERT: lambda a, b, c, n: pow(b, -1, n),
    Opcode.MOD_DIVIDE: lambda a, b, c, n: a * pow(b, -1, n) % n,
    Opcode.REDUCE: lambda a, b, c, n: a % n,
}
"""(A, B, C, N) -> the result. ValueError where there is no inverse."""
UNREDUCED = frozenset(MODULAR) - {Opcode.MOD_ADD, Opcode.MOD_SUBTRACT}
SHIFTS = frozenset({Opcode.SHIFT_RIGHT_0, Opcode.SHIFT_RIGHT_1, Opcode.SHIFT_LEFT_0, Opcode.SHIFT_LEFT_1})
PLAIN: dict[Opcode, Callable[[int, int, int], int]] = {
    Opcode.ADD: lambda a, b, bits: a + b,
    Opcode.SUBTRACT: lambda a, b, bits: a - b,
    Opcode.AND: lambda a, b, bits: a & b,
    Opcode.OR: lambda a, b, bits: a | b,
    Opcode.XOR: lambda a, b, bits: a ^ b,
    Opcode.SHIFT_RIGHT_0: lambda a, b, bits: a >> b + 1,
    Opcode.SHIFT_RIGHT_1: lambda a, b, bits: (a | (1 << b + 1) - 1 << bits) >> b + 1,
    Opcode.SHIFT_LEFT_0: lambda a, b, bits: a << b + 1,
    Opcode.SHIFT_LEFT_1: lambda a, b, bits: (a + 1 << b + 1) - 1,
    Opcode.MULTIPLY_LOW: lambda a, b, bits: a * b,
    Opcode.MULTIPLY_HIGH: lambda a, b, bits: a * b >> bits,
}
"""(A, B, bits) -> the result before it is cut to `bits`."""


class PublicKeyEngine(CcBlock):
    """CC_PKA."""

    MEMORY_MAP = Register.array(0x000, 32, writable=0x3FE)
    OPCODE = Register(0x080)
    N_NP_T0_T1_ADDR = Register(0x084, 0xF_F820, writable=0xF_FFFF)
    PKA_STATUS = Register(0x088, 0x1000, writable=0)
    sign, carry, out_zero = PKA_STATUS.bit(8), PKA_STATUS.bit(9), PKA_STATUS.bit(12)
    PKA_SW_RESET = Register(0x08C)
    PKA_L = Register.array(0x090, 8, writable=0x1FFF)
    PKA_PIPE = Register(0x0B0, 0x1, writable=0)
    PKA_DONE = Register(0x0B4, 0x1, writable=0)
    PKA_VERSION = Register(0x0C4, 0x1611_0215, writable=0)
    PKA_SRAM_WADDR = Register(0x0D4)
    PKA_SRAM_WDATA = Register(0x0D8)
    PKA_SRAM_RDATA = Register(0x0DC, writable=0)
    PKA_SRAM_WCLEAR = Register(0x0E0)
    PKA_SRAM_RADDR = Register(0x0E4)

    def reset(self) -> None:
        """The memory is lost."""
        super().reset()
        self._pka_sram = [0] * SRAM_WORDS

    def operation_done(self) -> None:
        """PKA_INT is due."""

    # --- memory -----------------------------------------------------------------------------------------------

    @PKA_SRAM_WDATA.on_write
    def _store_operand(self, value: int) -> None:
        self._pka_sram[self.PKA_SRAM_WADDR % SRAM_WORDS] = value
        self.PKA_SRAM_WADDR = self.PKA_SRAM_WADDR + 1 & WORD

    @PKA_SRAM_RDATA.on_read
    def _fetch_operand(self) -> int:
        value = self._pka_sram[self.PKA_SRAM_RADDR % SRAM_WORDS]
        self.PKA_SRAM_RADDR = self.PKA_SRAM_RADDR + 1 & WORD
        return value

    def _number(self, register: int, bits: int) -> int:
        first = self.MEMORY_MAP[register]
        words = (self._pka_sram[(first + n) % SRAM_WORDS] for n in range(bits // 32))
        return sum(word << 32 * n for n, word in enumerate(words))

    def _put(self, register: int, bits: int, value: int) -> None:
        first = self.MEMORY_MAP[register]
        for n in range(bits // 32):
            self._pka_sram[(first + n) % SRAM_WORDS] = value >> 32 * n & WORD

    # --- operations -------------------------------------------------------------------------------------------

    @OPCODE.on_write
    def _operate(self, value: int) -> None:
        try:
            opcode = Opcode(value >> 27)
        except ValueError:
            self.PKA_DONE = self.PKA_PIPE = 0  # for ever: a wrong result would be worse
            self.soc.report_unmodelled(self.name, 0x080, f"public key operation {value >> 27:#x}")
            return
        if opcode is not Opcode.TERMINATE:
            self.PKA_STATUS = opcode << 16
            self._compute(opcode, value)
        self.operation_done()

    def _compute(self, opcode: Opcode, value: int) -> None:
        bits = self.PKA_L[value >> 24 & 7] + (EXTRA_BITS if opcode in UNREDUCED else 0)
        bits = -(-bits // PKA_WORD) * PKA_WORD
        register_a, register_b = value >> 18 & 31, value >> 12 & 31
        a = register_a if value & CONSTANT_A else self._number(register_a, bits)
        b = register_b if value & CONSTANT_B or opcode in SHIFTS else self._number(register_b, bits)
        if opcode in MODULAR:
            result = self._modular(opcode, a, b, self._number(value & 31, bits), bits)
            if opcode is Opcode.MOD_INVERT and not value & CONSTANT_B:
                self._put(register_b, bits, gcd(b, self._number(self.N_NP_T0_T1_ADDR & 31, bits)))
        elif opcode is Opcode.DIVIDE:
            result, rest = divmod(a, b) if b else (0, a)
            self.PKA_STATUS |= 0 if b else DIVIDED_BY_ZERO
            if not value & CONSTANT_A:
                self._put(register_a, bits, rest)
        else:
            result = PLAIN[opcode](a, b, bits)
        self.carry = result >= 0 if opcode is Opcode.SUBTRACT else bool(result >> bits)
        result &= (1 << bits) - 1
        self.sign, self.out_zero = bool(result << 1 >> bits), result == 0
        if not value & NO_RESULT:
            self._put(value >> 6 & 31, bits, result)

    def _modular(self, opcode: Opcode, a: int, b: int, c: int, bits: int) -> int:
        n = self._number(self.N_NP_T0_T1_ADDR & 31, bits)
        try:
            return MODULAR[opcode](a, b, c, n)
        except ZeroDivisionError:
            self.PKA_STATUS |= DIVIDED_BY_ZERO
        except ValueError:  # no inverse, or pow() with the modulus 0
            self.PKA_STATUS |= INVERTED_ZERO if n else DIVIDED_BY_ZERO
        return 0

    @PKA_SW_RESET.on_write
    def _reset_pka(self, value: int) -> None:
        self.PKA_DONE = self.PKA_PIPE = 1
