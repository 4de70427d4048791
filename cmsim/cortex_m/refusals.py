"""Accesses that were refused: stores to flash, to STIR and of NMIPENDSET are carried out here, others are faults."""

from __future__ import annotations

from ..timing import TimingModel
from . import state as st
from .account import Account
from .bus import PAGE, Bus, Denied, Refusal
from .decode import NO_REGISTER, PC, STORES, Instruction, Kind, decode
from .engine import Engine
from .exceptions import BFARVALID, DACCVIOL, IACCVIOL, IBUSERR, IMPRECISERR, PRECISERR, ExceptionUnit
from .flash_store import FlashStore
from .mpu import EXECUTE
from .nvic import NvicRegisters
from .scb import SystemControl

STIR = 0xE000_EF00
"""The one system register that CCR.USERSETMPEND opens to unprivileged stores."""
ICSR = 0xE000_ED04
"""Refused (by _devices.c) when NMIPENDSET is stored: NMI then comes behind that instruction, not behind its block."""


class Refusals:
    """What follows from a refused access. Registers are as they were in front of the instruction."""

    def __init__(
        self, engine: Engine, bus: Bus, account: Account, exceptions: ExceptionUnit, scb: SystemControl,
        nvic: NvicRegisters, timing: TimingModel,
    ) -> None:  # fmt: skip
        self.registers, self.clock = engine.registers, engine.clock
        self.bus, self.account, self.exceptions, self.scb, self.nvic = bus, account, exceptions, scb, nvic
        self.timing = timing
        self.flash_store = FlashStore(self.registers, bus.soc)

    def instruction(self, pc: int) -> Instruction:
        """The instruction at `pc`."""
        memory = self.bus.memory(pc, 2)
        if memory is None:
            return Instruction(pc, 2, Kind.UNDEFINED, 0)
        data, offset = memory
        return next(decode(bytes(data[offset : offset + 4]), pc), Instruction(pc, 2, Kind.UNDEFINED, 0))

    def handle(self, refusal: Refusal, address: int | None = None) -> None:
        """The instruction in front of us was refused an access, at `address` if that is known."""
        pc = self.exceptions.pc
        if refusal.access == EXECUTE:
            self.exceptions.fault(IBUSERR if refusal.why is Denied.UNMAPPED else IACCVIOL, pc)
            return
        self.account.refund(pc)
        if refusal.it_state:
            self.registers.write(st.CPSR, self.registers.read(st.CPSR) | refusal.it_state)
        instruction = self.instruction(pc)
        if address is None:
            address = self._operand_address(instruction)
            if address // PAGE != refusal.page // PAGE:
                address = max(address, refusal.page)  # a multiple access that runs into the page
        if not self._carried_out(instruction, address, refusal):
            self._fault(instruction, address, refusal)

    def _carried_out(self, instruction: Instruction, address: int, refusal: Refusal) -> bool:
        if refusal.why is Denied.READ_ONLY and self.flash_store.perform(instruction, address):
            self._skip(instruction)
            return True
        if address == STIR and self.scb.user_set_pend and instruction.kind is Kind.STORE and instruction.width == 4:
            self.nvic.write(NvicRegisters.STIR.offset, self.flash_store.words(instruction)[0])
            self._skip(instruction)
            return True
        if address == ICSR and refusal.why is Denied.MPU and instruction.kind in STORES:
            first = self._operand_address(instruction)
            for n, value in enumerate(self.flash_store.words(instruction)):
                self.bus.write(first + 4 * n, 4, value)
            self.flash_store.write_back(instruction)
            self._skip(instruction)
            return True
        return False

    def _fault(self, instruction: Instruction, address: int, refusal: Refusal) -> None:
        pc = self.exceptions.pc
        if refusal.why is Denied.MPU:
            self.exceptions.fault(DACCVIOL, pc, address)
        elif self.scb.ignore_bus_faults and self.exceptions.execution_priority() <= -1:
            self._skip(instruction)
        elif instruction.kind in STORES and not self.scb.disable_write_buffer and refusal.why is not Denied.PRIVILEGE:
            self._skip(instruction)
            self.exceptions.fault(IMPRECISERR & ~BFARVALID, self.exceptions.pc, address)
        else:
            self.exceptions.fault(PRECISERR, pc, address)

    def _operand_address(self, instruction: Instruction) -> int:
        """The address that a load or store uses, from the registers as they are in front of it."""
        core = self.registers.core.read()
        base = (instruction.address + 4 & ~3) if instruction.base == PC else core[instruction.base]
        index = 0 if instruction.index == NO_REGISTER else core[instruction.index] << instruction.shift
        return base + index + instruction.offset & 0xFFFF_FFFF

    def _skip(self, instruction: Instruction) -> None:
        """Go on behind `instruction`, which was carried out here."""
        self.clock.cycles += self.timing.block([instruction]).cycles
        self.clock.instructions += 1
        self.exceptions.pc = self.clock.fall_through = instruction.end
        cpsr = self.registers.read(st.CPSR)
        if cpsr & st.IT_BITS:
            self.registers.write(st.CPSR, cpsr & ~st.IT_BITS | _advance_it(cpsr))


def _advance_it(cpsr: int) -> int:
    """ITSTATE for the next instruction, in CPSR's bits (DDI 0403E, ITAdvance())."""
    state = cpsr >> 10 & 0x3F
    state = state << 2 | cpsr >> 25 & 3
    state = 0 if not state & 7 else state & 0xE0 | state << 1 & 0x1F
    return (state & 3) << 25 | (state >> 2) << 10
