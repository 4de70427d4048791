"""Voltages at analogue pins, from a trace or constant, by option, file and Python."""

from pathlib import Path

import pytest
from support.thumb import Program

from cmsim.errors import UsageError
from cmsim.image import load_bytes
from cmsim.kernel import CPU_HZ
from cmsim.machine import Machine
from cmsim.scenario import Scenario, load
from cmsim.voltages import Voltage, parse_voltage


def machine(*events: Voltage, board: str = "nrf52840dk", scenario: Scenario | None = None) -> Machine:
    image = load_bytes(Program().sleep().elf(), "a.elf")
    return Machine(image, board=board, scenario=scenario or Scenario(events))


def volts(m: Machine, pin: int, seconds: float = 0.0) -> float:
    return m.soc.analog[pin](round(seconds * CPU_HZ))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "battery.csv"
    path.write_text("time [s], voltage [mV]\n0, 3000\n10, 2000\n")
    return path


def test_constant_and_trace(trace: Path) -> None:
    m = machine(Voltage("A0", 1.25), Voltage("P0.04", trace))
    assert volts(m, 3) == 1.25  # A0 of the kit is P0.03
    assert [volts(m, 4, s) for s in (0, 5, 20)] == pytest.approx([3.0, 2.5, 2.0])


def test_the_converter_measures_it() -> None:
    m = machine(Voltage("A0", 0.6))
    saadc = m.soc.blocks["SAADC"]
    for offset, value in ((0x510, 2), (0x518, 0x2_0000), (0x5F0, 2), (0x62C, 0x2000_0000), (0x630, 1), (0x500, 1), (0, 1), (4, 1)):
        saadc.write(offset, value)
    m.soc.scheduler.advance(CPU_HZ // 1000)
    assert int.from_bytes(m.soc.dma_read(0x2000_0000, 2), "little") == round(0.6 / 6 / 0.6 * 4096)


@pytest.mark.parametrize(("text", "voltage"), [("A0=1.2", Voltage("A0", 1.2)), ("A0=1.2V", Voltage("A0", 1.2)),
                                               ("P0.04=b.csv", Voltage("P0.04", Path("b.csv")))])
def test_option(text: str, voltage: Voltage) -> None:
    assert parse_voltage(text) == voltage


def test_scenario_file(tmp_path: Path, trace: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text('[analog]\nA0 = 1.5\n"P0.04" = "battery.csv"\n')
    m = machine(scenario=load(path))
    assert (volts(m, 3), volts(m, 4)) == (1.5, 3.0)


@pytest.mark.parametrize(("event", "message"), [
    (Voltage("P0.13", 1.0), r"--adc P0\.13: not an analogue pin of the nrf52840; it has P0\.02, P0\.03"),
    (Voltage("X9", 1.0), "X9"),
    (Voltage("A0", "missing.csv"), "missing.csv"),
])
def test_errors(event: Voltage, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        machine(event)


def test_a_trace_without_voltage(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("time [s], temperature [degC]\n0, 20\n")
    with pytest.raises(UsageError, match=r"no column 'voltage \[V\]' for pin A0"):
        machine(Voltage("A0", tmp_path / "t.csv"))


@pytest.mark.parametrize("text", ["A0", "=1", "A0="])
def test_bad_options(text: str) -> None:
    with pytest.raises(UsageError, match="write it as PIN=TRACE or PIN=VOLTS"):
        parse_voltage(text)


def test_bad_file(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("analog = 5\n")
    with pytest.raises(UsageError, match=r"\[analog\] has lines such as"):
        load(tmp_path / "x.toml")
