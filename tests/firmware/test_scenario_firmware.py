"""Scenarios as firmware meets them: console, buttons, sensors and their supply, microphone, VCD file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vcd.reader import TokenKind, tokenize

from cmsim.machine import Machine
from cmsim.report.vcd import VcdRecorder
from cmsim.scenario import Input, Level, Press, Scenario
from cmsim.stimuli.audio import Audio

START = 0.3
"""The crystal of the low-frequency clock runs by then."""


@pytest.fixture(scope="module")
def app(firmware_elfs: Path) -> Path:
    return firmware_elfs / "scenario.elf"


def test_console_input_and_buttons(app: Path) -> None:
    events = (Input(START, b"one\n"), Press(START + 0.05, "button1", 0.02), Input(START + 0.1, b"two\n"))
    m = Machine(app, "nrf52840dk", scenario=Scenario(events))
    m.run(seconds=START + 0.2)
    assert m.console() == "ready\necho one\npressed\nreleased\necho two\n"


def test_a_wire_from_the_console_to_itself(app: Path) -> None:
    """What it says while it listens comes back; "ready" is said before, and lost."""
    m = Machine(app, wires=["D0=D1"], scenario=Scenario((Level(START, "D2", False), Level(START + 0.02, "D2", None))))
    m.run(seconds=START + 0.05)
    assert m.console().startswith("ready\npressed\necho pressed\n")


def test_a_wire_from_an_output_to_an_input(app: Path) -> None:
    """The LED, lit by a button that is pulled low, is wired to that button's pin."""
    m = Machine(app, "nrf52840dk", wires=["P1.11=LED1"])
    m.run(seconds=START + 0.02)
    lines = m.console().splitlines()
    assert lines[:5] == ["ready", "pressed", "released", "pressed", "released"]
    assert len(lines) > 20


def test_more_input_than_the_receiver_holds(app: Path) -> None:
    text = b"abcdefghijklmnopqrstuvwxyz0123456789\n"
    m = Machine(app, scenario=Scenario((Input(START, text * 3),)))
    m.run(seconds=START + 0.2)
    assert m.console() == "ready\n" + ("echo " + text.decode()) * 3


def test_sensors_answer_only_with_power_and_pull_ups(app: Path) -> None:
    m = Machine(app, scenario=Scenario((Input(START, b"who\n"), Input(START + 0.5, b"power\nwho\n"))))
    m.run(until="39: 171", seconds=2)
    before, after = m.console().split("powered\n")
    names = ("6B", "5F", "5C", "39")
    lines = [line for line in before.lower().splitlines() if line[:2].upper() in names]
    assert len(lines) == 4
    assert not any(line.split(": ")[1].isdigit() for line in lines)
    assert after.upper().split() == ["6B:", "104", "5F:", "188", "5C:", "177", "39:", "171"]


def test_recording_of_a_tone(app: Path) -> None:
    rate = 48000
    tone = Audio(rate, 0.25 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate))
    m = Machine(app, audio=tone, scenario=Scenario((Input(START, b"record\n"),)))
    ends: list[int] = []
    m.soc.blocks["PDM"].subscribe(0x108, lambda: ends.append(m.soc.scheduler.now))
    m.run(until="recorded", seconds=1)
    assert np.diff(ends[:4]).tolist() == [256 * 62 * 64] * 3
    samples = np.frombuffer(m.read("recording"), "<i2").reshape(-1, 256)[:4].ravel()[200:].astype(float)
    times = np.arange(len(samples)) * 62 * 64 / 64e6
    best = max(np.arange(900, 1100, 1.0), key=lambda f: abs(np.exp(2j * np.pi * f * times) @ samples))
    assert abs(best - 1000) <= 2
    amplitude = abs(np.exp(2j * np.pi * 1000 * times) @ samples) * 2 / len(samples)
    assert amplitude == pytest.approx(0.25 * 32768 * 10 ** (3.2 / 20), rel=0.01)


