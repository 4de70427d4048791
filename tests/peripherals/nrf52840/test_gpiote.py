from __future__ import annotations

import pytest
from cmsim_peripherals.nrf52840.gpio import Gpio
from cmsim_peripherals.nrf52840.gpiote import Gpiote

from cmsim.soc import Chip, Row, Soc

ROWS = (
    Row("P0", 0x5000_0000, Gpio, size=0x800),
    Row("P1", 0x5000_0300, Gpio, first=0x500, size=0x300),
    Row("GPIOTE", 0x4000_6000, Gpiote),
)
DISABLED, EVENT, TASK = 0, 1, 3
LO_TO_HI, HI_TO_LO, TOGGLE = 1, 2, 3


def config(n: int) -> int:
    return 0x510 + 4 * n


def channel(mode: int, pin: int, polarity: int = 0, outinit: int = 0) -> int:
    return mode | pin << 8 | polarity << 16 | outinit << 20


@pytest.fixture
def soc() -> Soc:
    return Soc(Chip("test", "", ROWS, flash_size=0, ram_size=0))


@pytest.fixture
def gpiote(soc: Soc) -> Gpiote:
    block = soc.blocks["GPIOTE"]
    assert isinstance(block, Gpiote)
    return block


@pytest.mark.parametrize(
    ("polarity", "events"),
    [(0, []), (LO_TO_HI, [True]), (HI_TO_LO, [False]), (TOGGLE, [True, False])],
)
@pytest.mark.parametrize("n", [0, 7])
def test_events(soc: Soc, gpiote: Gpiote, n: int, polarity: int, events: list[bool]) -> None:
    gpiote.write(config(n), channel(EVENT, 35, polarity))
    gpiote.write(0x304, 1 << n)
    seen: list[bool] = []
    for level in (True, False):
        soc.pins[35].drive_from_board("outside", level)
        if gpiote.read(0x100 + 4 * n):
            assert gpiote.irq.level
            seen.append(level)
            gpiote.write(0x100 + 4 * n, 0)
    assert seen == events


def test_event_mode_makes_the_pin_an_input(soc: Soc, gpiote: Gpiote) -> None:
    port = soc.blocks["P0"]
    port.write(0x508, 1 << 3)
    port.write(0x518, 1 << 3)
    gpiote.write(config(0), channel(EVENT, 3, TOGGLE))
    assert not soc.pins[3].level
    assert gpiote.read(0x100) == 0  # the change of owner is no edge of the outside
    gpiote.write(config(0), 0)
    assert soc.pins[3].level


@pytest.mark.parametrize("outinit", [0, 1])
def test_task_mode_drives_from_outinit(soc: Soc, gpiote: Gpiote, outinit: int) -> None:
    gpiote.write(config(2), channel(TASK, 13, TOGGLE, outinit))
    assert soc.pins[13].level == bool(outinit)
    assert soc.pins[13].owner == "GPIOTE[2]"
    soc.blocks["P0"].write(0x518, 1 << 13)
    soc.blocks["P0"].write(0x508 if not outinit else 0x50C, 1 << 13)
    assert soc.pins[13].level == bool(outinit)
    gpiote.write(config(2), channel(DISABLED, 13, TOGGLE, outinit))
    assert soc.pins[13].owner is None
    assert soc.pins[13].level != bool(outinit)  # GPIO again


@pytest.mark.parametrize(
    ("polarity", "levels"),
    [(0, [False, False]), (LO_TO_HI, [True, True]), (HI_TO_LO, [False, False]), (TOGGLE, [True, False])],
)
def test_out_task_follows_polarity(soc: Soc, gpiote: Gpiote, polarity: int, levels: list[bool]) -> None:
    gpiote.write(config(1), channel(TASK, 6, polarity))
    seen = []
    for _ in range(2):
        gpiote.write(0x004, 1)
        seen.append(soc.pins[6].level)
    assert seen == levels


