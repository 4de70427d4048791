"""Who called whom, from the registers and the stack alone.

Functions save LR at their beginning: the pushes and the subtractions from SP between a function's entry and the PC tell
where. This needs symbols, but no debug information, and goes through exception frames (ARMv7-M Architecture Reference
Manual, B1.5.6). Where a return address found so is none (it does not stand behind a call), the stack above is searched
up to its end for the next word that is, and the callers from there on are marked as guessed.

Not modelled: frames of variable size (alloca) and functions that move the stack; pieces of functions that the compiler
moved away (.cold); stacks that a thread left by other means than an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from
from typing import TYPE_CHECKING, Any

from ..cortex_m import state as st
from ..cortex_m.decode import SP, Kind, decode
from ..image import Symbol

if TYPE_CHECKING:
    from ..machine import Machine

MOST = 32
SEARCHED = 1024
"""Words of stack that are searched for a return address."""
CALL_WIDE, CALL_REGISTER = 4, 2
EXC_RETURNS = (0xFFFF_FFF1, 0xFFFF_FFF9, 0xFFFF_FFFD, 0xFFFF_FFE1, 0xFFFF_FFE9, 0xFFFF_FFED)


@dataclass(frozen=True)
class Frame:
    """A place in the code: `address` of the instruction that faulted, calls, or was interrupted."""

    address: int
    guessed: bool = False

    def function(self, machine: Machine) -> Symbol | None:
        """Whose code it is."""
        return machine.image.function_at(self.address)

    def row(self, machine: Machine) -> dict[str, Any]:
        """Plain data."""
        symbol, line = self.function(machine), machine.image.line(self.address)
        return {
            "address": self.address,
            "function": symbol.demangled if symbol is not None else None,
            "source": None if line is None else str(line),
            "guessed": self.guessed,
        }


class Unwinder:
    """Walks the stack of a machine that stands still. `prologues` remembers code for those who walk often."""

    def __init__(self, machine: Machine, prologues: dict[int, tuple[int, int]] | None = None) -> None:
        self.machine = machine
        self._prologues = {} if prologues is None else prologues
        self._psp = machine.cpu.registers.read(st.PSP)
        self._first = self._reset()

    def _reset(self) -> Symbol:
        """The function that calls all others."""
        found = self.machine.cpu.bus.memory(self.machine.vector_table + 4, 4)
        first = None if found is None else self.machine.image.function_at(unpack_from("<I", *found)[0])
        return first or Symbol("", 0)

    def walk(self, pc: int, sp: int, lr: int) -> list[Frame]:
        """From the innermost function outwards; the first frame is `pc` itself."""
        frames = [Frame(pc)]
        leaf, guessed = True, False
        while len(frames) < MOST and self.machine.image.function_at(pc) != self._first:
            if pc not in self._prologues:
                self._prologues[pc] = self._prologue(pc)
            size, saved = self._prologues[pc]
            back = self._word(sp + size - saved) if saved else lr if leaf else 0
            if not self._returns(back) and leaf and self._returns(lr):
                back, size = lr, 0 if saved else size  # a path around the prologue
            if not self._returns(back):
                found = self._search(sp)
                if found is None:
                    break
                back, sp, guessed = *found, True
            else:
                sp += size
            leaf = back in EXC_RETURNS
            if leaf:
                unstacked = self._unstack(back, sp)
                if unstacked is None:
                    break
                pc, lr, sp = unstacked
            else:
                pc = (back & ~1) - self._call_size(back)
            frame = Frame(pc, guessed=guessed)
            if guessed and frame != frames[-1] and frame in frames:
                break  # what earlier threads left there
            frames.append(frame)
        return frames

    def _prologue(self, pc: int) -> tuple[int, int]:
        """(bytes by which SP is below its value at the entry, distance of the saved LR below that value or 0)."""
        symbol = self.machine.image.function_at(pc)
        start = None if symbol is None else symbol.address & ~1
        if start is None or not 0 < pc - start < 1 << 16:
            return 0, 0
        found = self.machine.cpu.bus.memory(start, pc - start)
        if found is None:
            return 0, 0
        size = saved = 0
        for instruction in decode(bytes(found[0][found[1] : found[1] + pc - start]), start):
            word = instruction.word
            if instruction.base == SP and (instruction.base_step or 0) < 0:
                pushes_lr = (
                    (instruction.size == 2 and word & 0xFF00 == 0xB500)
                    or (word & 0xFFFF_4000 == 0xE92D_4000)
                    or word == 0xF84D_ED04
                )
                if pushes_lr:
                    saved = size + 4
                size -= instruction.base_step or 0
            elif instruction.size == 2 and word & 0xFF80 == 0xB080:
                size += (word & 0x7F) * 4
            elif word & 0xFBFF_8F00 == 0xF1AD_0D00 or word & 0xFBFF_8F00 == 0xF2AD_0D00:
                size += _immediate(word)
            elif instruction.kind is Kind.UNDEFINED:
                break
        return size, saved

    def _word(self, address: int) -> int:
        found = self.machine.cpu.bus.memory(address & ~3, 4)
        return 0 if found is None else int(unpack_from("<I", *found)[0])

    def _returns(self, word: int) -> bool:
        """Whether a word is a return address: an EXC_RETURN value, or behind a BL or BLX."""
        if word in EXC_RETURNS:
            return True
        return bool(word & 1) and self._call_size(word) > 0

    def _call_size(self, back: int) -> int:
        """Bytes of the call in front of a return address; 0 if there is none."""
        at = (back & ~1) - 4
        found = self.machine.cpu.bus.memory(at, 4)
        image = self.machine.image
        known = image.function_at(at + 2) is not None if image.symbols.functions else image.read(at, 4) is not None
        if found is None or not known:
            return 0
        first, second = unpack_from("<2H", *found)
        if first & 0xF800 == 0xF000 and second & 0xD000 == 0xD000:
            return CALL_WIDE
        return CALL_REGISTER if second & 0xFF87 == 0x4780 else 0

    def _top(self, sp: int) -> int:
        """Where the stack begins that `sp` points into; the end of all memory if that is not known."""
        meter = self.machine.memory_meter
        area = None if meter is None else meter.stacks.find(sp)
        return 1 << 32 if area is None or not area.limited else area.high

    def _search(self, sp: int) -> tuple[int, int] | None:
        """(return address, SP behind it) of the next word that is one."""
        for at in range(sp, min(sp + 4 * SEARCHED, self._top(sp)), 4):
            if self.machine.cpu.bus.memory(at, 4) is None:
                return None
            if self._returns(self._word(at)):
                return self._word(at), at + 4
        return None

    def _unstack(self, back: int, sp: int) -> tuple[int, int, int] | None:
        """(PC, LR, SP) that an exception interrupted."""
        frame = self._psp if back & 4 else sp
        found = self.machine.cpu.bus.memory(frame, 32)
        if found is None:
            return None
        words = unpack_from("<8I", *found)
        size = (32 if back & 0x10 else 104) + (4 if words[7] & 0x200 else 0)
        return words[6] & ~1, words[5], frame + size


def _immediate(word: int) -> int:
    """Of SUB.W (a modified constant, DDI 0403E, A5.3.2) or SUBW (12 plain bits), Rd and Rn being SP."""
    value = word >> 26 & 1
    twelve = value << 11 | (word >> 12 & 7) << 8 | word & 0xFF
    if word & 0xFBFF_8000 == 0xF2AD_0000 or twelve < 0x100:
        return twelve
    if twelve >> 10 == 0:
        byte = twelve & 0xFF
        return (byte << 16 | byte, byte << 24 | byte << 8, byte * 0x0101_0101)[(twelve >> 8 & 3) - 1]
    rotation = twelve >> 7
    byte = 0x80 | twelve & 0x7F
    return (byte >> rotation | byte << 32 - rotation) & 0xFFFF_FFFF
