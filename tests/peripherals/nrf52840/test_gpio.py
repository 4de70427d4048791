from __future__ import annotations

import pytest
from cmsim_peripherals.nrf52840.gpio import Gpio
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.soc import Chip, Row, Soc

OUT, OUTSET, OUTCLR, IN, DIR, DIRSET, DIRCLR, LATCH, DETECTMODE = range(0x504, 0x528, 4)
PORTS = (
    Row("P0", 0x5000_0000, Gpio, size=0x800),
    Row("P1", 0x5000_0300, Gpio, first=0x500, size=0x300),
)


def pin_cnf(n: int) -> int:
    return 0x700 + 4 * n


def configuration(
    *, output: bool = False, connected: bool = True, pull: int = 0, drive: int = 0, sense: int = 0
) -> int:
    return output | (not connected) << 1 | pull << 2 | drive << 8 | sense << 16


@pytest.fixture
def soc() -> Soc:
    return Soc(Chip("test", "", PORTS, flash_size=0, ram_size=0))


@pytest.fixture
def p0(soc: Soc) -> Gpio:
    block = soc.blocks["P0"]
    assert isinstance(block, Gpio)
    return block


@pytest.fixture
def p1(soc: Soc) -> Gpio:
    block = soc.blocks["P1"]
    assert isinstance(block, Gpio)
    return block


def test_two_ports_in_one_page(soc: Soc, p0: Gpio, p1: Gpio) -> None:
    assert soc.block_at(0x5000_0504) == (p0, OUT)
    assert soc.block_at(0x5000_077C) == (p0, pin_cnf(31))
    assert soc.block_at(0x5000_0804) == (p1, OUT)
    assert soc.block_at(0x5000_0A3C) == (p1, pin_cnf(15))
    assert len(p0.pins) == 32
    assert [pin.name for pin in p1.pins] == [f"P1.{n:02d}" for n in range(16)]


def test_reset_values(p0: Gpio) -> None:
    assert [p0.read(at) for at in range(OUT, DETECTMODE + 4, 4)] == [0] * 9
    assert [p0.read(pin_cnf(n)) for n in range(32)] == [2] * 32


def test_out_drives_only_outputs(p0: Gpio) -> None:
    p0.write(OUTSET, 1 << 13 | 1 << 14)
    assert p0.read(OUT) == p0.read(OUTSET) == p0.read(OUTCLR) == 0x6000
    assert not p0.pins[13].level
    p0.write(DIRSET, 1 << 13)
    assert p0.pins[13].level
    assert not p0.pins[14].level
    p0.write(OUTCLR, 1 << 13)
    assert not p0.pins[13].level
    p0.write(OUT, 1 << 13)
    assert p0.pins[13].level
    p0.write(DIRCLR, 1 << 13)
    assert not p0.pins[13].level


def test_direction_is_one_bit_with_two_names(p0: Gpio) -> None:
    p0.write(DIRSET, 1 << 5)
    assert p0.read(pin_cnf(5)) == 3
    p0.write(pin_cnf(6), configuration(output=True))
    assert p0.read(DIR) == p0.read(DIRSET) == p0.read(DIRCLR) == 0x60
    p0.write(DIR, 0)
    assert (p0.read(pin_cnf(5)), p0.read(pin_cnf(6))) == (2, 0)
    p0.write(OUTSET, 1 << 6)
    p0.write(pin_cnf(6), configuration(output=True))
    assert p0.pins[6].level


def test_port_1_has_16_pins(p1: Gpio) -> None:
    p1.write(OUT, 0xFFFF_FFFF)
    p1.write(DIR, 0xFFFF_FFFF)
    assert p1.read(OUT) == p1.read(DIR) == 0xFFFF
    assert all(pin.level for pin in p1.pins)
    p1.write(pin_cnf(16), configuration(output=True))
    assert p1.read(pin_cnf(16)) == 2
    assert p1.read(DIR) == 0xFFFF


def test_in_needs_the_input_buffer(p0: Gpio) -> None:
    p0.pins[4].drive_from_board("button", True)
    assert p0.read(IN) == 0
    p0.write(pin_cnf(4), configuration())
    assert p0.read(IN) == 0x10
    p0.pins[4].drive_from_board("button", False)
    assert p0.read(IN) == 0
    p0.pins[4].drive_from_board("button", True)
    p0.write(pin_cnf(4), configuration(connected=False))
    assert p0.read(IN) == 0


def test_an_output_reads_back_through_its_buffer(p0: Gpio) -> None:
    p0.write(pin_cnf(31), configuration(output=True))
    p0.write(OUTSET, 1 << 31)
    assert p0.read(IN) == 1 << 31


def test_in_is_read_only(p0: Gpio) -> None:
    p0.write(IN, 0xFFFF_FFFF)
    assert p0.read(IN) == 0


def test_pulls(p0: Gpio) -> None:
    p0.write(pin_cnf(0), configuration(pull=3))
    assert p0.read(IN) == 1
    p0.pins[0].drive_from_board("button", False)
    assert p0.read(IN) == 0
    p0.pins[0].drive_from_board("button", None)
    p0.write(pin_cnf(0), configuration(pull=1))
    assert p0.read(IN) == 0
    p0.write(pin_cnf(0), configuration(pull=2))  # reserved
    assert p0.read(IN) == 0