def test_without_its_supply_the_microphone_is_silent_in_the_file_only(app: Path) -> None:
    m = Machine(app, audio=Audio(48000, np.zeros(48000)), scenario=Scenario((Input(START, b"record\n"),)))
    m.parts["microphone"].power_up()
    m.run(until="recorded", seconds=1)
    samples = np.frombuffer(m.read("recording"), "<i2").reshape(-1, 256)[:4].ravel()[200:]
    assert np.abs(samples).max() < 40  # idle tones of the modulator


# --- VCD --------------------------------------------------------------------------------------------------


def changes(path: Path) -> dict[str, list[tuple[int, Any]]]:
    """Variable (scope.name) -> (time in ps, value), the initial value included."""
    names: dict[str, list[str]] = {}
    found: dict[str, list[tuple[int, Any]]] = {}
    scope: list[str] = []
    now = 0
    for token in tokenize(io.BytesIO(path.read_bytes())):
        if token.kind is TokenKind.SCOPE:
            scope.append(token.scope.ident)
        elif token.kind is TokenKind.UPSCOPE:
            scope.pop()
        elif token.kind is TokenKind.TIMESCALE:
            assert (token.timescale.magnitude, token.timescale.unit.value) == (1, "ps")
        elif token.kind is TokenKind.VAR:
            names.setdefault(token.var.id_code, []).append(".".join((*scope, token.var.reference)))
        elif token.kind is TokenKind.CHANGE_TIME:
            now = token.time_change
        elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_STRING):
            change = token.scalar_change if token.kind is TokenKind.CHANGE_SCALAR else token.string_change
            for name in names[change.id_code]:
                found.setdefault(name, []).append((now, change.value))
    return found


def test_vcd_has_the_edges_the_bus_and_the_bytes(app: Path, tmp_path: Path) -> None:
    events = (Level(START + 0.02, "D2", False), Level(START + 0.04, "D2", None), Input(START + 0.1, b"power\nwho\n"))
    m = Machine(app, scenario=Scenario(events))
    edges: list[tuple[int, str]] = []
    m.pin("LED_BUILTIN").line.listen(lambda level: edges.append((m.soc.scheduler.now * 15625, str(int(level)))))
    path = tmp_path / "run.vcd"
    with VcdRecorder(m, path):
        m.run(until="39: 171", seconds=2)
    found = changes(path)
    assert len(edges) == 2
    assert found["board.LED_BUILTIN"][1:] == edges
    assert found["pins.P0_13"] == found["board.LED_BUILTIN"]
    assert (round((START + 0.02) * 1e12), "0") in found["pins.P1_11"]
    bus = [value for _, value in found["i2c.Wire1"]]
    place = bus.index("S_5F_W")
    assert bus[place : place + 5] == ["S_5F_W", "0F", "S_5F_R", "BC", "P"]
    bytes_sent = [value.removesuffix("'") for _, value in found["serial.uart0_tx"]]
    sent = "".join({"0x0A": "\n", "0x20": " "}.get(value, value) for value in bytes_sent)
    assert sent == m.console()
    received = [value for _, value in found["serial.uart0_rx"] if value]
    assert received == [*"power", "0x0A", *"who", "0x0A"]
    assert ("light.INT") in found


def test_recording_changes_nothing(app: Path, tmp_path: Path) -> None:
    def run(record: bool) -> dict[str, Any]:
        m = Machine(app, scenario=Scenario((Input(START, b"power\nwho\n"),)))
        recorder = VcdRecorder(m, tmp_path / "a.vcd") if record else None
        m.run(seconds=0.6)
        if recorder is not None:
            recorder.close()
            recorder.close()
        return {**m.record, "wall_seconds": 0}

    assert run(True) == run(False)


def test_two_recordings_are_equal(app: Path, tmp_path: Path) -> None:
    for name in ("a.vcd", "b.vcd"):
        with VcdRecorder(machine := Machine(app), tmp_path / name):
            machine.run(seconds=0.3)
    assert (tmp_path / "a.vcd").read_bytes() == (tmp_path / "b.vcd").read_bytes()
