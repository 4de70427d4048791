"""Differential test of the decoder against capstone, over every 16-bit encoding and many random 32-bit ones.

Left out of the comparison, because ARMv7E-M has no such instruction or leaves it UNPREDICTABLE:
- what capstone refuses (UNDEFINED, or should-be bits that are wrong) and what the decoder calls UNDEFINED; that it does
  so only for what an ARMv7E-M core has not is `test_what_the_decoder_refuses`;
- ARMv8-M: TT, TTT, TTA, TTAT, BXNS, BLXNS, load-acquire and store-release;
- loads of bytes and halfwords into PC (memory hints, NOPs to us), PC as the addend of a multiplication.
Tolerated, because capstone is wrong: STMDB, VPUSH and VPOP without the base among the written registers, STRBT and
STRHT with the stored register among them, SVC writing LR.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import capstone
import pytest
from capstone import arm

from cmsim.cortex_m.decode import ALWAYS_ALIGNED, LOADS, MEMORY, NO_REGISTER, PC, SP, STORES, Instruction, Kind, decode

NUMBER = {getattr(arm, f"ARM_REG_R{n}"): n for n in range(13)} | {
    arm.ARM_REG_SP: 13, arm.ARM_REG_LR: 14, arm.ARM_REG_PC: 15,
}  # fmt: skip
MULTIPLE = ("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop", "fldm", "fstm")
ARMV8M = ("tt", "bxns", "blxns", "lda", "stl")
ADDRESS = 0x1000
ABSENT = ("udf", "hvc", "smc", "trap", "pssbb", "ssbb", "dfb", *ARMV8M)
"""What capstone knows and an M4 refuses: permanently undefined, or of another profile."""

KINDS = {
    Kind.MUL: ("mul", "muls", "smulbb", "smulbt", "smultb", "smultt", "smulwb", "smulwt", "smuad", "smuadx", "smusd",
               "smusdx", "smmul", "smmulr", "usad8"),
    Kind.MLA: ("mla", "mls", "smlabb", "smlabt", "smlatb", "smlatt", "smlawb", "smlawt", "smlad", "smladx", "smlsd",
               "smlsdx", "smmla", "smmlar", "smmls", "smmlsr", "usada8"),
    Kind.LONG_MUL: ("umull", "smull", "umlal", "smlal", "umaal", "smlalbb", "smlalbt", "smlaltb", "smlaltt", "smlald",
                    "smlaldx", "smlsld", "smlsldx"),
    Kind.DIV: ("sdiv", "udiv"),
    Kind.LOAD_DUAL: ("ldrd",),
    Kind.STORE_DUAL: ("strd",),
    Kind.LOAD_EXCLUSIVE: ("ldrex", "ldrexb", "ldrexh"),
    Kind.STORE_EXCLUSIVE: ("strex", "strexb", "strexh"),
    Kind.CLREX: ("clrex",),
    Kind.TABLE_BRANCH: ("tbb", "tbh"),
    Kind.BRANCH: ("b",),
    Kind.BRANCH_LINK: ("bl",),
    Kind.BRANCH_INDIRECT: ("bx", "blx"),
    Kind.COMPARE_BRANCH: ("cbz", "cbnz"),
    Kind.NOP: ("nop", "hint", "dbg", "csdb", "esb", "pld", "pldw", "pli"),
    Kind.SEV: ("sev",),
    Kind.WFI: ("wfi",),
    Kind.WFE: ("wfe",),
    Kind.YIELD: ("yield",),
    Kind.BARRIER: ("dsb", "dmb", "isb"),
    Kind.MRS: ("mrs", "mrseq"),
    Kind.MSR: ("msr", "msreq"),
    Kind.CPS: ("cpsie", "cpsid"),
    Kind.SVC: ("svc",),
    Kind.BKPT: ("bkpt",),
    Kind.FP_SYSTEM: ("vmrs", "vmsr"),
    Kind.FP_LOAD: ("vldr",),
    Kind.FP_STORE: ("vstr",),
    Kind.FP_MAC: tuple(f"{name}.{size}" for size in ("f32", "f64") for name in (
        "vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms")),
    Kind.FP_DIV: ("vdiv.f32", "vdiv.f64", "vsqrt.f32", "vsqrt.f64"),
}  # fmt: skip
KIND_OF = {name: kind for kind, names in KINDS.items() for name in names}


@pytest.fixture(scope="module")
def reference() -> Any:
    engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    engine.detail = True
    return engine


def narrow() -> Iterator[bytes]:
    """Every 16-bit encoding."""
    return (w.to_bytes(2, "little") for w in range(0xE800))


def wide(seed: int, count: int) -> Iterator[bytes]:
    """Random 32-bit encodings that ARMv7E-M has a group for (DDI 0403E, table A5-9), with likely second halfwords."""
    generator = random.Random(seed)
    for n in range(count):
        a = generator.choice((0xE800, 0xF000, 0xF800)) | generator.randrange(0x800)
        b = generator.randrange(0x10000)
        if a & 0xEC00 == 0xEC00:  # the coprocessor space: only the FPU, without Advanced SIMD
            a, b = 0xEC00 | a & 0x2FF, b & ~0xE00 | 0xA00
            if a & 0x0300 != 0x0200 and a & 0x0120 != 0x0100:  # several registers: as many as there are
                a, b = a & ~0x40, b & ~0x80F0 | 2
        elif a & 0xFF10 == 0xF900:
            a &= ~0x0100  # Advanced SIMD element or structure load/store
        elif n & 1:  # should-be bits of the shifts, DSP, multiply and exclusive groups
            b = generator.choice((b | 0xF000, b | 0xF0F0, b & ~0x00F0, b | 0x0F00, b & ~0x00F0 | 0xF000))
        yield a.to_bytes(2, "little") + b.to_bytes(2, "little")


def hexadecimal(code: bytes) -> str:
    return " ".join(f"{int.from_bytes(code[n : n + 2], 'little'):04x}" for n in range(0, len(code), 2))


def expected_kind(name: str) -> Kind | None:
    """By the mnemonic, where it decides."""
    if name.startswith("it"):
        return Kind.IT
    if name.startswith("b") and len(name) == 3 and name not in ("bic", "bfi", "bfc", "blx"):
        return Kind.BRANCH_CONDITIONAL
    if name.startswith(MULTIPLE):
        kinds = (Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE)
        store = name.startswith(("stm", "push", "vstm", "vpush", "fstm"))
        return kinds[2 * name.startswith(("v", "f")) + store]
    if name in KIND_OF:
        return KIND_OF[name]
    if name.startswith(("ldr", "str")):
        return Kind.LOAD if name.startswith("ldr") else Kind.STORE
    return None if name.startswith("v") else Kind.ALU


def written_registers(theirs: Any, name: str, ours: Instruction) -> int:
    """A bit mask without PC, with capstone's mistakes put right."""
    registers = {NUMBER[r] for r in theirs.regs_access()[1] if r in NUMBER}
    if name in ("stmdb", "vpush", "vpop") and ours.base_step:
        registers.add(ours.base)
    if name in ("strbt", "strht", "strt"):
        registers.discard(ours.word >> 12 & 15)
    if name == "svc":
        registers.clear()
    return sum(1 << r for r in registers - {PC})


