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
from cmsim.measure.drawing import NO_CACHE
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
    assert {part["symbol"] for part in energy["parts"]} == {"ICPU4"}


def test_the_crystal_is_the_firmwares_choice(tmp_path: Path) -> None:
    """HFXO takes its start-up time; until then the CPU runs from HFINT."""
    _, energy = measured(tmp_path, "main:" + store(0x4000_0578, 1) + CRYSTAL + "b .\n.pool")
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert seconds == pytest.approx({"ICPU4": 0.000331, "ICPU0": 0.01 - 0.000331}, abs=2e-6)


RUNS_IN_RAM = """
        ldr r4, =0x20000100
        ldr r0, =0xe7fe3801
        str r0, [r4]
        orr r4, #1
        bx r4
        .pool
"""


@pytest.mark.parametrize(("regulator", "symbols"), [(0, {"ICPU1", "ICPU3"}), (1, {"ICPU4", "ICPU2"})])
def test_code_in_ram_draws_less(tmp_path: Path, regulator: int, symbols: set[str]) -> None:
    m, energy = measured(tmp_path, "main:" + store(0x4000_0578, regulator) + RUNS_IN_RAM)
    parts = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert set(parts) == symbols
    assert sum(parts.values()) == pytest.approx(m.seconds)
    assert min(parts.values()) < 1e-6
    assert energy["parts"][0]["symbol"] in ("ICPU2", "ICPU3")


@pytest.mark.parametrize(("cache", "missing"), [(0, [NO_CACHE]), (1, [])])
def test_that_no_figure_is_without_the_cache(tmp_path: Path, cache: int, missing: list[str]) -> None:
    m = machine(tmp_path, "main:" + store(0x4001_E540, cache) + "b .\n.pool", timing="manual")
    m.run(seconds=1e-5)
    m.energy = EnergyMeter(m)
    m.run(seconds=0.01)
    assert m.record["energy"]["without_figures"] == missing


def test_code_in_both_places_is_told_apart(tmp_path: Path) -> None:
    """A loop in flash that calls a function in RAM: three instructions here, one there, by the manual's figures."""
    source = "main: ldr r4, =0x20000100\nldr r0, =0x47704770\nstr r0, [r4]\norr r4, #1\n1: blx r4\nb 1b\n.pool"
    m, energy = measured(tmp_path, source)
    parts = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert parts["ICPU3"] / m.seconds == pytest.approx(1 / 3, rel=0.01)
    assert m.cycles == measured(tmp_path, source)[0].cycles