@pytest.mark.parametrize("drive", range(8))
@pytest.mark.parametrize("out", [False, True])
def test_drive_modes(p0: Gpio, drive: int, out: bool) -> None:
    pin = p0.pins[2]
    p0.write(OUT, out << 2)
    p0.write(pin_cnf(2), configuration(output=True, drive=drive))
    silent = drive in ((6, 7) if out else (4, 5))
    for outside in (False, True):
        pin.drive_from_board("other", outside)
        expected = outside if silent else out and outside
        assert pin.level == expected


def test_open_drain_with_a_pull_up(p0: Gpio) -> None:
    p0.write(OUT, 1 << 2)
    p0.write(pin_cnf(2), configuration(output=True, drive=6, pull=3))
    assert p0.read(IN) == 4
    p0.write(OUTCLR, 1 << 2)
    assert p0.read(IN) == 0


def test_a_claimed_pin_ignores_out(p0: Gpio) -> None:
    p0.write(DIRSET, 1)
    p0.pins[0].claim("UARTE0")
    p0.pins[0].drive("UARTE0", True)
    p0.write(OUTCLR, 1)
    assert p0.pins[0].level
    p0.pins[0].release("UARTE0")
    assert not p0.pins[0].level


def test_detect_is_the_or_of_sensing_pins(p0: Gpio) -> None:
    edges: list[bool] = []
    p0.detect.listen(edges.append)
    p0.write(pin_cnf(3), configuration(sense=2))
    p0.write(pin_cnf(4), configuration(sense=2))
    assert edges == []
    p0.pins[3].drive_from_board("a", True)
    p0.pins[4].drive_from_board("b", True)
    assert edges == [True]  # already high: the second pin makes no edge
    p0.pins[3].drive_from_board("a", False)
    p0.pins[4].drive_from_board("b", False)
    assert edges == [True, False]
    assert p0.read(LATCH) == 0x18


def test_sense_low_is_met_at_once(p0: Gpio) -> None:
    p0.write(pin_cnf(3), configuration(pull=1, sense=3))
    assert p0.detect.level
    assert p0.read(LATCH) == 8
    p0.write(pin_cnf(3), configuration())
    assert not p0.detect.level


def test_no_sense_without_the_input_buffer(p0: Gpio) -> None:
    p0.write(pin_cnf(3), configuration(connected=False, sense=3))
    assert not p0.detect.level
    assert p0.read(LATCH) == 0


def test_latch_is_set_again_while_the_pin_still_senses(p0: Gpio) -> None:
    p0.write(pin_cnf(1), configuration(sense=2))
    p0.pins[1].drive_from_board("a", True)
    p0.write(LATCH, 2)
    assert p0.read(LATCH) == 2
    p0.pins[1].drive_from_board("a", False)
    assert p0.read(LATCH) == 2
    p0.write(LATCH, 1)
    assert p0.read(LATCH) == 2
    p0.write(LATCH, 2)
    assert p0.read(LATCH) == 0


def test_ldetect_follows_latch_and_repeats_its_edge(p0: Gpio) -> None:
    p0.write(pin_cnf(1), configuration(sense=2))
    p0.write(pin_cnf(2), configuration(sense=2))
    p0.write(DETECTMODE, 1)
    edges: list[bool] = []
    p0.detect.listen(edges.append)
    for n in (1, 2):
        p0.pins[n].drive_from_board("a", True)
        p0.pins[n].drive_from_board("a", False)
    assert edges == [True]
    p0.write(LATCH, 2)
    assert edges == [True, False, True]
    p0.write(LATCH, 4)
    assert edges == [True, False, True, False]
    p0.write(DETECTMODE, 0)
    assert not p0.detect.level


def test_reset_releases_all_pins(soc: Soc, p0: Gpio) -> None:
    p0.write(pin_cnf(0), configuration(output=True))
    p0.write(pin_cnf(1), configuration(pull=3, sense=2))
    p0.write(OUTSET, 1)
    soc.reset_reason = "sreq"
    soc.reset()
    assert not p0.pins[0].level
    assert not p0.pins[1].level
    assert not p0.detect.level
    assert (p0.read(LATCH), p0.read(DIR), p0.read(pin_cnf(1))) == (0, 0, 2)


def test_ports_keep_their_state_out_of_system_off(soc: Soc, p0: Gpio) -> None:
    p0.write(pin_cnf(0), configuration(output=True))
    p0.write(OUTSET, 1)
    soc.reset_reason = "off"
    soc.reset()
    assert p0.pins[0].level
    assert p0.read(OUT) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([OUT, OUTSET, OUTCLR, DIR, DIRSET, DIRCLR]),
            st.integers(0, 0xFFFF_FFFF),
        ),
        max_size=20,
    )
)
def test_out_and_dir_against_plain_integers(writes: list[tuple[int, int]]) -> None:
    soc = Soc(Chip("test", "", PORTS, flash_size=0, ram_size=0))
    block = soc.blocks["P0"]
    assert isinstance(block, Gpio)
    out = direction = 0
    for offset, value in writes:
        block.write(offset, value)
        out = {OUT: value, OUTSET: out | value, OUTCLR: out & ~value}.get(offset, out)
        direction = {DIR: value, DIRSET: direction | value, DIRCLR: direction & ~value}.get(offset, direction)
        assert (block.read(OUT), block.read(DIR)) == (out, direction)
        assert sum(pin.level << n for n, pin in enumerate(block.pins)) == out & direction
        assert [block.read(pin_cnf(n)) & 1 for n in range(32)] == [direction >> n & 1 for n in range(32)]
