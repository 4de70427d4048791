"""Charge: time by what the chip does, times the table's currents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.assembler import machine

from cmsim import Machine
from cmsim.bench import energy as bench
from cmsim.cli import main
from cmsim.kernel import CPU_HZ
from cmsim.measure import currents
from cmsim.measure.energy import EnergyMeter

WAIT = "1: wfe\nb 1b\n"


def measured(tmp_path: Path, source: str, seconds: float = 0.01, **options: Any) -> tuple[Machine, dict[str, Any]]:
    m = machine(tmp_path, source, timing="manual", **options)
    m.energy = EnergyMeter(m)
    m.run(seconds=seconds)
    return m, m.record["energy"]


def store(address: int, value: int) -> str:
    return f"ldr r0, =0x{address:x}\nldr r1, =0x{value:x}\nstr r1, [r0]\n"


def test_a_cpu_that_never_sleeps(tmp_path: Path) -> None:
    m, energy = measured(tmp_path, "main: b .")
    assert [part["symbol"] for part in energy["parts"]] == ["ICPU1"]
    assert energy["microcoulombs"]["typical"] == pytest.approx(m.cycles / CPU_HZ * 6300, rel=1e-6)
    assert energy["average_microamperes"] == pytest.approx({"typical": 6300, "lowest": 3300, "highest": 6300})
    assert energy["inference_microcoulombs"] is None


def test_the_regulator_is_the_firmwares_choice(tmp_path: Path) -> None:
    _, energy = measured(tmp_path, "main:" + store(0x4000_0578, 1) + "b .\n.pool")
    assert {part["symbol"] for part in energy["parts"]} == {"ICPU0"}


START_TIMER = store(0x4000_8000, 1)
CRYSTAL = store(0x4000_0000, 1) + "ldr r0, =0x40000100\n2: ldr r1, [r0]\ncmp r1, #0\nbeq 2b\n"
FAST = store(0x4000_8510, 0)
RADIO_POWER = store(0x4000_1FFC, 1)
CASES = {
    "nothing runs": ("", "ION_RAMON_EVENT"),
    "LFCLK": (store(0x4000_0008, 1) + "ldr r0, =0x40000418\n2: ldr r1, [r0]\ncmp r1, #0\nbeq 2b\n", "ION_RAMON_RTC"),
    "TIMER at 1 MHz": (START_TIMER, "ITIMER0"),
    "TIMER at 16 MHz": (FAST + START_TIMER, "ITIMER3"),
    "TIMER at 1 MHz, crystal": (CRYSTAL + START_TIMER, "ITIMER2"),
    "TIMER at 16 MHz, crystal": (CRYSTAL + FAST + START_TIMER, "ITIMER4"),
    "crystal": (CRYSTAL, "ITIMER2"),
    "PWM": (store(0x4001_C500, 1) + store(0x4001_C508, 1000) + store(0x4001_C520, 0x2000_1000) + store(0x4001_C524, 1)
            + store(0x4001_C514, 0) + store(0x4001_C008, 1), "ITIMER0"),
    "SAADC": (store(0x4000_7500, 1) + store(0x4000_762C, 0x2000_1000) + store(0x4000_7630, 1) + store(0x4000_7000, 1),
              "ISAADC,RUN"),
    "LPCOMP": (store(0x4001_3500, 1) + store(0x4001_3000, 1), "ION_RAMON_EVENT"),
    "GPIOTE listens for an edge": (store(0x4000_6510, 0x1_0001), "ION_RAMON_GPIOTE"),
    "GPIOTE drives a pin": (store(0x4000_6510, 0x3_0003), "ION_RAMON_EVENT"),
    "GPIOTE and a TIMER": (store(0x4000_6510, 0x1_0001) + START_TIMER, "ITIMER0"),
    "NFCT": (store(0x4000_5000, 1), "Iactivated"),
    "RNG": (store(0x4000_D000, 1), "ION_RAMON_EVENT"),
    "COMP": (store(0x4001_3500, 2) + store(0x4001_3000, 1), "ICOMP,LP"),
    "COMP in normal mode": (store(0x4001_3534, 1) + store(0x4001_3500, 2) + store(0x4001_3000, 1), "ICOMP,NORM"),
    "COMP at high speed": (store(0x4001_3534, 2) + store(0x4001_3500, 2) + store(0x4001_3000, 1), "ICOMP,HS"),
    "USBD": (store(0x4002_7500, 1), "IUSB,ACTIVE,VDD - ICPU1"),
    "WDT": (store(0x4001_0000, 1), "ION_RAMON_RTC"),
    "UARTE receives": (store(0x4000_2500, 8) + store(0x4000_2534, 0x2000_1000) + store(0x4000_2538, 4)
                       + store(0x4000_2000, 1), "ITIMER0"),
    "RADIO receives": (CRYSTAL + RADIO_POWER + store(0x4000_1004, 1), "IRADIO_RX0"),
    "RADIO transmits": (CRYSTAL + RADIO_POWER + store(0x4000_1000, 1), "IRADIO_TX1"),
}
SPECIFIED = {
    "ICPU0": ("CPU running", 3300), "ICPU1": ("CPU running", 6300), "ICPU2": ("CPU running", 2800),
    "IS0": ("Compounded", 8100), "IS1": ("Compounded", 8600), "IS2": ("Compounded", 15400), "IS3": ("Compounded", 16200),
    "IOFF_RAMOFF_RESET": ("Sleep", 0.40), "IOFF_RAMON_RESET": ("Sleep", 1.86), "ION_RAMON_EVENT": ("Sleep", 2.35),
    "ION_RAMON_RTC": ("Sleep", 3.16), "ION_RAMON_GPIOTE": ("Sleep", 17.37), "Iactivated": ("NFCT active", 400),
    "ITIMER0": ("TIMER running", 418), "ITIMER2": ("TIMER running", 646), "ITIMER3": ("TIMER running", 595),
    "ITIMER4": ("TIMER running", 823), "ISAADC,RUN": ("SAADC active", 1240),
    "ICOMP,LP": ("COMP active", 22.7), "ICOMP,NORM": ("COMP active", 26.4), "ICOMP,HS": ("COMP active", 33.0),
    "IUSB,ACTIVE,VDD - ICPU1": ("USBD running", 7730 - 6300), "IUSB,SUSPEND,VDD": ("USBD running", 173),
    "IRADIO_TX1": ("Radio transmitting/receiving", 6400), "IRADIO_RX0": ("Radio transmitting/receiving", 6260),
}  # fmt: skip
"""Symbol -> part of the section on current consumption, microamperes."""


@pytest.mark.parametrize("case", CASES)
def test_sleep_costs_what_keeps_running(tmp_path: Path, case: str) -> None:
    setup, symbol = CASES[case]
    m, energy = measured(tmp_path, f"main: {setup}\n{WAIT}\n.pool")
    rows = {row.symbol: row for row in currents.ALL}
    part = next(part for part in energy["parts"] if part["symbol"] == symbol)
    assert part["seconds"] > 0.005
    assert part["microamperes"]["typical"] == rows[symbol].typical
    assert part["microcoulombs"] == pytest.approx(part["seconds"] * rows[symbol].typical, abs=1e-5)
    assert sum(part["seconds"] for part in energy["parts"]) == pytest.approx(m.seconds)


MISSING = {"PWM": ["PWM0"], "RNG": ["RNG"], "WDT": ["WDT"], "UARTE receives": ["UARTE0"], "LPCOMP": ["LPCOMP"], "COMP": [], "USBD": [],
           "nothing runs": [], "NFCT": []}  # fmt: skip


@pytest.mark.parametrize("case", MISSING)
def test_what_has_no_figure_is_named(tmp_path: Path, case: str) -> None:
    _, energy = measured(tmp_path, f"main: {CASES[case][0]}\n{WAIT}\n.pool")
    assert energy["without_figures"] == MISSING[case]


@pytest.mark.parametrize(("regulator", "task", "symbols"), [
    (1, 0, {"ICPU0", "IS0"}), (1, 4, {"ICPU0", "IS1"}), (0, 0, {"ICPU1", "IS2"}), (0, 4, {"ICPU1", "IS3"}),
])  # fmt: skip
def test_the_radio_beside_a_running_cpu(tmp_path: Path, regulator: int, task: int, symbols: set[str]) -> None:
    """On for the second half of the run; from READY on, the ramp is not counted."""
    wait = "ldr r0, =160000\n3: subs r0, #1\nbne 3b\n"
    radio = store(0x4000_1FFC, 1) + store(0x4000_1000 + task, 1)
    m, energy = measured(tmp_path, "main:" + store(0x4000_0578, regulator) + CRYSTAL + wait + radio + "b .\n.pool")
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert seconds.keys() == symbols
    assert sum(seconds.values()) == pytest.approx(m.seconds)
    assert all(value > 0.001 for value in seconds.values())


def test_usb_suspended_while_the_cpu_sleeps(tmp_path: Path) -> None:
    m, _ = measured(tmp_path, f"main: {CASES['USBD'][0]}\n{WAIT}\n.pool", usb="none")
    m.soc.blocks["USBD"].suspend()
    m.run(seconds=0.02)
    seconds = {part["symbol"]: part["seconds"] for part in m.record["energy"]["parts"]}
    assert seconds["IUSB,ACTIVE,VDD - ICPU1"] == pytest.approx(0.01, rel=0.1)
    assert seconds["IUSB,SUSPEND,VDD"] == pytest.approx(0.02, rel=0.1)


def test_a_transmission_that_ends_while_the_cpu_sleeps(tmp_path: Path) -> None:
    """1 Mbit, an empty packet: READY starts it, END disables the radio, and the CPU sleeps on."""
    radio = (store(0x4000_1FFC, 1) + store(0x4000_1504, 0x2000_1000) + store(0x4000_1200, 3) + store(0x4000_1000, 1))
    _, energy = measured(tmp_path, "main:" + CRYSTAL + radio + WAIT + ".pool")
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert 10e-6 < seconds["IRADIO_TX1"] < 500e-6
    assert seconds["ITIMER2"] > 0.008  # HFXO is left on


def test_a_text_that_is_sent_while_the_cpu_sleeps(tmp_path: Path) -> None:
    """Ten bytes at 1 Mbaud take 100 us of HFCLK, and the CPU sleeps on."""
    uarte = (store(0x4000_2500, 8) + store(0x4000_2524, 0x1000_0000) + store(0x4000_2544, 0x2000_1000)
             + store(0x4000_2548, 10) + store(0x4000_2008, 1))  # fmt: skip
    _, energy = measured(tmp_path, f"main:{uarte}{WAIT}.pool")
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert seconds["ITIMER0"] == pytest.approx(100e-6, rel=0.03)
    assert seconds["ION_RAMON_EVENT"] > 0.009


@pytest.mark.parametrize(("retained", "symbol"), [(0xFFFF, "IOFF_RAMOFF_RESET"), (0xFFFF_FFFF, "IOFF_RAMON_RESET")])
def test_system_off_until_a_pin_wakes_the_chip(tmp_path: Path, retained: int, symbol: str) -> None:
    """It sleeps with P0.02 sensed; woken, it runs on, since RESETREAS has OFF."""
    woken = "ldr r0, =0x40000400\nldr r1, [r0]\ntst r1, #0x10000\nbeq 4f\nb .\n4:\n"
    sense = store(0x5000_0708, 0x2_0000)
    source = "main:" + woken + store(0x4000_0900, retained) + sense + store(0x4000_0500, 1) + "b .\n.pool"
    m = machine(tmp_path, source, timing="manual")
    m.energy = EnergyMeter(m)
    m.soc.scheduler.alarm(lambda: m.soc.pins[2].drive("test", True)).at(CPU_HZ // 100)
    m.run(seconds=0.015)
    seconds = {part["symbol"]: part["seconds"] for part in m.record["energy"]["parts"]}
    assert seconds.keys() == {symbol, "ICPU1"}
    assert seconds[symbol] == pytest.approx(0.01, abs=1e-4)
    assert seconds["ICPU1"] == pytest.approx(0.005, abs=1e-4)


def test_an_inference_has_its_charge(tmp_path: Path) -> None:
    source = "main: bl work\nbl work\nb .\nwork: mov r0, #1000\n1: subs r0, #1\nbne 1b\nbx lr"
    m, energy = measured(tmp_path, source, functions=["work"], inference_function="work")
    (first, second) = m.record["inferences"]
    mean = (first["cycles"] + second["cycles"]) / 2 / CPU_HZ * 6300
    assert energy["inference_microcoulombs"]["typical"] == pytest.approx(mean, rel=1e-4)
    assert energy["inference_microjoules"]["typical"] == pytest.approx(3 * mean, rel=1e-4)


def test_it_costs_no_cycle(tmp_path: Path) -> None:
    source = "main:" + START_TIMER + WAIT + ".pool"
    m = machine(tmp_path, source, timing="manual")
    m.run(seconds=0.01)
    assert measured(tmp_path, source)[0].cycles == m.cycles
    assert "energy" not in m.record


@pytest.mark.parametrize("row", currents.ALL, ids=lambda row: row.conditions)
def test_every_row_is_the_specifications(row: currents.Current) -> None:
    assert (row.section, row.typical) == SPECIFIED[row.symbol]
    assert row.lowest <= row.typical <= row.highest
    unread = ("CPU running", "Sleep", "NFCT active", "COMP active", "USBD running")
    assert row.read == (row.section not in unread)


def test_every_row_is_used() -> None:
    """In a run, but for code in RAM, which is a bound only."""
    elsewhere = {"ICPU0", "ICPU1", "IS0", "IS1", "IS2", "IS3", "IOFF_RAMOFF_RESET", "IOFF_RAMON_RESET",
                 "IUSB,SUSPEND,VDD"}  # fmt: skip
    reached = {symbol for _, symbol in CASES.values()} | elsewhere
    assert reached == set(SPECIFIED) - {"ICPU2"}
    assert currents.CPU_DCDC.lowest == currents.CPU_RAM_DCDC.typical


def test_bench_has_the_same_table() -> None:
    assert bench.TYPICAL.milliamperes * 1000 == currents.CPU_DCDC.typical
    assert bench.LOWEST.milliamperes * 1000 == currents.CPU_DCDC.lowest
    assert bench.HIGHEST.milliamperes * 1000 == currents.CPU_DCDC.highest


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "record.json"
    assert main(["run", "--inferences", "1", "--energy", "--json", str(file)]) == 0
    energy = json.loads(file.read_text())["energy"]
    shown = capsys.readouterr().out
    assert f"an inference: {energy['inference_microcoulombs']['typical']:,.1f} µC" in shown
    assert {part["symbol"] for part in energy["parts"]} >= {"ICPU1", "ION_RAMON_RTC"}