START_TIMER = store(0x4000_8000, 1)
CRYSTAL = store(0x4000_0000, 1) + "ldr r0, =0x40000100\n2: ldr r1, [r0]\ncmp r1, #0\nbeq 2b\n"
FAST = store(0x4000_8510, 0)
EFFICIENT = store(0x4000_0578, 1)
RADIO_POWER = store(0x4000_1FFC, 1)
LFCLK = store(0x4000_0008, 1) + "ldr r0, =0x40000418\n2: ldr r1, [r0]\ncmp r1, #0\nbeq 2b\n"
LISTENS = store(0x4000_6510, 0x1_0001)
SAMPLES = (store(0x4000_7500, 1) + store(0x4000_762C, 0x2000_1000) + store(0x4000_7630, 1) + store(0x4000_7000, 1))
LPCOMP = store(0x4001_3500, 1) + store(0x4001_3000, 1)
COMP = store(0x4001_3500, 2) + store(0x4001_3000, 1)
RANDOM = store(0x4000_D000, 1)
USB = store(0x4002_7500, 1)
WATCHDOG = store(0x4001_0000, 1)
CASES: dict[str, tuple[str, ...]] = {
    "nothing runs": ("", "ION_RAMON_EVENT"),
    "LFCLK": (LFCLK, "ION_RAMON_RTC"),
    "TIMER at 1 MHz": (START_TIMER, "ITIMER0"),
    "TIMER at 16 MHz": (FAST + START_TIMER, "ITIMER0", "ITIMER3 - ITIMER0"),
    "TIMER at 1 MHz, crystal": (CRYSTAL + START_TIMER, "ITIMER2"),
    "TIMER at 16 MHz, crystal": (CRYSTAL + FAST + START_TIMER, "ITIMER2", "ITIMER3 - ITIMER0"),
    "two TIMERs at 16 MHz": (FAST + START_TIMER + store(0x4000_9510, 0) + store(0x4000_9000, 1), "ITIMER0",
                             "ITIMER3 - ITIMER0"),
    "crystal": (CRYSTAL, "ITIMER2"),
    "PWM": (store(0x4001_C500, 1) + store(0x4001_C508, 1000) + store(0x4001_C520, 0x2000_1000) + store(0x4001_C524, 1)
            + store(0x4001_C514, 0) + store(0x4001_C008, 1), "ITIMER0"),
    "SAADC": (SAMPLES, "ITIMER0", "ISAADC,RUN - ITIMER2"),
    "SAADC, crystal": (CRYSTAL + SAMPLES, "ITIMER2", "ISAADC,RUN - ITIMER2"),
    "LPCOMP": (LPCOMP, "ION_RAMON_EVENT", "IOFF_RAMOFF_LPCOMP - IOFF_RAMOFF_RESET"),
    "GPIOTE listens for an edge": (LISTENS, "ION_RAMON_EVENT", "ION_RAMON_GPIOTE - ION_RAMON_EVENT"),
    "GPIOTE and LFCLK": (LFCLK + LISTENS, "ION_RAMON_RTC", "ION_RAMON_GPIOTE - ION_RAMON_EVENT"),
    "GPIOTE drives a pin": (store(0x4000_6510, 0x3_0003), "ION_RAMON_EVENT"),
    "GPIOTE and a TIMER": (LISTENS + START_TIMER, "ITIMER0"),
    "NFCT": (store(0x4000_5000, 1), "Iactivated"),
    "NFCT senses": (store(0x4000_5008, 1), "ION_RAMON_EVENT", "Isense"),
    "RNG": (RANDOM, "ITIMER0", "IRNG0 - ITIMER0"),
    "RNG, crystal": (CRYSTAL + RANDOM, "ITIMER2", "IRNG0 - ITIMER0"),
    "COMP": (COMP, "ION_RAMON_EVENT", "ICOMP,LP - ION_RAMON_EVENT"),
    "COMP in normal mode": (store(0x4001_3534, 1) + COMP, "ION_RAMON_EVENT", "ICOMP,NORM - ION_RAMON_EVENT"),
    "COMP at high speed": (store(0x4001_3534, 2) + COMP, "ION_RAMON_EVENT", "ICOMP,HS - ION_RAMON_EVENT"),
    "COMP, LFCLK and a TIMER": (LFCLK + COMP + START_TIMER, "ITIMER0", "ICOMP,LP - ION_RAMON_EVENT"),
    "USBD": (USB, "ITIMER0", "IUSB,ACTIVE,VDD - ICPU1"),
    "USBD, crystal": (CRYSTAL + USB, "ITIMER2", "IUSB,ACTIVE,VDD - ICPU1"),
    "WDT": (WATCHDOG, "IWDT,STARTED"),
    "WDT and LFCLK": (LFCLK + WATCHDOG, "ION_RAMON_RTC"),
    "WDT and a TIMER": (WATCHDOG + START_TIMER, "ITIMER0"),
    "UARTE receives": (store(0x4000_2500, 8) + store(0x4000_2534, 0x2000_1000) + store(0x4000_2538, 4)
                       + store(0x4000_2000, 1), "ITIMER0"),
    "RADIO receives": (CRYSTAL + RADIO_POWER + store(0x4000_1004, 1), "IRADIO_RX1"),
    "RADIO transmits": (CRYSTAL + RADIO_POWER + store(0x4000_1000, 1), "IRADIO_TX3"),
    "RADIO receives, DC/DC": (EFFICIENT + CRYSTAL + RADIO_POWER + store(0x4000_1004, 1), "IRADIO_RX0"),
    "RADIO transmits, DC/DC": (EFFICIENT + CRYSTAL + RADIO_POWER + store(0x4000_1000, 1), "IRADIO_TX1"),
}
"""What firmware sets up before it sleeps, and the rows that then hold."""
SPECIFICATION: dict[str, dict[str, float]] = {
    "CPU running": {"ICPU0": 3300, "ICPU1": 6300, "ICPU2": 2800, "ICPU3": 5200, "ICPU4": 3100},
    "Compounded": {"IS0": 8100, "IS1": 8600, "IS2": 15400, "IS3": 16200},
    "Sleep": {"IOFF_RAMOFF_RESET": 0.40, "IOFF_RAMON_RESET": 1.86, "IOFF_RAMOFF_LPCOMP": 0.86, "ION_RAMON_EVENT": 2.35,
              "ION_RAMON_RTC": 3.16, "ION_RAMON_GPIOTE": 17.37},
    "NFCT active": {"Isense": 0.10, "Iactivated": 400},
    "TIMER running": {"ITIMER0": 418, "ITIMER2": 646, "ITIMER3": 595, "ITIMER4": 823},
    "SAADC active": {"ISAADC,RUN": 1240}, "RNG active": {"IRNG0": 635}, "TEMP active": {"ITEMP0": 1050},
    "WDT active": {"IWDT,STARTED": 3.1}, "COMP active": {"ICOMP,LP": 30.1, "ICOMP,NORM": 31.8, "ICOMP,HS": 35.1},
    "USBD running": {"IUSB,ACTIVE,VDD": 7730, "IUSB,SUSPEND,VDD": 173},
    "Radio transmitting/receiving": {"IRADIO_TX0": 16400, "IRADIO_TX1": 6400, "IRADIO_TX2": 3830, "IRADIO_TX3": 10800,
                                     "IRADIO_TX4": 4820, "IRADIO_RX0": 6260, "IRADIO_RX1": 10100},
    "CLOCK": {"ILFRC": 0.7, "ILFXO": 0.23},
}  # fmt: skip
"""Part of the section on current consumption (CLOCK: of its own chapter) -> symbol -> microamperes, v1.7."""
FIGURES = {symbol: figure for part in SPECIFICATION.values() for symbol, figure in part.items()}