def operand_differences(theirs: Any, ours: Instruction) -> list[str]:
    """Base, index, displacement and writeback of single accesses."""
    memory = [o for o in theirs.operands if o.type == arm.ARM_OP_MEM]
    if not memory:
        return []
    operand, last = memory[0].mem, theirs.operands[-1]
    post = last.type == arm.ARM_OP_IMM and theirs.writeback
    if post:
        offset, step = 0, -last.imm if last.subtracted else last.imm
    else:
        offset, step = operand.disp, operand.disp if theirs.writeback else 0
    shift = 1 if theirs.mnemonic == "tbh" else memory[0].shift.value if operand.index else 0
    wanted = {
        "base": NUMBER[operand.base], "index": NUMBER[operand.index] if operand.index else NO_REGISTER,
        "shift": shift, "offset": offset, "base_step": step,
    }  # fmt: skip
    return [f"{k} {getattr(ours, k)}, not {v}" for k, v in wanted.items() if getattr(ours, k) != v]


def multiple_differences(theirs: Any, name: str, ours: Instruction) -> list[str]:
    """Number of registers, first address and writeback of LDM, STM and their kin, computed from the operands."""
    stack = name in ("push", "pop", "vpush", "vpop")
    registers = len(theirs.operands) - (0 if stack else 1)
    if name.startswith("f"):  # FLDMX, FSTMX: one word more than the doubles
        return []
    down = name in ("push", "vpush", "ldmdb", "stmdb", "vldmdb", "vstmdb")
    double = name.startswith("v") and ours.word & 0x100 != 0
    size = registers * (8 if double else 4)
    base = SP if stack else NUMBER[theirs.operands[0].reg]
    base_loaded = ours.kind is Kind.LOAD_MULTIPLE and ours.writes >> base & 1 and ours.base_step is None
    found = []
    if ours.base != base:
        found.append(f"base {ours.base}, not {base}")
    if 4 * ours.words != size:
        found.append(f"{ours.words} words, not {size // 4}")
    if ours.offset != (-size if down else 0):
        found.append(f"offset {ours.offset}")
    step = (-size if down else size) if theirs.writeback or stack else 0
    if not base_loaded and ours.base_step != step and not (ours.size == 2 and name == "ldm"):
        found.append(f"base_step {ours.base_step}, not {step}")
    return found


