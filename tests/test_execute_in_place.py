"""Code in the external flash: it runs, it is counted, it changes when the flash is programmed; and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.elf import ALLOC, EXEC, ElfWriter, Sec, Sym, vectors
from support.thumb import CODE, STACK_TOP, Program

from cmsim.errors import UsageError
from cmsim.image import load_bytes
from cmsim.machine import Machine

QSPI, WINDOW, RAM = 0x4002_9000, 0x1200_0000, 0x2000_8000
RETURN_77, RETURN_78 = bytes.fromhex("4d207047"), bytes.fromhex("4e207047")  # movs r0, #77; bx lr
R4, R5 = 0x4604, 0x4605  # mov r4, r0; mov r5, r0


def active() -> Program:
    """QSPI is active and ready behind this."""
    program = Program()
    for offset, value in ((0x524, 19), (0x528, 17), (0x500, 1), (0x000, 1)):
        program.store(QSPI + offset, value)
    return wait(program)


def wait(program: Program) -> Program:
    """For QSPI's READY."""
    return program.load(0, QSPI + 0x100).emit(0x6801, 0x2900, 0xD0FC, 0x2100, 0x6001)


def call(program: Program, address: int) -> Program:
    """BLX r0."""
    return program.load(0, address | 1).emit(0x4780)


def machine(program: Program, shown: bytes = RETURN_77, at: int = 0, **options: bool) -> Machine:
    """The DK, with `shown` at `at` in its flash."""
    table = vectors(STACK_TOP, CODE + 1, *program.handlers)
    image = ElfWriter(
        sections=[
            Sec(".isr_vector", 0, table.ljust(CODE, b"\0")),
            Sec(".text", CODE, bytes(program.sleep().code), ALLOC | EXEC),
            Sec(".external", WINDOW + at, shown, ALLOC | EXEC),
        ],
        symbols=[Sym("Reset_Handler", CODE + 1), Sym("outside", WINDOW + at + 1, len(shown), section=".external")],
    ).build()
    return Machine(load_bytes(image, "a.elf"), board="nrf52840dk", timing="instructions", **options)


def test_code_of_the_image_runs_there() -> None:
    m = machine(call(active(), WINDOW + 0x1000).emit(R4), at=0x1000)
    before = []
    m.on("outside", lambda m: before.append(m.instructions))
    m.run(seconds=0.01)
    assert m.registers["r4"] == 77
    assert len(before) == 1
    assert m.faults == []
    assert m.soc.unmodelled == {}


def test_its_instructions_are_counted() -> None:
    program = call(active(), WINDOW)
    twice = machine(call(program, WINDOW))
    twice.run(seconds=0.01)
    once = machine(call(active(), WINDOW))
    once.run(seconds=0.01)
    assert twice.instructions - once.instructions == 5  # movw, movt, blx; movs, bx
    assert twice.faults == []


def test_profile_and_coverage_go_on_there() -> None:
    m = machine(call(call(active(), WINDOW), WINDOW), profile=True, coverage=True)
    m.run(seconds=0.01)
    assert m.faults == []
    assert m.counted is not None
    runs = {block.block.address: block.runs for block in m.counted.counter.blocks()}
    assert runs[WINDOW] == 2


def test_what_is_programmed_runs() -> None:
    program = call(active(), WINDOW).emit(R4)
    program.store(RAM, int.from_bytes(RETURN_78, "little"))
    for offset, value in ((0x51C, 0), (0x520, 0), (0x00C, 1)):  # erase the sector
        program.store(QSPI + offset, value)
    wait(program)
    for offset, value in ((0x510, 0), (0x514, RAM), (0x518, 4), (0x008, 1)):  # program it: waits for the erase
        program.store(QSPI + offset, value)
    wait(program)
    m = machine(call(program, WINDOW).emit(R5))
    m.run(seconds=0.5)
    assert m.faults == []
    assert (m.registers["r4"], m.registers["r5"]) == (77, 78)


@pytest.mark.parametrize("xipoffset", [0x400, 0x404])
def test_xipoffset(xipoffset: int) -> None:
    program = active().store(QSPI + 0x540, xipoffset)
    m = machine(call(program, WINDOW).emit(R4).fetch(WINDOW).emit(R5), at=xipoffset)
    m.run(seconds=0.01)
    assert m.registers["r4"] == 77
    assert m.registers["r5"] == int.from_bytes(RETURN_77, "little")


def test_a_fetch_while_qspi_is_off_is_a_bus_fault() -> None:
    m = machine(call(Program(), WINDOW))
    m.run(seconds=0.01)
    assert m.faults[0].cause == "IBUSERR"
    assert m.faults[0].pc == WINDOW


def test_a_store_is_a_bus_fault() -> None:
    m = machine(active().store(WINDOW + 8, 1))
    m.run(seconds=0.01)
    assert m.faults[0].cause == "IMPRECISERR"
    assert m.soc.unmodelled == {}


def test_a_load_while_qspi_is_off_is_told() -> None:
    m = machine(Program().fetch(WINDOW).emit(R4))
    m.run(seconds=0.01)
    assert m.registers["r4"] == 0
    assert [(u.block, u.access) for u in m.soc.unmodelled.values()] == [("XIP", "read while QSPI is not ready")]


def test_a_board_without_external_flash_cannot_take_the_image() -> None:
    image = load_bytes(
        ElfWriter(
            sections=[
                Sec(".isr_vector", 0, vectors(STACK_TOP, CODE + 1).ljust(CODE, b"\0")),
                Sec(".external", WINDOW, RETURN_77, ALLOC | EXEC),
            ],
            symbols=[],
        ).build(),
        "a.elf",
    )
    expected = r"a.elf: 4 bytes at 0x12000000 are for an external flash, which board nano33ble-sense does not have"
    with pytest.raises(UsageError, match=expected):
        Machine(image, board="nano33ble-sense")


def test_a_file_for_the_flash_lies_below_the_image(tmp_path: Path) -> None:
    from cmsim.cli import main  # noqa: PLC0415

    program = active().sleep()
    table = vectors(STACK_TOP, CODE + 1, *program.handlers)
    elf, below, after = tmp_path / "a.elf", tmp_path / "below.bin", tmp_path / "after.bin"
    elf.write_bytes(
        ElfWriter(
            sections=[
                Sec(".isr_vector", 0, table.ljust(CODE, b"\0")),
                Sec(".text", CODE, bytes(program.code), ALLOC | EXEC),
                Sec(".external", WINDOW + 4, RETURN_77, ALLOC | EXEC),
            ],
            symbols=[],
        ).build()
    )
    below.write_bytes(b"abcdefghij")
    files = ("--external-flash", str(below), "--save-external-flash", str(after))
    assert main(["run", str(elf), "--board", "nrf52840dk", *files, "--seconds", "0.01"]) == 0
    assert after.read_bytes()[:11] == b"abcd" + RETURN_77 + b"ij\xff"
