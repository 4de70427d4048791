"""A CDC-ACM device of our own on the bare USBD: enumeration, console out and in, the 1200-baud touch, an empty connector."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cmsim.cli import main
from cmsim.machine import Machine
from cmsim.scenario import Input, Scenario


@pytest.fixture(scope="module")
def app(firmware_elfs: Path) -> Path:
    return firmware_elfs / "usb_cdc.elf"


def test_enumeration_and_greeting(app: Path) -> None:
    m = Machine(app, "nrf52840dk")
    assert m.run(until="hello", seconds=1).reason == "text"
    assert m.console("usb0") == "hello\n"
    assert m.console("uart0") == "attached\n"
    assert m.console_name == "usb0"
    record = m.record
    assert record["usb"] == {
        "vid": 0x1209,
        "pid": 0x0001,
        "product": "test port",
        "interfaces": [
            {"number": 0, "class": [2, 2, 1], "title": "CDC-ACM"},
            {"number": 1, "class": [10, 0, 0], "title": "CDC data"},
        ],
        "state": "configured",
    }
    assert record["unmodelled"] == []
    assert record["faults"] == []


def test_input_goes_where_one_types(app: Path) -> None:
    events = (Input(0.4, b"one\n"), Input(0.5, b"x" * 64 + b"\ntwo\n"))  # the second needs two packets
    m = Machine(app, "nrf52840dk", scenario=Scenario(events))
    m.run(seconds=0.6)
    assert m.console() == f"hello\nyou said one\nyou said {'x' * 64}\nyou said two\n"


def test_more_than_the_device_can_hold_waits_on_the_bus(app: Path) -> None:
    m = Machine(app, "nrf52840dk")
    m.run(until="hello", seconds=1)
    for n in range(50):
        m.send("usb0", f"{n} {'.' * 50}\n".encode())
    m.run(seconds=0.5)
    said = m.console("usb0").splitlines()
    assert len(said) > 1
    assert m.soc.serial_port("usb0").waiting == 0


def test_touch_leads_to_the_bootloader(app: Path) -> None:
    m = Machine(app, "nrf52840dk")
    m.run(until="hello", seconds=1)
    m.usb.touch(9600)
    m.run(seconds=0.1)
    assert "bootloader" not in m.console("uart0")
    m.usb.touch()
    assert m.run(until="bootloader", seconds=0.5).reason == "text"
    assert m.usb.state == "detached"
    assert m.console_name == "uart0"


def test_without_a_cable_it_waits(app: Path) -> None:
    m = Machine(app, "nrf52840dk", usb="none")
    m.run(seconds=0.5)
    assert m.console("uart0") == ""
    assert m.record["usb"] is None


def test_from_the_command_line(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--board", "nrf52840dk", "--input", r"hi\n@0.4s", "--until", "you said hi", "--seconds", "1"]
    assert main(["run", str(app), *options, "--json", str(tmp_path / "r.json")]) == 0
    out = capsys.readouterr().out
    assert "usb0: hello" in out
    assert "usb0: you said hi" in out
    assert json.loads((tmp_path / "r.json").read_text())["console"]["usb0"].endswith("you said hi\n")


@pytest.mark.parametrize("by", ["option", "file"])
def test_the_touch_as_an_event(app: Path, tmp_path: Path, by: str) -> None:
    day = tmp_path / "day.toml"
    day.write_text("[[event]]\nat = '0.6s'\ntouch = 'usb0'\n")
    how = ["--touch", "0.6s"] if by == "option" else ["--scenario", str(day)]
    assert main(["run", str(app), "--board", "nrf52840dk", *how, "--until", "bootloader", "--seconds", "1"]) == 0


def test_a_touch_that_nobody_feels_is_told(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", str(app), "--board", "nrf52840dk", "--seconds", "1", "--touch"]
    assert main([*command, "1ms"]) == 1
    assert "--touch: at 0.001 s the firmware has no serial port over USB" in capsys.readouterr().err
    assert main([*command, "0.5s", "--usb", "none"]) == 2
    assert "--touch: no computer is at the USB connector of board nrf52840dk" in capsys.readouterr().err
    assert main([*command, "soon"]) == 2
    assert "--touch 'soon': write it as 1.5s, 20ms or 300us" in capsys.readouterr().err
