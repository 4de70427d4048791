"""Scenarios: times, texts, files, and what is wrong with them; events on a machine without interesting firmware."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.thumb import Program, hello

from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.image import load_bytes
from cmsim.machine import Machine
from cmsim.scenario import (
    Input,
    Level,
    Press,
    Scenario,
    load,
    parse_input,
    parse_pin,
    parse_press,
    parse_time,
    unescape,
)
from cmsim.stimuli import Trace
from cmsim.stimuli.audio import Audio


def machine(board: str = "nrf52840dk", program: Program | None = None, **options: object) -> Machine:
    return Machine(load_bytes((program or hello()).elf(), "a.elf"), board, **options)  # type: ignore[arg-type]


def pressure(*values: float) -> Trace:
    return Trace(np.arange(len(values), dtype=float), {"pressure": np.array(values)}, "hill")


# --- texts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"), [("1.5s", 1.5), ("20ms", 0.02), ("300us", 0.0003), ("2", 2.0), (".5s", 0.5), (3, 3.0), (0.25, 0.25)]
)
def test_times(text: str | float, seconds: float) -> None:
    assert parse_time(text) == pytest.approx(seconds, rel=1e-15)


@pytest.mark.parametrize("text", ["", "soon", "1h", "1.5 s s", "1e3s", True, "nan", "1,5s"])
def test_bad_times(text: str) -> None:
    with pytest.raises(UsageError, match=r"time .*: write it as 1\.5s, 20ms or 300us"):
        parse_time(text)


def test_times_outside_of_any_run() -> None:
    with pytest.raises(UsageError, match="time '-1s' is before the beginning"):
        parse_time("-1s")
    with pytest.raises(UsageError, match="time '10000000000' is not a moment of any run"):
        parse_time("10000000000")


def test_options() -> None:
    assert parse_input(r"go\n@1.5s") == Input(1.5, b"go\n")
    assert parse_input("a@b@20ms") == Input(0.02, b"a@b")
    assert parse_press("button1@1s") == Press(1.0, "button1", 0.1)
    assert parse_press("button1@1s+2s") == Press(1.0, "button1", 2.0)
    assert parse_pin("P0.11=low@2s") == Level(2.0, "P0.11", False)
    assert parse_pin("D2=1@2s") == Level(2.0, "D2", True)
    assert parse_pin("D2=release@2s") == Level(2.0, "D2", None)


def test_escapes() -> None:
    assert unescape(r"\n\r\t\0\\\x41ä") == b"\n\r\t\0\\A\xc3\xa4"
    with pytest.raises(UsageError, match=r"\\q is not known; known are"):
        unescape(r"a\q")
    with pytest.raises(UsageError, match=r"\\x is not known"):
        unescape(r"a\x4")


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_input, "go", r"--input 'go': write it as TEXT@TIME"),
        (parse_input, "go@soon", r"--input go@soon: time 'soon': write it as"),
        (parse_press, "button1", r"--press 'button1': write it as BUTTON@TIME"),
        (parse_press, "button1@1s+x", r"--press button1@1s\+x: duration 'x'"),
        (parse_press, "button1@1s+0s", r"--press button1@1s\+0s: duration '0s': it has to be more than 0"),
        (parse_pin, "P0.11@2s", r"--pin P0\.11@2s: level '' is not known; known: high, low, release"),
        (parse_pin, "P0.11=low@-1s", r"time '-1s' is before the beginning"),
    ],
)
def test_bad_options(parse: object, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(text)  # type: ignore[operator]


# --- files ------------------------------------------------------------------------------------------------


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text(
        'audio = "tone.wav"\n[sensors]\nbarometer = "hill.csv"\n'
        '[[event]]\nat = "1s"\ninput = "go\\n"\nchannel = "uart1"\n'
        '[[event]]\nat = 2\npress = "button1"\nfor = "50ms"\nevery = "500ms"\ntimes = 3\n'
        '[[event]]\nat = 2.5\npin = "D2"\nlevel = "low"\n'
    )
    scenario = load(path)
    assert scenario.events == (
        Input(1.0, b"go\n", "uart1"),
        Press(2.0, "button1", 0.05), Press(2.5, "button1", 0.05), Press(3.0, "button1", 0.05),
        Level(2.5, "D2", False),
    )  # fmt: skip
    assert scenario.sensors == {"barometer": tmp_path / "hill.csv"}
    assert scenario.audio == tmp_path / "tone.wav"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at 1s", r"day\.toml: not TOML: "),
        ("a = " + "[" * 5000, r"day\.toml: not TOML: "),
        ("[events]", r"day\.toml: 'events' is not known; known: sensors, audio, analog, wires, event"),
        ("audio = 3", r"day\.toml: audio is the name of a WAV file"),
        ("sensors = 3", r"day\.toml: \[sensors\] has lines such as"),
        ("event = 3", r"day\.toml: events are written as \[\[event\]\]"),
        ("[[event]]\nat = 1", r"day\.toml: event 1: it has to have one of input, press, pin, touch"),
        ("[[event]]\ninput = 'a'\npress = 'b'\nat = 1", r"event 1: it has to have one of input, press, pin, touch"),
        ("[[event]]\ninput = 'a'", r"event 1: it says not when"),
        ("[[event]]\ninput = 3\nat = 1", r"event 1: input is a text"),
        ("[[event]]\ninput = 'a'\nat = -1", r"event 1: time -1 is before the beginning"),
        ("[[event]]\ninput = 'a'\nat = 'x'", r"event 1: time 'x': write it as"),
        ("[[event]]\ninput = 'a'\nat = 1\nlevel = 'low'", r"event 1: 'level' is not known; known: input, channel, at, every"),
        ("[[event]]\ntouch = 'usb1'\nat = 1", r"event 1: touch = \"usb0\", not 'usb1'"),
        ("[[event]]\npin = 'D2'\nat = 1", r"event 1: level 'None' is not known"),
        ("[[event]]\npin = 'D2'\nlevel = 'up'\nat = 1", r"event 1: level 'up' is not known"),
        ("[[event]]\ninput = 'a'\nat = 1\ntimes = 3", r"event 1: a repeated event has every"),
        ("[[event]]\ninput = 'a'\nat = 1\nevery = 1\ntimes = 0", r"event 1: a repeated event has every"),
        ("[[event]]\ninput = 'a'\nat = 1\nevery = '0s'\ntimes = 2", r"event 1: every '0s': it has to be more than 0"),
        ("[[event]]\npress = 'a'\nat = 1\nfor = 0", r"event 1: for 0: it has to be more than 0"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "day.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_missing_file() -> None:
    with pytest.raises(UsageError, match=r"none\.toml: No such file"):
        load("none.toml")


def test_sum_and_gathering() -> None:
    first = Scenario((Input(1, b"a"),), {"imu": "a.csv", "light": "b.csv"}, "a.wav")
    both = first + Scenario((Input(0, b"b"),), {"imu": "c.csv"})
    assert both == Scenario((Input(1, b"a"), Input(0, b"b")), {"imu": "c.csv", "light": "b.csv"}, "a.wav")
    assert Scenario.gather(None) == Scenario()


# --- on a machine -----------------------------------------------------------------------------------------


def test_at() -> None:
    m = machine()
    heard: list[tuple[float, float]] = []
    m.at(0.5, lambda m: heard.append((m.seconds, m.soc.scheduler.now / 64e6)))
    undo = m.at(0.6, lambda m: heard.append((0, 0)))
    undo()
    m.run(seconds=1)
    assert [now for _, now in heard] == [0.5]
    with pytest.raises(UsageError, match=r"at 0\.5 s: the machine is at 1\.0 s already"):
        m.at(0.5, lambda m: None)
    with pytest.raises(UsageError):
        m.at(float("inf"), lambda m: None)


def levels(m: Machine, pin: str) -> list[tuple[float, bool]]:
    edges: list[tuple[float, bool]] = []
    m.pin(pin).line.listen(lambda level: edges.append((m.soc.scheduler.now / 64e6, level)))
    return edges


def test_pins_follow_events() -> None:
    m = machine(scenario=Scenario((Level(0.1, "D2", True), Level(0.3, "P1.03", False), Level(0.4, "D2", True),
                                   Level(0.5, "D2", None))))
    edges = levels(m, "D2")
    m.run(seconds=1)
    assert edges == [(0.1, True), (0.3, False), (0.4, True), (0.5, False)]


def test_an_event_at_the_beginning() -> None:
    m = machine(scenario=Scenario((Level(0, "D2", True),)))
    m.run(seconds=0.001)
    assert m.pin("D2").level


def test_button_pulls_low() -> None:
    pull_up = Program().store(0x5000_0000 + 0x700 + 4 * 11, 0xC).sleep()
    m = machine(program=pull_up, scenario=Scenario((Press(0.1, "button1", 0.05),)))
    edges = levels(m, "BUTTON1")
    m.run(seconds=1)
    assert edges[1:] == [(0.1, False), (pytest.approx(0.15), True)]


def test_reset_button() -> None:
    m = machine(scenario=Scenario((Press(0.1, "reset", 0.05),)))
    m.run(seconds=1)
    assert m.console("semihosting") == "hello\nhello\n"


def test_reset_button_in_system_off() -> None:
    """SYSTEMOFF is written again each time; behind the last press nothing is left to wake the chip."""
    program = Program().say("off\n").store(0x4000_0500, 1).sleep()
    m = machine(program=program, scenario=Scenario((Press(0.1, "reset"), Press(0.3, "reset"))))
    assert m.run(seconds=1).reason == "system off"
    assert m.console("semihosting") == "off\n" * 3
    assert m.soc.blocks["POWER"].read(0x400) == 1
    assert m.seconds == pytest.approx(0.4, abs=0.001)


@pytest.mark.parametrize("off", [False, True])
def test_reset_pin(off: bool) -> None:
    """P0.18, once UICR.PSELRESET names it: the chip starts again when the pin is let go."""
    program = Program().say("hello\n")
    if off:
        program.store(0x4000_0500, 1)
    m = machine(program=program.sleep(), scenario=Scenario((Level(0.1, "P0.18", False), Level(0.2, "P0.18", None))))
    uicr: Any = m.soc.blocks["UICR"]
    uicr.load(0x200, bytes.fromhex("1200000012000000"))
    m.run(seconds=1)
    assert m.console("semihosting") == "hello\nhello\n"
    assert m.soc.blocks["POWER"].read(0x400) == 1


def test_input_goes_to_the_console_or_a_channel() -> None:
    m = machine(scenario=Scenario((Input(0.1, b"ab"), Input(0.2, b"c", "uart1"))))
    m.run(seconds=0.15)
    assert (m.soc.serial_port("uart0").waiting, m.soc.serial_port("uart1").waiting) == (2, 0)
    m.run(seconds=0.15)
    assert m.soc.serial_port("uart1").waiting == 1


def test_events_keep_a_sleeping_run_alive_and_end_with_the_last() -> None:
    stop = machine(scenario=Scenario((Level(0.7, "D2", True),))).run()
    assert stop.reason == "idle"


def test_sensors_are_fed_by_part_or_stimulus() -> None:
    m = machine("nano33ble-sense", sensors={"barometer": pressure(1000.0, 900.0)})
    assert m.parts["barometer"].sense("pressure", 0) == 1000.0
    assert m.parts["barometer"].sense("pressure", 32_000_000) == 950.0
    accel = Trace(np.arange(2.0), {f"accel {axis}": np.array([0.5, 1.0]) for axis in "xyz"})
    m = machine(sensors={"imu": accel})  # this board has its sensor only with a trace
    assert m.parts["imu"].sense("accel x", 64_000_000) == 1.0


def test_the_same_scenario_gives_the_same_record() -> None:
    def record() -> dict[str, object]:
        m = machine(scenario=Scenario((Press(0.1, "reset"), Level(0.3, "D2", True))))
        m.run(seconds=0.5)
        return {**m.record, "wall_seconds": 0}

    assert record() == record()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenario": Scenario((Press(1, "button9"),))}, "button 'button9' is not on board nrf52840dk; known: button1, button2, "),
        ({"scenario": Scenario((Level(1, "D99", True),))}, "pin 'D99' is not on board nrf52840dk; known: .*BUTTON1.* and P0.00 to P1.15"),
        ({"scenario": Scenario((Level(1, "P1.16", True),))}, "pin 'P1.16' is not on board"),
        ({"scenario": Scenario((Input(1, b"", "uart7"),))}, "channel 'uart7' takes no input; known: uart0, uart1"),
        ({"sensors": {"barometer": "a.csv"}}, "--sensor barometer: board nrf52840dk has no such sensor; known: none"),
        ({"audio": "a.wav"}, "--audio: board nrf52840dk has no microphone"),
    ],
)
def test_what_a_board_does_not_have(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        machine(**options)  # type: ignore[arg-type]


def test_what_a_sensor_does_not_sense() -> None:
    with pytest.raises(UsageError, match="hill: nothing for humidity: it senses humidity, temperature"):
        machine("nano33ble-sense", sensors={"humidity": pressure(1.0, 2.0)})
    with pytest.raises(UsageError, match="known: imu, humidity, barometer, light"):
        machine("nano33ble-sense", sensors={"microphone": pressure(1.0, 2.0)})


def test_audio_from_python() -> None:
    m = machine("nano33ble-sense", audio=Audio(16000, np.zeros(10)))
    assert "microphone" in m.parts


# --- the command line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--press", "button1@1s"], "button 'button1' is not on board nano33ble-sense; known: reset"),
        (["--pin", "X=low@1s"], "pin 'X' is not on board nano33ble-sense"),
        (["--input", "x@-1s"], "is before the beginning"),
        (["--sensor", "barometer"], "--sensor 'barometer': write it as NAME=TRACE"),
        (["--sensor", "barometer=none.csv"], "none.csv: no such file"),
        (["--audio", "none.wav"], "none.wav: no such file"),
        (["--scenario", "none.toml"], "none.toml: No such file"),
        (["--vcd", "/none/a.vcd"], "/none/a.vcd: cannot write there"),
        (["--interactive", "--pty"], "choose one of them"),
        (["--interactive", "--console", "uart9"], "channel 'uart9' takes no input; known: "),
        (["--input", "a@1s", "--console", "uart9"], "channel 'uart9' takes no input; known: "),
    ],
)
def test_errors_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    app = hello().write(tmp_path / "app.elf")
    assert main(["run", str(app), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
