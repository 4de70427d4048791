"""What a fault says of an access that the MPU refused."""

from support.thumb import Program

from cmsim.image import load_bytes
from cmsim.machine import Machine


def test_a_refused_store_in_an_it_block_is_named_itself() -> None:
    """The MPU forbids 32 bytes within a page: the fault's PC is the store's, not that of what follows the block."""
    program = Program().store(0xE000_ED9C, 0x2000_8100 | 1 << 4).store(0xE000_EDA0, 4 << 1 | 1)
    program.store(0xE000_ED94, 5).emit(0xF3BF, 0x8F6F).load(0, 0x2000_8100).emit(0x4289, 0xBF08)  # ISB, CMP r1, r1; IT EQ
    refused = program.here
    program.emit(0x6001, 0x6813).sleep()
    program.handlers[1] = program.here | 1
    program.spin()
    m = Machine(load_bytes(program.elf(), "a.elf"), board="nrf52840dk", timing="instructions")
    m.run(seconds=0.001)
    assert [(fault.cause, fault.pc, fault.address) for fault in m.faults] == [("DACCVIOL", refused, 0x2000_8100)]
