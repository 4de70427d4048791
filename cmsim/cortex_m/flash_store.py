"""Stores of the CPU to flash, which the memory map refuses to Unicorn: programming goes word by word through NVMC.

Follows nRF52840 PS section 4.3.1 (only aligned words can be written). Not modelled: programming by byte or halfword
stores, which silicon answers with a bus fault as well.
"""

from __future__ import annotations

from ..soc import Soc
from . import state as st
from .decode import Instruction, Kind


class FlashStore:
    """Carries out one refused store instruction."""

    def __init__(self, registers: st.Registers, soc: Soc) -> None:
        self.registers, self.soc = registers, soc

    def perform(self, instruction: Instruction, address: int) -> bool:
        """Program the words that `instruction` stores at `address`; False if flash refuses them too."""
        values = self.words(instruction)
        if not values or address & 3:
            return False
        if not all(self.soc.program_flash(address + 4 * n, value) for n, value in enumerate(values)):
            return False
        self.write_back(instruction)
        return True

    def write_back(self, instruction: Instruction) -> None:
        """The base register behind `instruction`, if that changes it."""
        step = instruction.base_step
        if step:
            base = st.CORE[instruction.base]
            self.registers.write(base, self.registers.read(base) + step & 0xFFFF_FFFF)

    def words(self, instruction: Instruction) -> list[int]:
        """The words that it stores, in order; none if it stores anything narrower."""
        core, word, kind = self.registers.core.read(), instruction.word, instruction.kind
        if kind is Kind.STORE and instruction.width == 4:
            if instruction.size == 4:
                return [core[word >> 12 & 15]]
            return [core[word >> 8 & 7 if word >> 12 == 9 else word & 7]]
        if kind is Kind.STORE_DUAL:
            return [core[word >> 12 & 15], core[word >> 8 & 15]]
        if kind is Kind.STORE_MULTIPLE:
            mask = word & 0xFFFF if instruction.size == 4 else word & 0xFF
            return [core[n] for n in range(16) if mask >> n & 1]
        if kind in (Kind.FP_STORE, Kind.FP_STORE_MULTIPLE):
            number, extra = word >> 12 & 15, word >> 22 & 1
            first = 2 * (number | extra << 4) if word >> 8 & 1 else number << 1 | extra
            return [self.registers.read(st.S[first + n]) for n in range(instruction.words)]
        return []
