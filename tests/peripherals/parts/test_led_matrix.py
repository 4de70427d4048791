"""LED matrix: which LED is lit, and for which share of the time."""

import pytest
from cmsim_peripherals.parts.led_matrix import LedMatrix

from cmsim.kernel import Scheduler
from cmsim.pins import Pin


@pytest.fixture
def scheduler():
    return Scheduler()


@pytest.fixture
def board(scheduler):
    leds = LedMatrix(scheduler, "leds", rows=2, columns=3)
    pins = {name: Pin(name) for name in leds.inputs}
    for name, pin in pins.items():
        pin.drive("chip", name.startswith("COL"))
        leds.inputs[name](pin)
    return leds, pins


def test_lit_while_the_row_is_high_and_the_column_low(board):
    leds, pins = board
    assert leds.now() == [[False] * 3] * 2
    pins["ROW2"].drive("chip", True)
    assert leds.now() == [[False] * 3] * 2
    pins["COL1"].drive("chip", False)
    assert leds.now() == [[False] * 3, [True, False, False]]


def test_share_of_the_time_since_last_asked(board, scheduler):
    leds, pins = board
    pins["ROW1"].drive("chip", True)
    pins["COL3"].drive("chip", False)
    scheduler.advance(100)
    pins["COL3"].drive("chip", True)
    scheduler.advance(400)
    assert leds.lit() == [[0, 0, 0.25], [0, 0, 0]]
    scheduler.advance(500)
    assert leds.lit() == [[0] * 3] * 2


def test_a_multiplexed_picture(board, scheduler):
    leds, pins = board
    for n in range(100):
        row, dark = ("ROW1", ("COL1", "COL2")) if n % 2 else ("ROW2", ("COL3",))
        pins[row].drive("chip", True)
        for column in dark:
            pins[column].drive("chip", False)
        scheduler.advance(scheduler.now + 1000)
        pins[row].drive("chip", False)
        for column in dark:
            pins[column].drive("chip", True)
    assert leds.picture() == "##.\n..#"
