from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.cortex_m.mpu import EXECUTE, READ, WRITE, Mpu

TYPE, CTRL, RNR, RBAR, RASR, RBAR_A1, RASR_A1 = 0xD90, 0xD94, 0xD98, 0xD9C, 0xDA0, 0xDA4, 0xDA8
ENABLE, HFNMIENA, PRIVDEFENA = 1, 2, 4
RW, RO, XN = 3 << 24, 6 << 24, 1 << 28
ALL = READ | WRITE | EXECUTE


def size(log2: int) -> int:
    """The SIZE field of a region of 2**log2 bytes."""
    return log2 - 1 << 1


@pytest.fixture
def mpu() -> Mpu:
    return Mpu()


def region(mpu: Mpu, number: int, base: int, attributes: int) -> None:
    mpu.write(RBAR, base | 0x10 | number)
    mpu.write(RASR, attributes | 1)


# --- registers --------------------------------------------------------------------------------------------


def test_reset(mpu: Mpu) -> None:
    assert [mpu.read(offset) for offset in (TYPE, CTRL, RNR, RBAR, RASR)] == [8 << 8, 0, 0, 0, 0]
    assert mpu.rights(0x2000_0000, privileged=False) is None


def test_rbar_with_valid_selects_the_region(mpu: Mpu) -> None:
    mpu.write(RBAR, 0x2000_1000 | 0x10 | 5)
    assert mpu.read(RNR) == 5
    assert mpu.read(RBAR) == 0x2000_1000 | 5  # VALID reads as 0, REGION as RNR
    mpu.write(RNR, 2)
    assert mpu.read(RBAR) == 2
    mpu.write(RBAR, 0x1000_0005)  # without VALID the REGION field is ignored
    assert (mpu.read(RNR), mpu.read(RBAR)) == (2, 0x1000_0002)


def test_rasr_keeps_the_bits_that_exist(mpu: Mpu) -> None:
    mpu.write(RASR, 0xFFFF_FFFF)
    assert mpu.read(RASR) == 0x173F_FF3F


def test_aliases_reach_the_selected_region(mpu: Mpu) -> None:
    """Four regions with one STM, as CMSIS's ARM_MPU_Load does."""
    for n in range(4):
        mpu.write(RBAR + 8 * n, 0x2000_0000 + 0x100 * n | 0x10 | n)
        mpu.write(RASR + 8 * n, RW | size(8) | 1)
    assert [(r.base, r.size) for r in mpu.regions] == [(0x2000_0000 + 0x100 * n, 256) for n in range(4)]
    assert mpu.read(RASR_A1) == mpu.read(RASR)
    assert mpu.read(RBAR_A1) == mpu.read(RBAR)


def test_every_change_is_told(mpu: Mpu) -> None:
    told: list[int] = []
    mpu.on_change = lambda: told.append(1)
    region(mpu, 0, 0, RW)
    mpu.write(CTRL, ENABLE)
    assert len(told) == 2  # the base of a region that is off changes nothing


def test_reset_forgets_the_regions(mpu: Mpu) -> None:
    region(mpu, 3, 0x2000_0000, RW | size(10))
    mpu.write(CTRL, ENABLE)
    mpu.reset()
    assert mpu.regions == []
    assert mpu.rights(0x2000_0000, privileged=True) is None


# --- rights (DDI 0403E, table B3-15) ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ap", "privileged", "unprivileged"),
    [
        (0, 0, 0), (1, READ | WRITE, 0), (2, READ | WRITE, READ), (3, READ | WRITE, READ | WRITE),
        (5, READ, 0), (6, READ, READ), (7, READ, READ),
    ],
)  # fmt: skip
def test_access_permissions(mpu: Mpu, ap: int, privileged: int, unprivileged: int) -> None:
    region(mpu, 0, 0x2000_0000, ap << 24 | XN | size(10))
    mpu.write(CTRL, ENABLE)
    assert mpu.rights(0x2000_0000, privileged=True) == privileged
    assert mpu.rights(0x2000_0000, privileged=False) == unprivileged
    region(mpu, 0, 0x2000_0000, ap << 24 | size(10))
    assert mpu.rights(0x2000_0000, privileged=True) == (privileged and privileged | EXECUTE)
    assert mpu.rights(0x2000_0000, privileged=False) == (unprivileged and unprivileged | EXECUTE)


def test_without_a_region_only_privdefena_helps_and_only_the_privileged(mpu: Mpu) -> None:
    mpu.write(CTRL, ENABLE)
    assert mpu.rights(0, privileged=True) == 0
    mpu.write(CTRL, ENABLE | PRIVDEFENA)
    assert mpu.rights(0, privileged=True) is None
    assert mpu.rights(0, privileged=False) == 0


