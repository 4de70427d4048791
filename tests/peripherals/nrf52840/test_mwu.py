"""MWU: a register file with set and clear registers."""

from cmsim_peripherals.nrf52840.mwu import Mwu

from cmsim.soc import Row


def test_regions_keep_what_is_written_and_enable_by_set_and_clear(make_soc):
    soc = make_soc(Row("MWU", 0x4002_0000, Mwu))
    mwu = soc.blocks["MWU"]
    mwu.write(0x600, 0x2000_0000)
    mwu.write(0x604, 0x2000_0FFF)
    mwu.write(0x514, 0x3)
    mwu.write(0x518, 0x2)
    assert [mwu.read(offset) for offset in (0x600, 0x604, 0x510, 0x514)] == [0x2000_0000, 0x2000_0FFF, 1, 1]
    mwu.write(0x324, 0x1)
    assert mwu.read(0x320) == 1
    assert soc.unmodelled == {}
