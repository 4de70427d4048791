"""Pins: drivers, pulls, owners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.errors import UsageError
from cmsim.pins import Pin, Pins, Pull


@pytest.mark.parametrize(
    ("chip", "board", "level"),
    [
        (Pull.NONE, Pull.NONE, False),
        (Pull.UP, Pull.NONE, True),
        (Pull.NONE, Pull.UP, True),
        (Pull.DOWN, Pull.NONE, False),
        (Pull.DOWN, Pull.DOWN, False),
    ],
)
def test_pulls_of_a_pin_that_nobody_drives(chip: Pull, board: Pull, level: bool) -> None:
    pin = Pin("P0.00")
    pin.set_pull(chip)
    pin.set_board_pull(board)
    assert pin.level is level


def test_a_driver_beats_every_pull_until_it_lets_go() -> None:
    pin = Pin("P0.00")
    pin.set_pull(Pull.UP)
    pin.drive("gpio", False)
    assert not pin.level
    pin.drive("gpio", None)
    assert pin.level
    pin.drive_from_board("button", False)
    assert not pin.level


@given(
    chip=st.lists(st.sampled_from((True, False, None)), max_size=4),
    board=st.lists(st.sampled_from((True, False, None)), max_size=4),
    pull=st.sampled_from(Pull),
)
def test_drivers_are_a_wired_and(chip: list[bool | None], board: list[bool | None], pull: Pull) -> None:
    pin = Pin("P0.00")
    pin.set_pull(pull)
    for n, level in enumerate(chip):
        pin.drive(f"c{n}", level)
    for n, level in enumerate(board):
        pin.drive_from_board(f"c{n}", level)  # the same name on the other side is another driver
    driven = [level for level in chip + board if level is not None]
    assert pin.level is (all(driven) if driven else pull is Pull.UP)


def test_an_owner_silences_gpio_but_not_the_board() -> None:
    pin = Pin("P0.00")
    pin.drive("gpio", False)
    pin.claim("UARTE0")
    pin.drive("UARTE0", True)
    assert pin.owner == "UARTE0"
    assert pin.level
    pin.drive_from_board("short", False)
    assert not pin.level
    pin.drive_from_board("short", None)
    pin.release("UARTE0")
    assert pin.owner is None
    assert not pin.level  # GPIO's output counts again


def test_releasing_someone_elses_claim_changes_nothing() -> None:
    pin = Pin("P0.00")
    pin.claim("TWIM0")
    pin.drive("TWIM0", True)
    pin.release("UARTE0")
    assert pin.owner == "TWIM0"
    assert pin.level


def test_an_owner_that_lets_go_leaves_the_pin_to_the_pulls() -> None:
    pin = Pin("P0.00")
    pin.drive("gpio", False)
    pin.set_board_pull(Pull.UP)
    pin.claim("TWIM0")
    pin.drive("TWIM0", None)
    assert pin.level


def test_names_and_numbers() -> None:
    pins = Pins()
    assert len(pins) == 48
    assert [pins[n].name for n in (0, 13, 31, 32, 47)] == ["P0.00", "P0.13", "P0.31", "P1.00", "P1.15"]
    assert all(Pins.number(pin.name) == n for n, pin in enumerate(pins.pins))
    assert Pins.number("P1.3") == 35


@pytest.mark.parametrize("name", ["", "P", "P0", "P0.", "P.3", "0.13", "P0.32", "P0.-1", "D7", "P0.1x"])
def test_bad_names(name: str) -> None:
    with pytest.raises(UsageError, match=r"write it as P<port>\.<pin>, for example P0\.13"):
        Pins.number(name)


def test_psel() -> None:
    pins = Pins()
    assert pins.selected(35) is pins[35]
    assert pins.selected(0xFFFF_FFFF) is None
    assert pins.selected(1 << 31 | 5) is None
    assert pins.selected(48) is None  # P1.16 does not exist
    assert pins.selected(0x7FFF_FFC5) is pins[5]  # bits 6 to 30 mean nothing
