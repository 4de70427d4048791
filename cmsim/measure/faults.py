"""A fault in words: what its status bits mean, the registers, who called, what is likely wrong.

ARMv7-M Architecture Reference Manual, B3.2.15 to B3.2.18 (CFSR, HFSR, MMFAR, BFAR). Everything is read at the moment of
the fault, before its handler begins; `Report.row` is what the record holds, and `lines` puts that into words.

Not modelled: what the handler does with it; more than the first 32 faults of a run are not explained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..cortex_m.exceptions import HFSR_FORCED, Fault
from .fault_causes import likely
from .unwind import MOST, Frame, Unwinder

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
    "NOCP": "a floating-point instruction while the FPU is off (CPACR), or one of a coprocessor that is not there",
    "UNALIGNED": "an unaligned access by an instruction that needs alignment (LDRD, LDM, STM, VLDR): align the buffer "
                 "or arena, for instance with alignas(16)",
    "DIVBYZERO": "a division by zero, with CCR.DIV_0_TRP set",
    "DEBUGEVT": "BKPT without a debugger (an assertion, or a semihosting call that nobody answers)",
    "VECTTBL": "the vector table could not be read (VTOR, or an image at another address?)",
}
"""Bit of CFSR or HFSR -> what it says."""
EXPLAINED = 32
ROWS = (("r0", "r1", "r2", "r3", "r12"), ("r4", "r5", "r6", "r7"), ("r8", "r9", "r10", "r11"), ("sp", "lr", "pc"))
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """One fault as it was found."""

    fault: Fault
    registers: dict[str, int]
    """R0 to R12, SP, LR, PC at the fault, before anything was stacked."""
    cfsr: int
    hfsr: int
    frames: list[Frame]
    likely: str | None

    def row(self, machine: Machine) -> dict[str, Any]:
        """What the record holds beside the fault itself."""
        return {
            "cfsr": self.cfsr,
            "hfsr": self.hfsr,
            "registers": self.registers,
            "stack": [frame.row(machine) for frame in self.frames],
            "likely": self.likely,
        }


class FaultReporter:
    """Writes down each fault of a machine when it happens."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._reports: dict[int, Report] = {}
        """By index in `machine.faults`."""

    def note(self, fault: Fault) -> None:
        """`fault` has just been taken down; its handler has not begun."""
        if len(self._reports) >= EXPLAINED:
            return
        machine = self.machine
        core = machine.cpu.registers.core.read()
        names = (*(f"r{n}" for n in range(13)), "sp", "lr", "pc")
        registers = dict(zip(names, (*core[:15], fault.pc), strict=True))
        frames = Unwinder(machine).walk(fault.pc, registers["sp"], registers["lr"])
        scb = machine.cpu.scb
        forced = HFSR_FORCED if fault.exception == "HardFault" and scb.CFSR else 0  # set behind us
        cause = likely(machine, fault, registers, frames)
        self._reports[len(machine.faults) - 1] = Report(fault, registers, scb.CFSR, scb.HFSR | forced, frames, cause)

    def rows(self) -> list[dict[str, Any]]:
        """`faults` of the record."""
        nothing: dict[str, Any] = {"cfsr": None, "hfsr": None, "registers": None, "stack": [], "likely": None}
        return [
            {"exception": f.exception, "cause": f.cause, "pc": f.pc, "address": f.address, "cycle": f.cycle,
             **(self._reports[n].row(self.machine) if n in self._reports else nothing)}
            for n, f in enumerate(self.machine.faults)
        ]  # fmt: skip


def explain(machine: Machine, fault: Fault) -> list[str]:
    """Lines for people about one fault of `machine.faults`."""
    index = next((n for n, known in enumerate(machine.faults) if known is fault), None)
    if index is None:
        return [machine.describe(fault)]
    return lines(machine.fault_reporter.rows()[index])


def lines(row: Row) -> list[str]:
    """A row of the record's `faults` in words."""
    at = "" if row["address"] is None else f", address 0x{row['address']:08x}"
    stack = row["stack"]
    found = [f"{row['exception']} {row['cause']} at {place(stack[0]) if stack else _pc(row['pc'])}{at}"]
    found += [f"  {bit}: {text}" for bit, text in MEANINGS.items() if bit in row["cause"].replace(",", " ").split()]
    if row["likely"]:
        found.append(f"  likely: {row['likely']}")
    found += callers(stack[1:])
    if row["registers"] is not None:
        found += ["  " + " ".join(f"{name}={row['registers'][name]:08x}" for name in names) for names in ROWS]
        found.append(f"  CFSR={row['cfsr']:08x} HFSR={row['hfsr']:08x}")
    return found


def callers(stack: Sequence[Row]) -> list[str]:
    """Frames in words; one that recursion repeats is there once. Of those beyond `unwind.MOST` nothing is known."""
    texts = [f"  called from {'(guessed) ' if frame['guessed'] else ''}{place(frame)}" for frame in stack]
    runs = ((text, len(list(alike))) for text, alike in groupby(texts))
    found = [f"{text}, {count} times" if count > 1 else text for text, count in runs]
    return [*found, "  and so on"] if len(texts) >= MOST - 1 else found


def place(frame: Row) -> str:
    """A frame in words: "pc 0x00000108 in main (main.cc:7)"."""
    function = f" in {frame['function']}" if frame["function"] else ""
    source = f" ({frame['source']})" if frame["source"] else ""
    return f"{_pc(frame['address'])}{function}{source}"


def _pc(address: int) -> str:
    return f"pc 0x{address:08x}"


