"""NMI that software pends comes behind the store to ICSR.NMIPENDSET: the next instruction sees what the handler did."""

from __future__ import annotations

import pytest
from support.thumb import Program

from cmsim.image import load_bytes
from cmsim.machine import Machine

RAM, ICSR = 0x2000_8000, 0xE000_ED04
STORES: dict[str, tuple[int, ...]] = {
    "STR": (0x6001,),
    "STR.W": (0xF8C0, 0x1000),
    "STR with an index": (0x5101,),
    "STR with write-back": (0xF840, 0x1B04),
    "STRD": (0xE9C0, 0x1400),
    "STM": (0xC012,),
    "STR in an IT block": (0x4289, 0xBF08, 0x6001),
}
"""r1 holds NMIPENDSET, r0 the address of ICSR, r4 0 (for VTOR or as an index)."""


@pytest.mark.parametrize("store", STORES)
def test_the_next_load_sees_it(store: str) -> None:
    program = Program().load(2, RAM).load(4, 0).load(0, ICSR).load(1, 1 << 31)
    program.emit(*STORES[store], 0x6813, 0x6053, 0x6090)  # LDR r3, [r2]; STR r3, [r2, #4]; STR r0, [r2, #8]
    program.sleep()
    program.handlers[0] = program.here | 1
    program.store(RAM, 7).emit(0x4770)  # BX lr
    m = Machine(load_bytes(program.elf(), "a.elf"), board="nrf52840dk", timing="instructions")
    m.run(seconds=0.001)
    assert m.faults == []
    assert int.from_bytes(m.read(RAM + 4, 4), "little") == 7
    behind = {"STR with write-back": 4, "STM": 8}.get(store, 0)
    assert int.from_bytes(m.read(RAM + 8, 4), "little") == ICSR + behind


def test_without_privilege_it_is_refused() -> None:
    program = Program().load(0, 1).emit(0xF380, 0x8814, 0xF3BF, 0x8F6F)  # MSR CONTROL, r0; ISB
    program.store(ICSR, 1 << 31).sleep()
    program.handlers[0] = program.handlers[1] = program.here | 1
    program.emit(0xF3EF, 0x8205).load(0, RAM).emit(0x6002).spin()  # MRS r2, IPSR; STR r2, [r0]
    m = Machine(load_bytes(program.elf(), "a.elf"), board="nrf52840dk", timing="instructions")
    m.run(seconds=0.001)
    assert m.read(RAM, 4)[0] == 3  # HardFault, by way of a bus fault