def meant(symbol: str) -> float:
    """A row's symbol, worked out."""
    terms = symbol.replace(" - ", " + -").split(" + ")
    return sum(-FIGURES[term[1:]] if term[0] == "-" else FIGURES[term] for term in terms)


@pytest.mark.parametrize("case", CASES)
def test_sleep_costs_what_keeps_running(tmp_path: Path, case: str) -> None:
    setup, *symbols = CASES[case]
    m, energy = measured(tmp_path, f"main: {setup}\n{WAIT}\n.pool")
    asleep = [part for part in energy["parts"] if part["seconds"] > 0.005]
    assert {part["symbol"] for part in asleep} == set(symbols)
    for part in asleep:
        assert part["microamperes"]["typical"] == pytest.approx(meant(part["symbol"]))
        assert part["microcoulombs"] == pytest.approx(part["seconds"] * meant(part["symbol"]), abs=1e-5)
    assert sum(part["seconds"] for part in energy["parts"] if not part["added"]) == pytest.approx(m.seconds)
    assert sum(part["microcoulombs"] for part in energy["parts"]) == pytest.approx(
        energy["microcoulombs"]["typical"], abs=1e-4)  # fmt: skip


@pytest.mark.parametrize(("case", "symbol"), [
    ("TIMER at 16 MHz", "ITIMER3"), ("TIMER at 16 MHz, crystal", "ITIMER4"), ("SAADC, crystal", "ISAADC,RUN"),
    ("GPIOTE listens for an edge", "ION_RAMON_GPIOTE"), ("RNG", "IRNG0"), ("COMP", "ICOMP,LP"),
    ("COMP in normal mode", "ICOMP,NORM"), ("COMP at high speed", "ICOMP,HS"),
])  # fmt: skip
def test_together_they_are_the_specifications_scenario(case: str, symbol: str) -> None:
    assert sum(meant(each) for each in CASES[case][1:]) == pytest.approx(FIGURES[symbol])


MISSING = {"PWM": ["PWM0"], "UARTE receives": ["UARTE0"], "RNG": [], "WDT": [], "LPCOMP": [], "COMP": [], "USBD": [],
           "nothing runs": [], "NFCT": []}  # fmt: skip


@pytest.mark.parametrize("case", MISSING)
def test_what_has_no_figure_is_named(tmp_path: Path, case: str) -> None:
    _, energy = measured(tmp_path, f"main: {CASES[case][0]}\n{WAIT}\n.pool")
    assert energy["without_figures"] == [NO_CACHE, *MISSING[case]]


