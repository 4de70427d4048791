"""ACL: write-once registers, and what NVMC may not touch."""

import pytest
from cmsim_peripherals.nrf52840.acl import Acl
from cmsim_peripherals.nrf52840.nvmc import Nvmc

from cmsim.soc import Row

ADDR, SIZE, PERM = 0x820, 0x824, 0x828
CONFIG, ERASEPAGE, ERASEALL, PARTIAL, PARTIALCFG = 0x504, 0x508, 0x50C, 0x518, 0x51C
WEN, EEN = 1, 2


@pytest.fixture
def soc(make_soc):
    soc = make_soc(Row("NVMC", 0x4001_E000, Nvmc, size=0x800), Row("ACL", 0x4001_E000, Acl, first=0x800, size=0x800))
    soc.flash[:] = bytes(len(soc.flash))
    return soc


def protect(soc, permissions=2, start=0x2000, size=0x1000):
    for offset, value in ((ADDR, start), (SIZE, size), (PERM, permissions)):
        soc.blocks["ACL"].write(offset, value)


def erase(soc, offset, value):
    soc.blocks["NVMC"].write(CONFIG, EEN)
    soc.blocks["NVMC"].write(offset, value)


def test_a_zero_for_size_or_permissions_has_no_effect(soc):
    acl = soc.blocks["ACL"]
    acl.write(SIZE, 0)
    acl.write(PERM, 0)
    protect(soc)
    assert [acl.read(offset) for offset in (ADDR, SIZE, PERM)] == [0x2000, 0x1000, 2]


def test_registers_can_be_written_once(soc):
    acl = soc.blocks["ACL"]
    protect(soc)
    protect(soc, 0, 0x4000, 0)
    assert [acl.read(offset) for offset in (ADDR, SIZE, PERM)] == [0x2000, 0x1000, 2]
    acl.reset()
    assert [acl.read(offset) for offset in (ADDR, SIZE, PERM)] == [0, 0, 0]
    protect(soc, 2, 0x4000)
    assert acl.read(ADDR) == 0x4000


@pytest.mark.parametrize(("address", "allowed"), [(0x1FFC, True), (0x2000, False), (0x2FFC, False), (0x3000, True)])
def test_stores(soc, address, allowed):
    protect(soc)
    soc.flash[address] = 0xFF
    soc.blocks["NVMC"].write(CONFIG, WEN)
    assert soc.program_flash(address, 0) is allowed
    assert soc.flash[address] == (0 if allowed else 0xFF)


@pytest.mark.parametrize(("page", "erased"), [(0x1000, True), (0x2000, False), (0x3000, True)])
def test_page_erase(soc, page, erased):
    protect(soc)
    erase(soc, ERASEPAGE, page)
    assert (soc.flash[page] == 0xFF) is erased


def test_partial_and_full_erase(soc):
    protect(soc)
    soc.blocks["NVMC"].write(PARTIALCFG, 85)
    erase(soc, PARTIAL, 0x2000)
    erase(soc, ERASEALL, 1)
    assert not any(soc.flash)


def test_a_start_within_a_page_protects_nothing(soc):
    protect(soc, start=0x2004)
    erase(soc, ERASEPAGE, 0x2000)
    assert soc.flash[0x2000] == 0xFF


def test_what_may_not_be_read_is_hidden_from_the_cpu(soc):
    asked = []
    soc.hooks.hide = lambda addresses: asked.append(list(addresses))
    protect(soc)
    assert asked == []
    for register, value in ((0x10, 0x4000), (0x14, 0x2000), (0x18, 4)):
        soc.blocks["ACL"].write(ADDR - 0x20 + register, value)
    assert asked == [[range(0x4000, 0x6000)]]
    soc.blocks["ACL"].write(ADDR - 0x20 + 0x18, 0)  # the first store counts
    assert len(asked) == 1
    erase(soc, ERASEPAGE, 0x4000)
    assert soc.flash[0x4000] == 0xFF
    soc.blocks["ACL"].reset()
    assert asked[1:] == [[]]
    assert soc.unmodelled == {}
