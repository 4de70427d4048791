"""The tables of the boards against the vendors' pin lists, and the IMU behind them."""

import pytest
from cmsim_peripherals.boards.nano33ble_sense import BOARD as NANO
from cmsim_peripherals.boards.nrf52840dk import BOARD as DK
from cmsim_peripherals.parts.lsm9ds1 import Lsm9ds1

from cmsim.boards import assemble
from cmsim.soc import Board, Soc


@pytest.mark.parametrize("board", [NANO, DK], ids=lambda board: board.name)
def test_every_pin_of_the_table_exists(board: Board) -> None:
    soc = Soc(board.chip)
    named = [*board.pins.values(), *board.pulls]
    named += [pin for wiring in board.i2c for pin in (wiring.scl, wiring.sda, wiring.pull_up) if pin]
    named += [pin for part in board.parts for pin in (*part.lines.values(), part.power) if pin]
    for name in named:
        assert soc.pins[soc.pins.number(name)].name == name
    assemble(board, soc, ("imu",))


@pytest.mark.parametrize(
    ("board", "pins"),
    [
        (NANO, {"LED_BUILTIN": "P0.13", "LEDR": "P0.24", "LEDG": "P0.16", "LEDB": "P0.06", "LED_PWR": "P1.09"}),
        (NANO, {"TX": "P1.03", "RX": "P1.10", "D8": "P0.21", "D9": "P0.27", "A0": "P0.04", "A7": "P0.03"}),
        (DK, {"LED1": "P0.13", "LED4": "P0.16", "BUTTON1": "P0.11", "BUTTON4": "P0.25", "TX": "P0.06", "RX": "P0.08"}),
    ],
)
def test_pins(board: Board, pins: dict[str, str]) -> None:
    assert {name: board.pins[name] for name in pins} == pins


def test_header_pins_of_the_nano_are_all_different() -> None:
    header = [pin for name, pin in NANO.pins.items() if name[0] in "AD" and name[1:].isdigit()]
    assert len(header) == len(set(header)) == 22


def test_the_nano_answers_only_with_supply_and_pull_ups() -> None:
    soc = Soc(NANO.chip)
    parts = assemble(NANO, soc)
    bus = soc.i2c_bus(soc.pins[15], soc.pins[14])
    assert bus is not None
    assert bus.name == "Wire1"
    for pin in (22, 32):
        assert [bus.select(address, False) for address in (0x6B, 0x1E)] == [None, None]
        soc.pins[pin].drive("gpio", True)
    imu = parts["imu"]
    assert isinstance(imu, Lsm9ds1)
    assert [bus.select(address, False) for address in (0x6B, 0x1E)] == [imu.ag, imu.m]
    assert all(bus.select(address, False) for address in (0x5F, 0x5C, 0x39))  # HTS221, LPS22HB, APDS9960
    soc.pins[22].drive("gpio", False)
    assert not any(bus.select(address, False) for address in (0x6B, 0x1E, 0x5F, 0x5C, 0x39))
    assert soc.pdm_source(26, 25) is parts["microphone"]
    assert soc.i2c_bus(soc.pins[2], soc.pins[31]) is not None


def test_the_kit_has_an_imu_only_with_a_trace() -> None:
    soc = Soc(DK.chip)
    assert list(assemble(DK, soc)) == ["flash"]
    soc = Soc(DK.chip)
    parts = assemble(DK, soc, ("imu",))
    bus = soc.i2c_bus(soc.pins[27], soc.pins[26])
    assert bus is not None
    assert bus.select(0x6B, False) is not None
    parts["imu"].lines["INT1_A/G"].set(True)
    assert soc.pins[soc.pins.number("P1.03")].level


def test_the_kit_s_flash_answers_spim_and_qspi_alike() -> None:
    soc = Soc(DK.chip)
    assemble(DK, soc)
    bus = soc.spi_bus(soc.pins[19])
    assert bus is not None
    assert bus.exchange(0x9F) == 0
    soc.pins[17].drive("P0", False)
    assert bytes(bus.exchange(byte) for byte in (0x9F, 0, 0, 0))[1:] == b"\xc2\x28\x17"
    qspi = soc.blocks["QSPI"]
    soc.pins[17].drive("P0", True)
    for offset, value in ((0x524, 19), (0x528, 17), (0x500, 1), (0x000, 1)):
        qspi.write(offset, value)
    soc.scheduler.advance(10_000)
    qspi.write(0x634, 0x9F | 4 << 8)
    soc.scheduler.advance(20_000)
    assert qspi.read(0x638) & 0xFF_FFFF == 0x1728C2
