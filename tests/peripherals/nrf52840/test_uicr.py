"""UICR: non-volatile words that only NVMC may change."""

import pytest
from cmsim_peripherals.nrf52840.gpio import Gpio
from cmsim_peripherals.nrf52840.nfct import Nfct
from cmsim_peripherals.nrf52840.uicr import Uicr

from cmsim.soc import Row


@pytest.fixture
def soc(make_soc):
    return make_soc(Row("UICR", 0x1000_1000, Uicr))


@pytest.mark.parametrize(
    "offset", [0x000, 0x014, 0x050, 0x07C, 0x080, 0x0FC, 0x200, 0x204, 0x208, 0x20C, 0x210, 0x304, 0xFFC]
)
def test_erased(soc, offset):
    assert soc.blocks["UICR"].read(offset) == 0xFFFF_FFFF
    assert soc.unmodelled == {}


def test_load_and_reset(soc):
    uicr = soc.blocks["UICR"]
    uicr.load(0x014, bytes.fromhex("00f00f00"))
    uicr.load(0x082, b"\x12\x34\x56")
    soc.reset()
    assert uicr.read(0x014) == 0x000F_F000
    assert uicr.NRFFW[0] == 0x000F_F000
    assert uicr.read(0x080) == 0x3412_FFFF
    assert uicr.read(0x084) == 0xFFFF_FF56


@pytest.mark.parametrize(("offset", "size"), [(-1, 1), (0xFFE, 3), (0x1000, 1)])
def test_load_outside(soc, offset, size):
    with pytest.raises(ValueError, match="do not fit"):
        soc.blocks["UICR"].load(offset, bytes(size))


def test_program_clears_bits_and_erase_sets_them(soc):
    uicr = soc.blocks["UICR"]
    uicr.program(0x080, 0x0F)
    uicr.program(0x080, 0xFF)
    uicr.program(0x400, 0)
    assert (uicr.read(0x080), uicr.read(0x400)) == (0x0F, 0)
    uicr.erase()
    assert (uicr.read(0x080), uicr.read(0x400)) == (0xFFFF_FFFF, 0xFFFF_FFFF)


def test_refused_and_narrow_stores_are_reported(soc):
    uicr = soc.blocks["UICR"]
    uicr.write(0x200, 18)
    soc.program_flash = lambda address, value: True
    uicr.write(0x204, 18, 0xFF)
    assert uicr.read(0x200) == uicr.read(0x204) == 0xFFFF_FFFF
    assert [(report.offset, report.count) for report in soc.unmodelled.values()] == [(0x200, 1), (0x204, 1)]


def test_no_tasks_and_no_events(soc):
    uicr = soc.blocks["UICR"]
    uicr.subscribe(0x100, lambda: None)()
    uicr.trigger(0)
    assert not uicr.irq.level
    assert len(soc.unmodelled) == 1


# --- what pads are ----------------------------------------------------------------------------------------

OUTPUT, PULL_UP_INPUT = 1, 3 << 2
PIN_CNF, OUTSET, IN = 0x700, 0x508, 0x510


@pytest.fixture
def chip(make_soc):
    soc = make_soc(Row("P0", 0x5000_0000, Gpio, size=0x800), Row("UICR", 0x1000_1000, Uicr), Row("NFCT", 0x4000_5000, Nfct))
    soc.resets, soc.said = [], []
    soc.hooks.reset, soc.hooks.log = soc.resets.append, soc.said.append
    return soc


def configure(soc, pin, value):
    soc.blocks["P0"].write(PIN_CNF + 4 * pin, value)


@pytest.mark.parametrize("pin", [9, 10])
def test_in_an_erased_page_the_antenna_has_its_pads(chip, pin):
    configure(chip, pin, OUTPUT)
    chip.blocks["P0"].write(OUTSET, 1 << pin)
    assert not chip.pins[pin].level
    configure(chip, pin, PULL_UP_INPUT)
    chip.pins[pin].drive_from_board("test", True)
    assert chip.blocks["P0"].read(IN) == 0
    assert chip.pins.selected(pin) is None  # nor does any other block get it
    assert chip.said == [f"P0.{pin:02d} is NFC by UICR, no GPIO: its PIN_CNF has no effect"]


def test_nfcpins_gives_them_to_gpio_with_the_next_reset(chip):
    chip.blocks["UICR"].program(0x20C, 0xFFFF_FFFE)
    configure(chip, 9, OUTPUT)
    chip.blocks["P0"].write(OUTSET, 1 << 9)
    assert not chip.pins[9].level
    chip.reset()
    configure(chip, 9, OUTPUT)
    chip.blocks["P0"].write(OUTSET, 1 << 9)
    assert chip.pins[9].level
    assert chip.pins.selected(9) is chip.pins[9]


def test_an_image_that_brings_nfcpins_has_gpio_at_once(chip):
    chip.blocks["UICR"].load(0x20C, bytes.fromhex("feffffff"))
    configure(chip, 10, PULL_UP_INPUT)
    assert chip.blocks["P0"].read(IN) == 1 << 10
    assert chip.said == []


@pytest.mark.parametrize(("word", "state"), [(0xFFFF_FFFF, 2), (0xFFFF_FFFE, 0)])
def test_without_its_antenna_nfct_stays_disabled(chip, word, state):
    chip.blocks["UICR"].load(0x20C, word.to_bytes(4, "little"))
    nfct = chip.blocks["NFCT"]
    nfct.field(True)
    nfct.trigger(0x008)
    chip.scheduler.advance(chip.scheduler.now + 20 * 64)
    assert nfct.read(0x104) == (state != 0)
    nfct.trigger(0x000)
    assert nfct.read(0x410) == state


def test_the_reset_pin_resets_when_it_is_let_go(chip):
    chip.blocks["UICR"].load(0x200, bytes.fromhex("1200000012000000"))
    pin = chip.pins[18]
    assert pin.level  # its own resistor
    configure(chip, 18, OUTPUT)
    assert pin.level
    pin.drive_from_board("button", False)
    assert chip.resets == []
    pin.drive_from_board("button", None)
    assert chip.resets == ["pin"]
    chip.reset()  # still the reset pin, and heard once
    pin.drive_from_board("button", False)
    pin.drive_from_board("button", None)
    assert chip.resets == ["pin", "pin"]


@pytest.mark.parametrize(("first", "second"), [(18, 0xFFFF_FFFF), (18, 21), (21, 21), (1 << 31 | 18, 1 << 31 | 18), (50, 50)])
def test_no_reset_pin_unless_both_words_name_it(chip, first, second):
    chip.blocks["UICR"].load(0x200, first.to_bytes(4, "little") + second.to_bytes(4, "little"))
    pin = chip.pins[18]
    assert not pin.level
    pin.drive_from_board("button", True)
    assert chip.resets == []
    configure(chip, 18, 0)
    assert chip.blocks["P0"].read(IN) == 1 << 18


def test_the_pin_is_free_again_after_erase_and_reset(chip):
    uicr = chip.blocks["UICR"]
    uicr.load(0x200, bytes.fromhex("1200000012000000"))
    uicr.erase()
    assert chip.pins[18].function == "nRESET"
    chip.reset()
    assert (chip.pins[18].function, chip.pins[18].owner, chip.pins[18].level) == (None, None, False)
