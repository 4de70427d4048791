"""What is likely wrong when a fault happens, in one sentence; None where its status bits say it all.

Rules from the most specific to the most general. Each looks at the machine as it is at the fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..cortex_m import state as st
from ..cortex_m.decode import ALWAYS_ALIGNED, NO_REGISTER, Instruction, Kind, decode
from ..cortex_m.exceptions import Fault
from .arguments import word
from .unwind import EXC_RETURNS, Frame

if TYPE_CHECKING:
    from ..machine import Machine

NULL = 0x1000
"""Accesses below are through a null pointer, where nothing else is at fault."""
NEAR, THREAD_NEAR = 0x1_0000, 0x1000
RECURSION = 8
FULL, PRIVILEGED = 0b1111, 0b0101
"""What CPACR may say of both halves of the FPU."""
STACKING = ("STKERR", "MSTKERR", "LSPERR", "MLSPERR")
NAMES = {Kind.LOAD_DUAL: "LDRD", Kind.STORE_DUAL: "STRD", Kind.LOAD_MULTIPLE: "LDM", Kind.STORE_MULTIPLE: "STM",
         Kind.FP_LOAD: "VLDR", Kind.FP_STORE: "VSTR", Kind.FP_LOAD_MULTIPLE: "VLDM",
         Kind.FP_STORE_MULTIPLE: "VSTM", Kind.LOAD_EXCLUSIVE: "LDREX", Kind.STORE_EXCLUSIVE: "STREX"}  # fmt: skip
Registers = dict[str, int]


def likely(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    """The first rule that applies."""
    for rule in RULES:
        found = rule(machine, fault, registers, frames)
        if found is not None:
            return found
    return None


def _noticed_overflow(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    """What the stack meter saw in front of the push that was too much, before anything was overwritten."""
    rows = [] if machine.memory_meter is None else machine.memory_meter.stacks.rows()
    over = [row for row in rows if row["overflow"] is not None]
    if not over:
        return None
    row = min(over, key=lambda row: int(row["overflow"]["cycle"]))
    told = row["overflow"]
    deep = [frame.function(machine) for frame in frames]
    endless = next((f for f in deep if f is not None and deep.count(f) >= RECURSION), None)
    why = f"; {endless.demangled} calls itself without end?" if endless is not None else "; give it more"
    into = f" into {told['into']}" if told["into"] else ""
    return (f"{row['name']} ({row['size']:,} bytes) had overflowed at cycle {told['cycle']:,}, in "
            f"{told['function'] or 'unknown code'}{into}{why}")


def _stack_overflow(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    sp, chip = registers["sp"], machine.soc.chip
    known = stacks(machine)
    lost = not chip.ram_base <= sp <= chip.ram_base + chip.ram_size
    below = [] if any(low <= sp <= high for _, low, high in known) else [stack for stack in known if sp < stack[1]]
    control = 0 if machine.cpu.exceptions.current else machine.cpu.registers.read(st.CONTROL)
    if below:
        name, low, high = min(below, key=lambda stack: stack[1]) if control & st.SPSEL else below[0]
        near = low - sp < (THREAD_NEAR if control & st.SPSEL else NEAR)
        if near or lost or (fault.address is not None and abs(fault.address - sp) < THREAD_NEAR):
            deep = [frame.function(machine) for frame in frames]
            endless = next((f for f in deep if f is not None and deep.count(f) >= RECURSION), None)
            why = f"; {endless.demangled} calls itself without end?" if endless is not None else ""
            return (f"{name} ({high - low:,} bytes, 0x{low:08x} to 0x{high - 1:08x}) has overflowed: SP is 0x{sp:08x}"
                    f"{why or '; give it more, or keep large arrays off it'}")
    if any(bit in fault.cause for bit in STACKING):
        return f"the stack pointer 0x{sp:08x} leads nowhere: a stack has overflowed, or was never set up"
    if lost and fault.address is not None and abs(fault.address - sp) < THREAD_NEAR:
        return f"the stack pointer 0x{sp:08x} has left RAM: a stack has overflowed"
    return None


def _unaligned(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    if "UNALIGNED" not in fault.cause:
        return None
    instruction = _instruction(machine, fault.pc)
    if instruction is None:
        return None
    address = fault.address if fault.address is not None else _address(instruction, registers)
    what = NAMES.get(instruction.kind, "a load or store of a word")
    why = "" if instruction.kind in ALWAYS_ALIGNED else ", and CCR.UNALIGN_TRP makes it a fault"
    where = "" if address is None else f" of 0x{address:08x}, which is no multiple of 4{why}"
    return f"unaligned {what}{where}{'' if address is None else _owner(machine, address)}"


def _fpu_off(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    if "NOCP" not in fault.cause:
        return None
    cpacr = machine.cpu.scb.CPACR
    rights = {FULL: "a coprocessor other than the FPU was meant, which this chip does not have: code for another core?",
              PRIVILEGED: f"the FPU is for privileged code only (CPACR is 0x{cpacr:08x}), which this is not"}
    return rights.get(cpacr >> 20 & 15) or (
        f"the FPU is off (CPACR is 0x{cpacr:08x}): start-up code must set bits 20 to 23 of CPACR "
        "(SystemInit does) before the first floating-point instruction"
    )


def _svc(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    if not fault.cause.startswith("SVC"):
        return None
    read = machine.cpu.registers.read
    masks = {"PRIMASK": read(st.PRIMASK), "FAULTMASK": read(st.FAULTMASK), "BASEPRI": read(st.BASEPRI)}
    held = [f"{name} is {value}" for name, value in masks.items() if value]
    where = f"with interrupts disabled ({', '.join(held)})" if held else "in a handler of the same or a higher priority"
    return f"SVC {where}: the SVC's own handler cannot run then"


def _bad_call(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    if not any(bit in fault.cause for bit in ("INVSTATE", "IBUSERR", "IACCVIOL")):
        return None
    caller = machine.place((registers["lr"] & ~1) - 2) if len(frames) > 1 else "an unknown place"
    if fault.pc < NULL and machine.image.function_at(fault.pc) is None:
        return f"a null function pointer was called from {caller}"
    if fault.pc | 1 in EXC_RETURNS:
        return f"0x{fault.pc | 1:08x} ends a handler, but none runs: was one called as a function?"
    first = word(machine.cpu, 0)
    if first is not None and fault.pc == first & ~1:
        return (f"0x{first:08x}, the word at address 0, was called from {caller}: a virtual function of an object "
                "that is null, or was never constructed?")
    if "INVSTATE" not in fault.cause or machine.cpu.bus.memory(fault.pc, 2) is None:
        return (f"a bad function pointer, 0x{fault.pc:08x}, was called from {caller}, or a return "
                f"address was overwritten{_owner(machine, fault.pc)}")
    return f"a branch to 0x{fault.pc:08x} without bit 0 set, from {caller}: a function pointer that is none"


def _undefined(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    if "UNDEFINSTR" not in fault.cause:
        return None
    found = machine.cpu.bus.memory(fault.pc, 2)
    half = None if found is None else int.from_bytes(found[0][found[1] : found[1] + 2], "little")
    if half is not None and half >> 8 == 0xDE:
        return "UDF: the compiler's trap (an assertion, __builtin_trap, or code that can never be reached)"
    if half == 0xFFFF and fault.pc < machine.soc.chip.ram_base:
        return "erased flash was executed: nothing was programmed there"
    if machine.image.function_at(fault.pc) is None:
        return "no function lies there: data was executed, or a return address was overwritten"
    return None


def _null(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    if fault.address is None or fault.address >= NULL:
        return None
    return f"a null pointer was used: 0x{fault.address:08x} is a field at offset {fault.address} of nothing"


def _where(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    if fault.address is None:
        return None
    chip, where = machine.soc.chip, neighbourhood(machine, fault.address)
    written = "IMPRECISERR" in fault.cause and chip.flash_base <= fault.address < chip.flash_base + chip.flash_size
    constant = "; flash is written only where NVMC.CONFIG allows it: is this meant to be constant?"
    return where + constant if written else where


def _divided(machine: Machine, fault: Fault, registers: Registers, frames: Sequence[Frame]) -> str | None:
    return "a divisor is 0, and CCR.DIV_0_TRP makes that a fault" if "DIVBYZERO" in fault.cause else None


RULES: tuple[Callable[[Machine, Fault, Registers, Sequence[Frame]], str | None], ...] = (
    _noticed_overflow, _stack_overflow, _unaligned, _fpu_off, _svc, _bad_call, _undefined, _divided, _null, _where,
)  # fmt: skip


def stacks(machine: Machine) -> list[tuple[str, int, int]]:
    """(name, lowest address, first address above) of each stack that is known."""
    image = machine.image
    found = [("the main stack" if n == 0 else bounds.source, bounds.low, bounds.high)
             for n, bounds in enumerate(image.stacks)]  # fmt: skip
    ram = machine.soc.chip.ram_base
    for symbol in image.symbols:
        low, high = symbol.address, symbol.address + symbol.size
        named = symbol.kind == "object" and symbol.size >= 64 and "stack" in symbol.name.lower() and low >= ram
        if named and not any(low < b and a < high for _, a, b in found):
            found.append((f"stack {symbol.demangled}", low, high))
    return found


def neighbourhood(machine: Machine, address: int) -> str:
    """What lies at or around an address."""
    chip = machine.soc.chip
    for name, base, size in (("flash", chip.flash_base, chip.flash_size), ("RAM", chip.ram_base, chip.ram_size)):
        if base <= address < base + size:
            return f"0x{address:08x} is in {name}{_owner(machine, address)}"
        if base + size <= address < base + size + NEAR:
            behind = f"lies {address - base - size:,} bytes" if address > base + size else "is the first byte"
            return f"0x{address:08x} {behind} behind the end of {name}"
        if base - NEAR <= address < base:
            return f"0x{address:08x} lies {base - address:,} bytes below the beginning of {name}"
    blocks = (row for row in chip.rows if row.name.isidentifier())  # not words that only vendor code knows
    rows = sorted(blocks, key=lambda row: row.base + row.first)
    found = machine.soc.block_at(address)
    below = [row for row in rows if row.base + row.first <= address]
    if found is not None:
        return f"0x{address:08x} is register 0x{found[1]:03x} of {below[-1].name}"
    above = [row for row in rows if row.base + row.first > address]
    if below and address - below[-1].base < NEAR:
        between = f" and {above[0].name} (0x{above[0].base:08x})" if above else ""
        return (f"0x{address:08x} is not mapped; it lies between {below[-1].name} (0x{below[-1].base:08x}){between}: "
                "a peripheral that this chip does not have, or a wrong register offset?")
    near = below[-1].name if below and below[-1].base >> 28 == address >> 28 else None
    return f"0x{address:08x} is not mapped" + (f"; the next block below is {near}" if near else "")


def _owner(machine: Machine, address: int) -> str:
    """The arena, stack or variable around an address in RAM."""
    for arena in machine.arenas.arenas if machine.arenas is not None else ():
        if arena.holds(address):
            base = arena.placed[0]
            aligned = "" if base % 16 == 0 else f" and is aligned to {base & -base} only: give it alignas(16)"
            return f"; it lies in the arena, which begins at 0x{base:08x}{aligned}"
    for name, low, high in stacks(machine):
        if low <= address < high:
            return f"; it lies in {name}"
    for symbol in machine.image.symbols:
        if symbol.kind == "object" and symbol.address <= address < symbol.address + symbol.size:
            return f"; it lies in {symbol.demangled}, {address - symbol.address:,} bytes from its beginning"
    return ""


def _instruction(machine: Machine, pc: int) -> Instruction | None:
    found = machine.cpu.bus.memory(pc, 4)
    if found is None:
        return None
    return next(iter(decode(bytes(found[0][found[1] : found[1] + 4]), pc)), None)


def _address(instruction: Instruction, registers: Registers) -> int | None:
    if instruction.base in (NO_REGISTER, 15):
        return None
    values = list(registers.values())
    index = 0 if instruction.index == NO_REGISTER else values[instruction.index] << instruction.shift
    return (values[instruction.base] + index + instruction.offset) & 0xFFFF_FFFF