@pytest.mark.parametrize(("regulator", "task", "symbols"), [
    (1, 0, {"ICPU4", "ICPU0", "IS0"}), (1, 4, {"ICPU4", "ICPU0", "IS1"}),
    (0, 0, {"ICPU1", "IS2"}), (0, 4, {"ICPU1", "IS3"}),
])  # fmt: skip
def test_the_radio_beside_a_running_cpu(tmp_path: Path, regulator: int, task: int, symbols: set[str]) -> None:
    """On for the second half of the run; from READY on, the ramp is not counted."""
    wait = "ldr r0, =160000\n3: subs r0, #1\nbne 3b\n"
    radio = store(0x4000_1FFC, 1) + store(0x4000_1000 + task, 1)
    m, energy = measured(tmp_path, "main:" + store(0x4000_0578, regulator) + CRYSTAL + wait + radio + "b .\n.pool")
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert seconds.keys() == symbols
    assert sum(seconds.values()) == pytest.approx(m.seconds)
    assert all(value > 0.001 for symbol, value in seconds.items() if symbol != "ICPU4")


@pytest.mark.parametrize("dbm", [8, 7, 4, 0, -12, -40])
@pytest.mark.parametrize("regulator", [1, 0])
def test_a_radio_of_another_strength(tmp_path: Path, regulator: int, dbm: int) -> None:
    """The next listed strength: as much more as the transmitter alone draws more."""
    listed = {7: 8}.get(dbm, dbm)
    more = {1: {8: 10000, 4: 4800, -12: -1800, -40: -2500}, 0: {8: 22100, 4: 10800, -12: -4200, -40: -6000}}
    radio = store(0x4000_0578, regulator) + CRYSTAL + RADIO_POWER + store(0x4000_150C, dbm & 0xFF) + store(0x4000_1000, 1)
    _, energy = measured(tmp_path, f"main: {radio}\n{WAIT}\n.pool")
    part = next(part for part in energy["parts"] if part["symbol"].startswith("IRADIO"))
    assert part["microamperes"]["typical"] == (6400 if regulator else 10800) + more[regulator].get(listed, 0)
    assert part["conditions"].startswith(f"{listed} dBm")
    assert part["microamperes"]["lowest"] <= part["microamperes"]["typical"] <= part["microamperes"]["highest"]


@pytest.mark.parametrize(("row", "dbm", "symbol"), [
    (currents.RADIO_TX_DCDC, 8, "IRADIO_TX0"), (currents.RADIO_TX_DCDC, -40, "IRADIO_TX2"),
    (currents.RADIO_TX_LDO, -40, "IRADIO_TX4"),
])  # fmt: skip
def test_strengths_agree_with_the_specifications_own_rows(row: currents.Current, dbm: int, symbol: str) -> None:
    assert currents.at_strength(row, dbm, row == currents.RADIO_TX_DCDC).typical == pytest.approx(FIGURES[symbol], rel=0.02)


def test_usb_suspended_while_the_cpu_sleeps(tmp_path: Path) -> None:
    m, _ = measured(tmp_path, f"main: {USB}\n{WAIT}\n.pool", usb="none")
    m.soc.blocks["USBD"].suspend()
    m.run(seconds=0.02)
    seconds = {part["symbol"]: part["seconds"] for part in m.record["energy"]["parts"]}
    assert seconds["IUSB,ACTIVE,VDD - ICPU1"] == pytest.approx(0.01, rel=0.1)
    assert seconds["IUSB,SUSPEND,VDD - ION_RAMON_EVENT"] == pytest.approx(0.02, rel=0.1)
    assert meant("ION_RAMON_EVENT") + meant("IUSB,SUSPEND,VDD - ION_RAMON_EVENT") == FIGURES["IUSB,SUSPEND,VDD"]


def test_usb_beside_a_running_cpu(tmp_path: Path) -> None:
    """Both together are the specification's figure for USBD active."""
    _, energy = measured(tmp_path, f"main: {USB}\nb .\n.pool")
    parts = {part["symbol"]: part for part in energy["parts"]}
    assert parts.keys() == {"ICPU1", "IUSB,ACTIVE,VDD - ICPU1"}
    assert sum(part["microamperes"]["typical"] for part in parts.values()) == FIGURES["IUSB,ACTIVE,VDD"]
    assert parts["IUSB,ACTIVE,VDD - ICPU1"]["seconds"] == pytest.approx(0.01, rel=0.1)


