"""The nRF52833 against its product specification: sizes, blocks, factory words."""

import pytest
from cmsim_peripherals.nrf52833.chip import NRF52833
from cmsim_peripherals.nrf52840.chip import NRF52840

from cmsim.soc import Soc


@pytest.fixture(scope="module")
def soc():
    return Soc(NRF52833)


def word(soc, address):
    block, offset = soc.block_at(address)
    return block.read(offset)


def test_memories_and_pins(soc):
    assert (NRF52833.flash_size, NRF52833.ram_size, NRF52833.flash_page) == (512 * 1024, 128 * 1024, 4096)
    assert soc.pins[len(soc.pins) - 1].name == "P1.09"


def test_blocks_are_the_nrf52840s_without_qspi_and_cryptocell():
    ours, theirs = ({row.name for row in chip.rows} for chip in (NRF52833, NRF52840))
    assert theirs - ours == {"QSPI", "XIP", "CRYPTOCELL", "CC"}
    assert ours <= theirs


@pytest.mark.parametrize(
    ("address", "value"),
    [
        (0x1000_0010, 4096),
        (0x1000_0014, 128),
        (0x1000_0100, 0x52833),
        (0x1000_010C, 128),
        (0x1000_0110, 512),
        (0x1000_0130, 0x0D),
        (0x4001_2540, 0x10),
        (0x4001_C508, 0x3FF),
    ],
)
def test_words(soc, address, value):
    assert word(soc, address) == value


def test_no_pin_beyond_the_package(soc):
    assert soc.block_at(0x4002_9000) is None
    assert soc.pins.selected(42) is None