def test_set_and_clr_tasks(soc: Soc, gpiote: Gpiote) -> None:
    gpiote.write(config(7), channel(TASK, 47, 0))
    gpiote.trigger(0x030 + 4 * 7)
    assert soc.pins[47].level
    gpiote.trigger(0x060 + 4 * 7)
    assert not soc.pins[47].level


def test_tasks_do_nothing_in_event_mode_or_disabled(soc: Soc, gpiote: Gpiote) -> None:
    gpiote.write(config(0), channel(EVENT, 6, TOGGLE))
    for task in (0x000, 0x030, 0x060, 0x004, 0x034):
        gpiote.write(task, 1)
    assert not soc.pins[6].level
    assert gpiote.read(0x100) == 0


def test_rewriting_a_task_channel_drives_from_outinit_again(soc: Soc, gpiote: Gpiote) -> None:
    """The LED driver of the micro:bit runtime (CODAL) turns columns on and off by nothing else."""
    for outinit in (0, 1, 1, 0):
        gpiote.write(config(0), channel(TASK, 6, TOGGLE, outinit))
        assert soc.pins[6].level == bool(outinit)
        gpiote.write(0x000, 1)
        assert soc.pins[6].level != bool(outinit)


def test_a_pin_that_does_not_exist_is_no_pin(soc: Soc, gpiote: Gpiote) -> None:
    gpiote.write(config(0), channel(TASK, 48, TOGGLE))
    gpiote.write(0x000, 1)
    assert not any(pin.level for pin in soc.pins.pins)


@pytest.mark.parametrize("port", ["P0", "P1"])
def test_port_event_on_the_rising_edge_of_detect(soc: Soc, gpiote: Gpiote, port: str) -> None:
    block, pin = soc.blocks[port], soc.pins[5 if port == "P0" else 37]
    block.write(0x714, 2 << 16)
    gpiote.write(0x304, 1 << 31)
    pin.drive_from_board("button", True)
    assert gpiote.read(0x17C) == 1
    assert gpiote.irq.level
    gpiote.write(0x17C, 0)
    assert not gpiote.irq.level
    pin.drive_from_board("button", False)
    assert gpiote.read(0x17C) == 0


def test_reset_gives_pins_back(soc: Soc, gpiote: Gpiote) -> None:
    gpiote.write(config(0), channel(TASK, 6, TOGGLE, 1))
    gpiote.write(config(1), channel(EVENT, 7, TOGGLE))
    soc.reset()
    assert (soc.pins[6].owner, soc.pins[7].owner, soc.pins[6].level) == (None, None, False)
    soc.pins[7].drive_from_board("outside", True)
    assert gpiote.read(0x104) == 0


@pytest.mark.parametrize("outinit", [0, 1])
def test_outinit_drives_the_pin_whatever_gpio_says(soc: Soc, gpiote: Gpiote, outinit: int) -> None:
    port = soc.blocks["P0"]
    port.write(0x518, 1 << 3)
    port.write(0x504, 0 if outinit else 1 << 3)
    gpiote.write(config(0), channel(TASK, 3, TOGGLE, outinit))
    assert soc.pins[3].level == bool(outinit)
    port.write(0x504, 1 << 3 if soc.pins[3].level else 0)
    assert soc.pins[3].level == bool(outinit)


def test_configured_anew_a_channel_never_lets_go_of_its_pin(soc: Soc, gpiote: Gpiote) -> None:
    gpiote.write(config(0), channel(TASK, 3, TOGGLE, 1))
    edges: list[bool] = []
    soc.pins[3].line.listen(edges.append)
    gpiote.write(config(0), channel(TASK, 3, LO_TO_HI, 1))
    assert edges == []
    gpiote.write(config(0), channel(TASK, 3, LO_TO_HI, 0))
    gpiote.write(0x000, 1)
    assert edges == [False, True]
    gpiote.write(config(0), channel(TASK, 4, LO_TO_HI, 1))
    assert (soc.pins[3].level, soc.pins[4].level, soc.pins[3].owner) == (False, True, None)