def differences(theirs: Any, ours: Instruction) -> list[str]:
    name = theirs.mnemonic.removesuffix(".w")
    found = []
    if ours.size != theirs.size:
        return [f"size {ours.size}, not {theirs.size}"]
    kind = expected_kind(name)
    if ours.kind is Kind.BRANCH_INDIRECT and name in ("mov", "add"):
        kind = Kind.BRANCH_INDIRECT  # to PC
    if kind is not None and ours.kind is not kind:
        found.append(f"{ours.kind}, not {kind}")
    if (ours.kind in MEMORY) != (kind in MEMORY if kind else False):
        found.append("memory or not")
    writes = written_registers(theirs, name, ours)
    if ours.writes & ~(1 << PC) != writes:
        found.append(f"writes {ours.writes:04x}, not {writes:04x}")
    if ours.kind in MEMORY:
        if name.startswith(MULTIPLE):
            found += multiple_differences(theirs, name, ours)
        else:
            found += operand_differences(theirs, ours)
    return found


def compare(reference: Any, encodings: Iterator[bytes], at_least: int) -> None:
    wrong, compared = [], 0
    for code in encodings:
        ours = next(decode(code, ADDRESS))
        if ours.kind is Kind.UNDEFINED:
            continue
        theirs = next(reference.disasm(code, ADDRESS), None)
        if theirs is None or theirs.mnemonic.startswith(ARMV8M):
            continue
        if theirs.mnemonic in KINDS[Kind.MLA] and ours.word >> 12 & 15 == PC:
            continue
        if ours.kind is Kind.NOP and theirs.mnemonic.startswith("ldr"):
            continue  # a byte or halfword to PC
        compared += 1
        found = differences(theirs, ours)
        if found:
            wrong.append(f"{hexadecimal(code)}  {theirs.mnemonic} {theirs.op_str}: {'; '.join(found)}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:20])
    assert compared > at_least


def test_every_16_bit_encoding(reference: Any) -> None:
    compare(reference, narrow(), at_least=58_000)


@pytest.mark.parametrize("seed", range(4))
def test_random_32_bit_encodings(reference: Any, seed: int) -> None:
    compare(reference, wide(seed, 40_000), at_least=15_000)


def test_what_the_decoder_refuses(reference: Any) -> None:
    """UNDEFINED only where capstone agrees or knows an instruction of another architecture."""
    wrong = []
    for code in [*narrow(), *wide(9, 40_000)]:
        if next(decode(code, ADDRESS)).kind is Kind.UNDEFINED:
            theirs = next(reference.disasm(code, ADDRESS), None)
            if theirs is not None and not theirs.mnemonic.startswith(ABSENT):
                wrong.append(f"{hexadecimal(code)}  {theirs.mnemonic} {theirs.op_str}")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("first", [0xEF00, 0xEFFF, 0xFC00, 0xFE00, 0xFF00, 0xF920, 0xF9A0])
def test_other_coprocessors_and_advanced_simd_are_undefined(first: int) -> None:
    for second in (0x0A10, 0x1B50, 0x4A8D):
        code = first.to_bytes(2, "little") + second.to_bytes(2, "little")
        assert next(decode(code, 0)).kind is Kind.UNDEFINED


# --- runs of instructions -----------------------------------------------------------------------------------


def assembled(*halfwords: int) -> bytes:
    return b"".join(h.to_bytes(2, "little") for h in halfwords)


@pytest.mark.parametrize(
    ("mask", "length"), [(0b1000, 1), (0b0100, 2), (0b1100, 2), (0b1010, 3), (0b0001, 4), (0b1111, 4)]
)
def test_it_covers_as_many_instructions_as_its_mask_says(mask: int, length: int) -> None:
    run = list(decode(assembled(0xBF00 | mask, *[0x3001] * 6), 0x100))
    assert [i.in_it for i in run] == [False, *[True] * length, *[False] * (6 - length)]


def test_addresses_follow_the_sizes() -> None:
    run = list(decode(assembled(0xBF00, 0xF000, 0xF800, 0x4770), 0x100))
    assert [(i.address, i.size, i.end) for i in run] == [(0x100, 2, 0x102), (0x102, 4, 0x106), (0x106, 2, 0x108)]


def test_half_a_wide_instruction_is_left_out() -> None:
    assert [i.size for i in decode(assembled(0xBF00, 0xF000), 0)] == [2]
    assert list(decode(b"\x00", 0)) == []


def test_kinds_are_sorted() -> None:
    assert not LOADS & STORES
    assert Kind.LOAD not in ALWAYS_ALIGNED
    assert Kind.LOAD_DUAL in ALWAYS_ALIGNED
    assert next(decode(assembled(0x4801), 0)).literal
