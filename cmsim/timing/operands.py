"""Floating-point registers that an instruction reads and writes: bit masks of S0 to S31 and FPSCR (DDI 0403E, A6)."""

from __future__ import annotations

from dataclasses import dataclass

from ..cortex_m.decode import Instruction, Kind

FPSCR = 1 << 32
_COMPARES = (4, 5)


@dataclass(frozen=True, slots=True)
class FpOperands:
    """Masks: `addend` is what a multiply-accumulate adds to, which it needs later than its factors."""

    reads: int = 0
    writes: int = 0
    addend: int = 0


NOTHING = FpOperands()


def _single(number: int, extra: int) -> int:
    return 1 << (number << 1 | extra)


def fp_operands(instruction: Instruction) -> FpOperands:  # noqa: PLR0911
    """The operands of a floating-point instruction; nothing for any other."""
    word, kind = instruction.word, instruction.kind
    d = _single(word >> 12 & 15, word >> 22 & 1)
    n = _single(word >> 16 & 15, word >> 7 & 1)
    m = _single(word & 15, word >> 5 & 1)
    if kind is Kind.FP_MAC:
        return FpOperands(n | m, d, d)
    if kind in (Kind.FP_SIMPLE, Kind.FP_DIV):
        return _arithmetic(word, d, n, m)
    if kind in (Kind.FP_LOAD, Kind.FP_LOAD_MULTIPLE):
        return FpOperands(0, _run(word, instruction.words))
    if kind in (Kind.FP_STORE, Kind.FP_STORE_MULTIPLE):
        return FpOperands(_run(word, instruction.words))
    if kind is Kind.FP_TRANSFER:
        return FpOperands(n) if word >> 20 & 1 else FpOperands(0, n)
    if kind is Kind.FP_TRANSFER_DUAL:
        pair = m | m << 1
        return FpOperands(pair) if word >> 20 & 1 else FpOperands(0, pair)
    if kind is Kind.FP_SYSTEM:
        return FpOperands(FPSCR) if word >> 20 & 1 else FpOperands(0, FPSCR)
    return NOTHING


def _arithmetic(word: int, d: int, n: int, m: int) -> FpOperands:
    if word >> 20 & 0xB != 0xB:
        return FpOperands(n | m, d)
    if not word >> 6 & 1:
        return FpOperands(0, d)  # VMOV immediate
    if word >> 16 & 15 in _COMPARES:
        return FpOperands(d | (m if word >> 16 & 15 == 4 else 0), FPSCR)
    return FpOperands(m, d)


def _run(word: int, count: int) -> int:
    number, extra = word >> 12 & 15, word >> 22 & 1
    first = 2 * (number | extra << 4) if word >> 8 & 1 else number << 1 | extra
    return (1 << count) - 1 << first & 0xFFFF_FFFF
