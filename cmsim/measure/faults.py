"""A fault in words: what its status bits mean, the registers that were stacked, who called, what is likely wrong.

ARMv7-M Architecture Reference Manual, B3.2.15 and B3.2.16 (CFSR, HFSR). The call stack is a conservative scan: every
word above the exception frame that points behind a BL or BLX in code counts as a return address, so that stale ones may
be among them.

Not modelled: exact unwinding by .ARM.exidx or .debug_frame; stacks of threads by name; frames of a fault whose handler
has moved the stack pointer since.
"""

from __future__ import annotations

from struct import unpack_from
from typing import TYPE_CHECKING

from ..cortex_m.exceptions import Fault

if TYPE_CHECKING:
    from ..machine import Machine

MEANINGS = {
    "IACCVIOL": "instruction fetch from where execution is not allowed (a call through a bad pointer?)",
    "DACCVIOL": "data access that the MPU does not allow",
    "MUNSTKERR": "the MPU did not allow to unstack registers on return from an exception",
    "MSTKERR": "the MPU did not allow to stack registers on entry to an exception (stack overflow?)",
    "MLSPERR": "the MPU did not allow to save floating-point registers",
    "IBUSERR": "instruction fetch from where there is no memory (a call through a bad pointer, or a smashed stack?)",
    "PRECISERR": "data access to where nothing answers",
    "IMPRECISERR": "a buffered write went to where nothing answers; the PC lies behind the store",
    "UNSTKERR": "no memory under the stack pointer on return from an exception",
    "STKERR": "no memory under the stack pointer on entry to an exception (stack overflow?)",
    "LSPERR": "no memory where floating-point registers were to be saved",
    "UNDEFINSTR": "an instruction that this processor does not have (data executed, or code for another core?)",
    "INVSTATE": "a branch to an even address, as if to Arm code (a null or bad function pointer?)",
    "INVPC": "an invalid EXC_RETURN value or integrity check on return from an exception",
    "NOCP": "a floating-point or coprocessor instruction while the FPU is off (CPACR): enable it at start-up",
    "UNALIGNED": "an unaligned access by an instruction that needs alignment (LDRD, LDM, STM, VLDR): align the buffer "
                 "or arena, for instance with alignas(16)",
    "DIVBYZERO": "a division by zero, with CCR.DIV_0_TRP set",
    "VECTTBL": "the vector table could not be read (VTOR, or an image at another address?)",
}
"""Bit of CFSR or HFSR -> what it says."""
MOST_CALLERS = 16
SCANNED = 4096
"""Bytes of stack that are searched."""


def explain(machine: Machine, fault: Fault) -> list[str]:
    """Lines for people. Registers and callers are there while the handler of `fault` is the last thing that began."""
    line = machine.image.line(fault.pc)
    lines = [machine.describe(fault) + (f" ({line})" if line is not None else "")]
    lines += [f"  {bit}: {text}" for bit, text in MEANINGS.items() if bit in fault.cause.replace(",", " ").split()]
    if fault.address is not None:
        lines.append(f"  {_neighbourhood(machine, fault.address)}")
    if machine.faults and fault is machine.faults[-1]:
        lines += _frame(machine, fault)
    return lines


def _neighbourhood(machine: Machine, address: int) -> str:
    """What lies at or below an address."""
    chip = machine.soc.chip
    found = machine.soc.block_at(address)
    if found is not None:
        return f"0x{address:08x} is register 0x{found[1]:03x} of {_block_below(machine, address)}"
    if address < 0x100:
        return f"0x{address:08x} is a null pointer with an offset"
    stack = machine.image.stack_bounds()
    if stack is not None and stack.low - 256 <= address < stack.low:
        return f"0x{address:08x} lies {stack.low - address} bytes below the main stack: it has overflowed"
    for name, base, size in (("flash", chip.flash_base, chip.flash_size), ("RAM", chip.ram_base, chip.ram_size)):
        if base <= address < base + size:
            return f"0x{address:08x} is in {name}"
        if base + size <= address < base + size + 0x10000:
            return f"0x{address:08x} lies {address - base - size} bytes behind the end of {name}"
    below = _block_below(machine, address)
    return f"0x{address:08x} is not mapped" + (f"; the next block below is {below}" if below else "")


def _block_below(machine: Machine, address: int) -> str:
    rows = [row for row in machine.soc.chip.rows if row.base <= address]
    return max(rows, key=lambda row: row.base + row.first).name if rows else ""


def _frame(machine: Machine, fault: Fault) -> list[str]:
    """The registers at the fault and the callers, as far as registers or the frame still tell."""
    registers = machine.registers
    if registers["pc"] & ~1 == fault.pc & ~1:  # the run ended before the exception's entry
        lines = ["  " + " ".join(f"{name}={registers[name]:08x}" for name in row) for row in
                 (("r0", "r1", "r2", "r3", "r12"), ("sp", "lr", "pc"))]
        return lines + _callers(machine, registers["lr"], registers["sp"])
    if not machine.in_fault_handler or registers["lr"] >> 28 != 0xF:
        return []
    base = registers["sp"]
    found = machine.cpu.bus.memory(base, 32)
    if found is None or registers["lr"] & 4:
        return []
    words = unpack_from("<8I", *found)
    if words[6] & ~1 != fault.pc & ~1:
        return []
    names = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")
    lines = ["  " + " ".join(f"{name}={value:08x}" for name, value in zip(names, words, strict=True))]
    size = (32 if registers["lr"] & 0x10 else 104) + (4 if words[7] & 0x200 else 0)
    return lines + _callers(machine, words[5], base + size)


def _callers(machine: Machine, link: int, stack: int) -> list[str]:
    """Where LR and the words from `stack` up return to."""
    lines = []
    callers = [word for word in (link, *_words(machine, stack)) if _is_return_address(machine, word)]
    for word in list(dict.fromkeys(callers))[:MOST_CALLERS]:
        line = machine.image.line((word & ~1) - 2)
        lines.append(f"  called from {machine.place((word & ~1) - 2)}" + (f" ({line})" if line is not None else ""))
    return lines


def _words(machine: Machine, start: int) -> list[int]:
    stack = machine.image.stack_bounds()
    top = stack.high if stack is not None else start + SCANNED
    size = max(0, min(top - start, SCANNED)) & ~3
    found = machine.cpu.bus.memory(start, size) if size else None
    return [] if found is None else list(unpack_from(f"<{size // 4}I", *found))


def _is_return_address(machine: Machine, word: int) -> bool:
    """Odd, and behind a BL (32 bits) or BLX register (16 bits)."""
    if not word & 1:
        return False
    found = machine.cpu.bus.memory((word & ~1) - 4, 4)
    if found is None or machine.image.function_at((word & ~1) - 2) is None:
        return False
    first, second = unpack_from("<2H", *found)
    return bool((first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000) or second & 0xFF87 == 0x4780)
