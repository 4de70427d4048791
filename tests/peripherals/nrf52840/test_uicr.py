"""UICR: non-volatile words that only NVMC may change."""

import pytest
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