def test_a_region_beats_the_background(mpu: Mpu) -> None:
    region(mpu, 0, 0, 0 | size(10))
    mpu.write(CTRL, ENABLE | PRIVDEFENA)
    assert mpu.rights(0x3FF, privileged=True) == 0
    assert mpu.rights(0x400, privileged=True) is None


def test_the_highest_numbered_region_decides(mpu: Mpu) -> None:
    region(mpu, 7, 0x2000_0000, RO | size(8))
    region(mpu, 0, 0x2000_0000, RW | size(12))
    mpu.write(CTRL, ENABLE)
    assert mpu.rights(0x2000_0000, privileged=True) == READ | EXECUTE
    assert mpu.rights(0x2000_0100, privileged=True) == ALL
    mpu.write(RNR, 7)
    mpu.write(RASR, RO | size(8))  # disabled
    assert mpu.rights(0x2000_0000, privileged=True) == ALL


def test_a_disabled_subregion_falls_to_the_next_region(mpu: Mpu) -> None:
    region(mpu, 0, 0x2000_0000, RW | size(12))
    region(mpu, 1, 0x2000_0000, RO | 0b1000_0001 << 8 | size(11))
    mpu.write(CTRL, ENABLE)
    writable = [bool((mpu.rights(0x2000_0000 + 256 * n, privileged=True) or 0) & WRITE) for n in range(9)]
    assert writable == [True, *[False] * 6, True, True]


def test_small_regions_have_no_subregions(mpu: Mpu) -> None:
    region(mpu, 0, 0x2000_0000, RW | 0xFF << 8 | size(7))
    mpu.write(CTRL, ENABLE)
    assert mpu.rights(0x2000_0000, privileged=True) == ALL


@given(st.integers(5, 32), st.integers(0, 0xFFFF_FFFF))
def test_size_and_alignment(log2: int, address: int) -> None:
    mpu = Mpu()
    mpu.write(RBAR, address & ~0x1F)
    mpu.write(RASR, RW | size(log2) | 1)
    (found,) = mpu.regions
    assert found.size == 1 << log2
    assert found.base == address >> log2 << log2
    assert found.covers(found.base)
    assert found.covers(found.base + found.size - 1)
    assert not found.covers(found.base + found.size)
    assert not found.covers(found.base - 1)


def test_sizes_below_32_bytes_are_32(mpu: Mpu) -> None:
    mpu.write(RASR, RW | 1)
    assert mpu.regions[0].size == 32


def test_hfnmiena_decides_about_handlers_of_faults(mpu: Mpu) -> None:
    mpu.write(CTRL, ENABLE)
    assert mpu.rights(0, privileged=True, ignore=True) is None
    mpu.write(CTRL, ENABLE | HFNMIENA)
    assert mpu.rights(0, privileged=True, ignore=True) == 0


# --- pages ------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.integers(0, 0x1FFF), st.integers(5, 13), st.integers(0, 255), st.sampled_from([RW, RO, 0])),
        max_size=4,
    ),
    st.integers(0, 7),
)
def test_a_page_that_is_not_mixed_has_the_same_rights_everywhere(
    regions: list[tuple[int, int, int, int]], page: int
) -> None:
    mpu = Mpu()
    for n, (base, log2, subregions, permission) in enumerate(regions):
        region(mpu, n, base & ~0x1F, permission | subregions << 8 | size(log2))
    mpu.write(CTRL, ENABLE)
    if not mpu.mixed(page * 1024, 1024):
        assert len({mpu.rights(page * 1024 + n, privileged=True) for n in range(0, 1024, 32)}) == 1


def test_a_stack_guard_makes_its_page_mixed(mpu: Mpu) -> None:
    region(mpu, 0, 0x2000_0020, 0 | size(5))
    assert not mpu.mixed(0x2000_0000, 1024)  # the MPU is off
    mpu.write(CTRL, ENABLE | PRIVDEFENA)
    assert mpu.mixed(0x2000_0000, 1024)
    assert not mpu.mixed(0x2000_0400, 1024)


def test_what_is_written_anew_as_it_was_changes_nothing(mpu: Mpu) -> None:
    """Kernels load all regions at each switch of threads; asking for every right again costs time."""
    told: list[int] = []
    region(mpu, 0, 0x2000_0000, RW | size(10))
    mpu.on_change = lambda: told.append(1)
    for _ in range(2):
        region(mpu, 0, 0x2000_0000, RW | size(10))
        mpu.write(RBAR, 0x2000_0800 | 0x10 | 3)
        mpu.write(RASR, 0)
        mpu.write(RNR, 7)
        mpu.write(CTRL, 0)
    assert told == []
    mpu.write(CTRL, ENABLE)
    mpu.write(CTRL, ENABLE)
    assert len(told) == 1
    region(mpu, 0, 0x2000_0400, RW | size(10))
    assert len(told) == 2
    mpu.write(RASR, 0)
    assert len(told) == 3
