"""A second statement of the Cortex-M4F's timing rules: instruction by instruction over a trace, each rule a line.

Written from the documents, not from `cmsim/timing/pipeline.py`, and in another form: no clock and no stages, but a
price for each instruction by the table (Arm DDI 0439D, tables 3-1 and 7-1), then what its predecessor takes off or
adds (DDI 0439D and DDI 0337I section 3.3.2, DDI 0439D 7.2.3; measurements by jnk0le). Slow, and only for tests.

Not modelled: the prefetch buffer (traces in which no 32-bit instruction straddles a word do not need it), memories,
jumps, skipped instructions.
"""

from __future__ import annotations

from collections.abc import Sequence

from cmsim.cortex_m.decode import NO_REGISTER, PC, Instruction, Kind

TABLE = {
    **dict.fromkeys(
        (Kind.ALU, Kind.MUL, Kind.MLA, Kind.LONG_MUL, Kind.NOP, Kind.SEV, Kind.CPS, Kind.CLREX, Kind.FP_SIMPLE,
         Kind.FP_TRANSFER, Kind.FP_SYSTEM), 1),
    **dict.fromkeys((Kind.LOAD, Kind.FP_LOAD, Kind.LOAD_EXCLUSIVE, Kind.STORE_EXCLUSIVE, Kind.FP_TRANSFER_DUAL), 2),
    **dict.fromkeys((Kind.LOAD_DUAL, Kind.STORE_DUAL, Kind.FP_MAC), 3),
    Kind.FP_DIV: 1,  # the 14 cycles concern who needs the unit or the result
}  # fmt: skip
LATE = (Kind.ALU, Kind.MUL, Kind.MLA, Kind.LONG_MUL)
"""Results that come too late for the address of the next load or store (jnk0le; DDI 0337I: data processing)."""
SINGLE_LOADS = (Kind.LOAD, Kind.LOAD_EXCLUSIVE, Kind.STORE_EXCLUSIVE)
ANY_LOADS = (*SINGLE_LOADS, Kind.LOAD_DUAL, Kind.LOAD_MULTIPLE, Kind.FP_LOAD, Kind.FP_LOAD_MULTIPLE)
ANY_STORES = (Kind.STORE, Kind.STORE_DUAL, Kind.STORE_MULTIPLE, Kind.FP_STORE)
DIVIDE = 14
RESULT = 1
"""What an FP result takes more until an FP instruction can read it."""


def addresses(i: Instruction) -> set[int]:
    """The registers that make up the address."""
    if i.kind not in (*ANY_LOADS, *ANY_STORES) or i.base == PC:
        return set()
    return {register for register in (i.base, i.index) if register != NO_REGISTER}


def written(i: Instruction) -> set[int]:
    """Core registers."""
    return {register for register in range(16) if i.writes >> register & 1}


def price(i: Instruction) -> int:
    """By itself."""
    if i.kind is Kind.STORE:  # an address that takes no addition of registers: the write buffer does the rest
        return 2 if i.index != NO_REGISTER else 1
    if i.kind is Kind.FP_STORE and i.words == 1:
        return 1
    if i.kind in (Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE,
                  Kind.FP_LOAD, Kind.FP_STORE):  # fmt: skip
        return 1 + i.words
    return TABLE[i.kind]


def overlaps(before: Instruction, i: Instruction) -> bool:
    """Whether `i` can put out its address while the load `before` waits for its data."""
    if before.kind not in SINGLE_LOADS and not (before.kind is Kind.FP_LOAD and before.words == 1):
        return False
    if i.kind not in (*SINGLE_LOADS, Kind.STORE) and not (i.kind in (Kind.FP_LOAD, Kind.FP_STORE) and i.words == 1):
        return False
    if written(before) & addresses(i) and before.kind in SINGLE_LOADS:
        return False
    return not (before.base_step and before.base == i.base)


def core(trace: Sequence[Instruction], *, store_hides_behind_load: bool = True) -> int:
    """Cycles of a trace without floating-point arithmetic.

    `store_hides_behind_load`: sources disagree on LDR; STR #imm. DDI 0337I 3.3.2 gives 3 cycles for such a pair, jnk0le
    found that the store takes the load's second cycle (2).
    """
    total = 0
    before: Instruction | None = None
    for i in trace:
        cycles = price(i)
        if before is not None:
            if i.kind is Kind.NOP and (
                (before.kind in SINGLE_LOADS) or (before.kind is Kind.FP_LOAD and before.words == 1)
                or (before.kind is Kind.STORE and before.index != NO_REGISTER)
            ):
                cycles = 0  # it executes in the cycle that the access waits
            if overlaps(before, i) and (i.kind not in (Kind.STORE, Kind.FP_STORE) or store_hides_behind_load):
                cycles -= 1
            if before.kind in ANY_STORES and i.kind in ANY_LOADS and i.kind is not Kind.STORE_EXCLUSIVE:
                cycles += 1
            if before.kind in LATE and written(before) & addresses(i):
                cycles += 1
        total += cycles
        before = i
    return total


FpOperation = tuple[str, int, tuple[int, ...], int]
"""Of an FP instruction: what it is (simple, mac, divide), the register it writes, those it reads, and the one it adds to
(-1: none), which does not wait."""


def floating_point(trace: Sequence[FpOperation | None]) -> int:
    """Cycles of FP arithmetic on S registers, with one-cycle integer instructions (None) in between."""
    now = 0
    unit = 0
    ready: dict[int, int] = {}
    for operation in trace:
        if operation is None:
            now += 1
            continue
        what, target, sources, _addend = operation
        now = max([now, unit, *(ready.get(source, 0) for source in sources)])
        length = {"simple": 1, "mac": 3, "divide": DIVIDE}[what]
        ready[target] = now + length + RESULT
        unit = now + length
        now += 1 if what == "divide" else length
    return now
