"""Wires by option, file and Python: what they join, and what is no wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.thumb import Program, hello

from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.image import load_bytes
from cmsim.machine import Machine
from cmsim.scenario import Level, Scenario, load
from cmsim.voltages import Voltage
from cmsim.wires import Wire, parse_wire

P0 = 0x5000_0000
OUTPUT_HIGH = Program().store(P0 + 0x508, 1 << 13).store(P0 + 0x518, 1 << 13)


def machine(*wires: str, board: str = "nrf52840dk", **options: object) -> Machine:
    return Machine(load_bytes(Program().sleep().elf(), "a.elf"), board, wires=wires, **options)  # type: ignore[arg-type]


def test_option() -> None:
    assert parse_wire("D2=P1.04") == Wire("D2", "P1.04")
    for text in ("", "D2", "D2=", "=D2"):
        with pytest.raises(UsageError, match=rf"--wire '{text}': write it as PIN=PIN, for example D2=D3 or P1\.01=P1\.02"):
            parse_wire(text)


def test_names_of_board_and_chip() -> None:
    m = machine("D2=P1.04", scenario=Scenario((Level(0.1, "D3", True),)))
    m.run(seconds=0.2)
    assert (m.pin("P1.03").level, m.pin("P1.05").level) == (True, False)


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text('wires = ["D2=D3", "D3=D4"]\n[[event]]\nat = 0.1\npin = "D4"\nlevel = "high"\n')
    assert load(path).events[:2] == (Wire("D2", "D3"), Wire("D3", "D4"))
    m = machine(scenario=path)
    m.run(seconds=0.2)
    assert m.pin("D2").level
    for text in ("wires = 3", "wires = [3]"):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"day\.toml: wires is a list such as \[\"D2=D3\"\]"):
            load(path)


def test_a_jumper_that_is_set_during_the_run() -> None:
    m = machine(scenario=Scenario((Level(0.1, "D2", True),)))
    m.at(0.2, lambda m: m.wire("D3", "D2"))
    m.run(seconds=0.15)
    assert not m.pin("D3").level
    m.run(seconds=0.1)
    assert m.pin("D3").level


def test_a_wire_outlasts_resets() -> None:
    m = machine("LED1=D2")
    m.reset()
    m.pin("LED1").drive_from_board("test", True)
    assert m.pin("D2").level


@pytest.mark.parametrize(
    ("wires", "message"),
    [
        (("X1=D2",), r"--wire X1=D2: pin 'X1' is not on board nrf52840dk; known: .*D2.*, and P0\.00 to P1\.15"),
        (("D2=D2",), r"--wire D2=D2: P1\.03 is at both ends"),
        (("D2=P1.03",), r"--wire D2=P1\.03: P1\.03 is at both ends"),
        (("D2=D3", "P1.04=P1.03"), r"--wire P1\.04=P1\.03: P1\.04 and P1\.03 are wired already"),
    ],
)
def test_what_is_no_wire(wires: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        machine(*wires)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = hello().write(tmp_path / "app.elf")
    assert main(["run", str(app), "--wire", "D2=D3", "--wire", "D3=D2"]) == 2
    assert capsys.readouterr().err == "cmsim: error: --wire D3=D2: P1.12 and P1.11 are wired already\n"
    assert main(["run", str(app), "--wire", "D2=D3", "--seconds", "0.01"]) == 0


def test_a_voltage_feeds_both_ends() -> None:
    for events in ((Wire("A0", "A1"), Voltage("A1", 1.25)), (Voltage("A1", 1.25), Wire("A0", "A1"))):
        m = machine(scenario=Scenario(events))
        assert [m.soc.analog[n](0) for n in (3, 4)] == [1.25, 1.25]
    with pytest.raises(UsageError, match="--wire A0=A1: --adc gives both ends a voltage of their own"):
        machine(scenario=Scenario((Voltage("A0", 1.0), Voltage("A1", 1.25), Wire("A0", "A1"))))


def test_ends_that_drive_against_each_other_are_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = OUTPUT_HIGH.sleep().write(tmp_path / "app.elf")
    drive = [f"--pin=D2={level}@{at}ms" for at, level in enumerate(("low", "release", "low"), start=10)]
    assert main(["run", str(app), "--board", "nrf52840dk", "--wire", "LED1=D2", "--seconds", "0.1", *drive]) == 0
    told = "P0.13 drives high and P1.03 low, and they are wired: taken for low"
    assert capsys.readouterr().err.count(told) == 1
