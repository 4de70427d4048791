"""Pins: drivers, pulls, owners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.errors import UsageError
from cmsim.kernel import Rate
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


# --- wires ------------------------------------------------------------------------------------------------


@pytest.fixture
def pins() -> Pins:
    return Pins(4)


def levels(pins: Pins) -> list[bool]:
    return [pin.level for pin in pins.pins]


def test_a_wire_carries_the_level_both_ways(pins: Pins) -> None:
    pins.wire(pins[0], pins[1])
    pins[0].drive("gpio", True)
    assert levels(pins) == [True, True, False, False]
    pins[0].drive("gpio", None)
    pins[1].drive_from_board("button", True)
    assert levels(pins) == [True, True, False, False]


def test_a_wire_that_comes_late_finds_the_level(pins: Pins) -> None:
    pins[0].drive("gpio", True)
    pins[1].set_pull(Pull.DOWN)
    pins.wire(pins[1], pins[0])
    assert pins[1].level
    assert pins[1].wired == (pins[1], pins[0])


def test_pulls_count_over_a_wire_and_up_wins(pins: Pins) -> None:
    pins.wire(pins[0], pins[1])
    pins[0].set_pull(Pull.DOWN)
    assert not pins[1].level
    pins[1].set_board_pull(Pull.UP)
    assert pins[0].level
    pins[0].drive("gpio", False)
    assert not pins[1].level


def test_open_drain_outputs_share_a_wire(pins: Pins) -> None:
    """S0D1: a 1 is let go, so that the pull-up resistor decides and the other end may pull low."""
    told: list[tuple[Pin, Pin]] = []
    pins.on_conflict = lambda high, low: told.append((high, low))
    pins.wire(pins[0], pins[1])
    pins[0].set_pull(Pull.UP)
    for one, other in ((None, None), (False, None), (None, False), (False, False)):
        pins[0].drive("gpio", one)
        pins[1].drive("gpio", other)
        assert pins[0].level is pins[1].level is (one is None and other is None)
    assert told == []


def test_two_ends_that_drive_against_each_other_are_low_and_told_once(pins: Pins) -> None:
    told: list[tuple[str, str]] = []
    pins.on_conflict = lambda high, low: told.append((high.name, low.name))
    pins.wire(pins[0], pins[1])
    pins[0].drive("gpio", True)
    pins[1].drive("gpio", False)
    assert levels(pins)[:2] == [False, False]
    pins[1].drive("gpio", None)
    pins[1].drive("gpio", False)
    assert told == [("P0.00", "P0.01")]


def test_chains_stars_and_circles_are_one_net(pins: Pins) -> None:
    for one, other in ((0, 1), (3, 2), (1, 2), (0, 3)):
        pins.wire(pins[one], pins[other])
    pins[3].drive("gpio", True)
    assert levels(pins) == [True] * 4
    assert all(pins[0].joins(pin) for pin in pins.pins)


def test_joins_itself_and_no_stranger(pins: Pins) -> None:
    assert pins[0].joins(pins[0])
    assert not pins[0].joins(pins[1])
    assert not pins[0].joins(None)


def test_wires_that_are_none(pins: Pins) -> None:
    with pytest.raises(UsageError, match=r"P0\.01 is at both ends"):
        pins.wire(pins[1], pins[1])
    pins.wire(pins[0], pins[1])
    with pytest.raises(UsageError, match=r"P0\.01 and P0\.00 are wired already"):
        pins.wire(pins[1], pins[0])


def test_who_hears_one_end_may_drive_the_other(pins: Pins) -> None:
    pins.wire(pins[0], pins[1])
    seen: list[bool] = []
    pins[0].line.listen(lambda level: pins[1].drive("gpio", False) if level else None)
    pins[1].line.listen(seen.append)
    pins[0].drive("gpio", True)
    assert levels(pins)[:2] == [False, False]
    assert seen == []


def test_clocks_go_over_wires(pins: Pins) -> None:
    pins.wire(pins[0], pins[1])
    pins[0].drive_clock("PWM0", Rate(4))
    assert pins[1].clock == Rate(4)
    pins[1].drive_clock("PWM1", Rate(8))
    assert pins[0].clock is None  # two on one wire
    pins[1].release("PWM1")
    assert pins[1].clock == Rate(4)
    pins[0].drive_clock("PWM0", None)
    assert pins[1].clock is None


def test_messages_reach_those_who_hear_until_they_let_go(pins: Pins) -> None:
    pins.wire(pins[0], pins[1])
    heard: list[object] = []
    pins[1].hear("UARTE1", heard.append)
    pins[2].hear("UARTE1", heard.append)
    pins[0].tell("frame")
    pins[1].release("UARTE1")
    pins[0].tell("another")
    assert heard == ["frame"]


@given(
    driven=st.lists(st.sampled_from((True, False, None)), min_size=4, max_size=4),
    pulls=st.lists(st.sampled_from(Pull), min_size=4, max_size=4),
    order=st.permutations(range(3)),
    early=st.booleans(),
)
def test_a_net_is_one_pin_with_all_its_drivers_and_pulls(
    driven: list[bool | None], pulls: list[Pull], order: list[int], early: bool
) -> None:
    pins = Pins(4)

    def join() -> None:
        for n in order:
            pins.wire(pins[n], pins[n + 1])

    if early:
        join()
    for pin, level, pull in zip(pins.pins, driven, pulls, strict=True):
        pin.set_pull(pull)
        pin.drive("gpio", level)
    if not early:
        join()
    set_levels = [level for level in driven if level is not None]
    assert levels(pins) == [all(set_levels) if set_levels else Pull.UP in pulls] * 4
