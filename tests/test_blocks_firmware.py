"""Blocks as the processor meets them, each with a program of a few instructions: bus errors, received bytes, XIP."""

from support.thumb import Program

from cmsim.image import load_bytes
from cmsim.machine import Machine
from cmsim.scenario import Input, Scenario

RAM = 0x2000_8000


def run(program: Program, seconds: float, board: str = "nrf52840dk", *events: Input) -> Machine:
    m = Machine(load_bytes(program.sleep().elf(), "a.elf"), board=board, scenario=Scenario(events), timing="instructions")
    m.run(seconds=seconds)
    assert m.faults == []
    assert m.soc.unmodelled == {}
    return m


def configured(base: int, **registers: int) -> Program:
    """Stores to `base` + the offset in each name, in order: _524=19."""
    program = Program()
    for name, value in registers.items():
        program.store(base + int(name[1:], 16), value)
    return program


def test_twim_meets_nobody() -> None:
    """Wire1 of the Nano without sensor power: pulled up by the chip, nobody acknowledges."""
    program = Program()
    for pin in (14, 15):
        program.store(0x5000_0700 + 4 * pin, 3 << 2)
    for offset, value in ((0x508, 15), (0x50C, 14), (0x500, 6), (0x588, 0x6B), (0x544, RAM), (0x548, 2), (0x008, 1)):
        program.store(0x4000_3000 + offset, value)
    m = run(program, 0.005, "nano33ble-sense")
    twim = m.soc.block_at(0x4000_3000)
    assert twim is not None
    assert [twim[0].read(offset) for offset in (0x124, 0x4C4, 0x104)] == [1, 2, 0]  # ERROR, ANACK, and the bus is held


def test_uarte_receives_into_ram() -> None:
    program = configured(0x4000_2000, _514=8, _50C=6, _524=0x01D6_0000, _500=8, _534=RAM, _538=3, _000=1)
    m = run(program, 0.01, "nrf52840dk", Input(0.001, b"abc"))
    uart = m.soc.block_at(0x4000_2000)
    assert uart is not None
    assert (uart[0].read(0x110), uart[0].read(0x53C)) == (1, 3)
    assert m.read(RAM, 3) == b"abc"


def test_the_flash_behind_qspi_can_be_read_as_memory() -> None:
    program = configured(0x4002_9000, _524=19, _528=17, _500=1, _000=1)
    for _ in range(60):
        program.fetch(0x4002_9604)
    m = run(program.fetch(0x1200_0000), 0.01)
    assert m.soc.blocks["QSPI"].read(0x100) == 1