def test_lfclk_from_the_crystal(tmp_path: Path) -> None:
    """LFRC feeds it for the quarter of a second that the crystal needs."""
    _, energy = measured(tmp_path, "main:" + store(0x4000_0518, 1) + LFCLK + WAIT + ".pool", seconds=0.3)
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert seconds["ION_RAMON_RTC"] == pytest.approx(0.249, abs=0.001)
    assert seconds["ION_RAMON_RTC - ILFRC + ILFXO"] == pytest.approx(0.05, abs=0.001)


def test_a_temperature_is_measured_while_the_cpu_sleeps(tmp_path: Path) -> None:
    _, energy = measured(tmp_path, f"main: {store(0x4000_C000, 1)}{WAIT}.pool")
    parts = {part["symbol"]: part for part in energy["parts"]}
    assert parts["ITEMP0 - ITIMER0"]["seconds"] == parts["ITIMER0"]["seconds"] == pytest.approx(36e-6, rel=0.05)
    assert meant("ITEMP0 - ITIMER0") + meant("ITIMER0") == FIGURES["ITEMP0"]
    assert parts["ION_RAMON_EVENT"]["seconds"] > 0.009


def test_a_random_number_ends_while_the_cpu_sleeps(tmp_path: Path) -> None:
    """With the shortcut from VALRDY to STOP: 128 us to start and 30 us for one byte."""
    _, energy = measured(tmp_path, f"main: {store(0x4000_D200, 1)}{RANDOM}{WAIT}.pool")
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert seconds["IRNG0 - ITIMER0"] == pytest.approx(158e-6, rel=0.02)
    assert seconds["ION_RAMON_EVENT"] > 0.009


def test_a_transmission_that_ends_while_the_cpu_sleeps(tmp_path: Path) -> None:
    """1 Mbit, an empty packet: READY starts it, END disables the radio, and the CPU sleeps on."""
    radio = (store(0x4000_1FFC, 1) + store(0x4000_1504, 0x2000_1000) + store(0x4000_1200, 3) + store(0x4000_1000, 1))
    _, energy = measured(tmp_path, "main:" + CRYSTAL + radio + WAIT + ".pool")
    seconds = {part["symbol"]: part["seconds"] for part in energy["parts"]}
    assert 10e-6 < seconds["IRADIO_TX3"] < 500e-6
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


@pytest.mark.parametrize(("setup", "symbol"), [
    (LPCOMP + "ldr r0, =0x40013100\n2: ldr r1, [r0]\ncmp r1, #0\nbeq 2b\n", "IOFF_RAMOFF_LPCOMP - IOFF_RAMOFF_RESET"),
    (store(0x4000_5008, 1), "Isense"),
])  # fmt: skip
def test_what_can_wake_from_system_off_is_added(tmp_path: Path, setup: str, symbol: str) -> None:
    m = machine(tmp_path, "main:" + setup + store(0x4000_0500, 1) + "b .\n.pool", timing="manual")
    m.energy = EnergyMeter(m)
    m.soc.scheduler.alarm(lambda: None).at(CPU_HZ)  # something will happen, so that it sleeps on
    m.run(seconds=0.01)
    parts = {part["symbol"]: part for part in m.record["energy"]["parts"]}
    assert parts.keys() == {"ICPU1", "IOFF_RAMOFF_RESET", symbol}
    assert parts[symbol]["seconds"] == parts["IOFF_RAMOFF_RESET"]["seconds"] > 0.009


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
    assert row.typical == pytest.approx(meant(row.symbol))
    assert row.symbol.split(" - ")[0] in SPECIFICATION[row.section]
    assert row.lowest <= row.typical <= row.highest


def test_every_row_is_used() -> None:
    """In a run."""
    elsewhere = {"ICPU0", "ICPU1", "ICPU2", "ICPU3", "ICPU4", "IS0", "IS1", "IS2", "IS3",
                 "IOFF_RAMOFF_RESET", "IOFF_RAMON_RESET", "IUSB,SUSPEND,VDD - ION_RAMON_EVENT", "ITEMP0 - ITIMER0", "ION_RAMON_RTC - ILFRC + ILFXO"}  # fmt: skip
    reached = {symbol for case in CASES.values() for symbol in case[1:]} | elsewhere
    assert reached == {row.symbol for row in currents.ALL}
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
    assert {part["symbol"] for part in energy["parts"]} >= {"ICPU1", "ION_RAMON_RTC - ILFRC + ILFXO"}
