"""`cmsim run --external-flash FILE --save-external-flash FILE`: the DK's flash chip begins and ends in a file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.thumb import Program, hello

from cmsim.cli import main

QSPI = 0x4002_9000
Complain = Callable[..., str]


@pytest.fixture
def complain(capsys: pytest.CaptureFixture[str]) -> Complain:
    def run(*arguments: str | Path) -> str:
        assert main(["run", *map(str, arguments)]) == 2
        return capsys.readouterr().err

    return run


def eraser() -> Program:
    """Erases the chip's second sector through QSPI: SCK on P0.19, CSN on P0.17, write enable by custom instruction."""
    program = Program()
    for offset, value in ((0x524, 19), (0x528, 17), (0x52C, 20), (0x530, 21), (0x500, 1), (0x000, 1)):
        program.store(QSPI + offset, value)
    for _ in range(100):
        program.fetch(QSPI + 0x604)
    for offset, value in ((0x51C, 0x1000), (0x520, 0), (0x00C, 1)):
        program.store(QSPI + offset, value)
    return program.sleep()


def test_the_chip_begins_with_a_file_and_leaves_one(tmp_path: Path) -> None:
    before, after = tmp_path / "before.bin", tmp_path / "after.bin"
    before.write_bytes(b"a" * 0x1000 + b"b" * 0x1000 + b"c")
    firmware = eraser().write(tmp_path / "a.elf")
    arguments = ("run", firmware, "--board", "nrf52840dk", "--external-flash", before, "--save-external-flash", after)
    assert main([*map(str, arguments), "--seconds", "0.1"]) == 0
    held = after.read_bytes()
    assert len(held) == 8 << 20
    assert held[:0x1000] == b"a" * 0x1000
    assert held[0x1000:0x2000] == b"\xff" * 0x1000
    assert held[0x2000:0x2002] == b"c\xff"
    assert before.read_bytes()[0x1000:0x1001] == b"b"


def test_a_chip_that_nobody_fills_is_erased(tmp_path: Path) -> None:
    after = tmp_path / "after.bin"
    firmware = hello().write(tmp_path / "a.elf")
    assert main(["run", str(firmware), "--board", "nrf52840dk", "--save-external-flash", str(after)]) == 0
    assert after.read_bytes() == b"\xff" * (8 << 20)


def test_what_cannot_be_used_is_told(complain: Complain, tmp_path: Path) -> None:
    firmware, large = hello().write(tmp_path / "a.elf"), tmp_path / "large"
    large.write_bytes(bytes((8 << 20) + 1))
    dk = (firmware, "--board", "nrf52840dk")
    none = "--external-flash: board nano33ble-sense has no external flash"
    assert none in complain(firmware, "--external-flash", large)
    assert none.replace("--", "--save-") in complain(firmware, "--save-external-flash", tmp_path / "x")
    assert f"{large}: 8388609 bytes; flash holds 8388608" in complain(*dk, "--external-flash", large)
    assert "No such file" in complain(*dk, "--external-flash", tmp_path / "missing")
    assert "cannot write there" in complain(*dk, "--save-external-flash", tmp_path / "missing" / "x")


def test_the_list_of_boards_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards"]) == 0
    assert "  flash: mx25r6435f, filled by --external-flash\n" in capsys.readouterr().out
