"""The FIFO of the LSM9DS1: DocID025715 rev 3, section 3.5 and Tables 84 to 87. Sample n reads n on accel x."""

import pytest
from cmsim_peripherals.parts.lsm9ds1_fifo import Fifo, FifoMode
from hypothesis import given
from hypothesis import strategies as st
from lsm9ds1_bus import AG, Imu, words

BYPASS, FIFO, CONTINUOUS_TO_FIFO, BYPASS_TO_CONTINUOUS, CONTINUOUS = 0x00, 0x20, 0x60, 0x80, 0xC0
LSB_G = 0.061e-3
PERIOD = 1 / 119


def start(imu: Imu, mode: int, *, threshold: int = 0, control_9: int = 0x02, register: int = 0x10) -> None:
    imu.write(AG, 0x23, control_9)
    imu.write(AG, 0x2E, mode | threshold)
    imu.ramp("accel x", LSB_G, 119)
    imu.ramp("gyro x", 0.00875, 119)
    imu.write(AG, register, 0x60)
    imu.pass_seconds(PERIOD / 2)


def samples(imu: Imu, count: int) -> None:
    imu.pass_seconds(count * PERIOD)


def drain(imu: Imu) -> list[int]:
    return [imu.acceleration()[0] for _ in range(imu.ag(0x2F) & 0x3F)]


def test_bypass_stays_empty_and_shows_the_latest(imu: Imu) -> None:
    start(imu, BYPASS)
    samples(imu, 40)
    assert imu.ag(0x2F) == 0
    assert imu.acceleration()[0] == 40


def test_without_fifo_en_the_mode_counts_for_nothing(imu: Imu) -> None:
    start(imu, CONTINUOUS, control_9=0)
    samples(imu, 40)
    assert imu.ag(0x2F) == 0
    assert imu.acceleration()[0] == 40


@pytest.mark.parametrize("mode", [0x40, 0xA0, 0xE0])
def test_reserved_modes_are_bypass(imu: Imu, mode: int) -> None:
    start(imu, mode)
    samples(imu, 40)
    assert imu.ag(0x2F) == 0


def test_fifo_mode_stops_when_full_until_bypass(imu: Imu) -> None:
    start(imu, FIFO)
    samples(imu, 31)
    assert imu.ag(0x2F) == 31
    samples(imu, 1)
    assert imu.ag(0x2F) == 0x20  # full, nothing lost
    samples(imu, 1)
    assert imu.ag(0x2F) == 0x60  # OVRN
    samples(imu, 1000)
    assert drain(imu) == list(range(1, 33))
    samples(imu, 10)
    assert imu.ag(0x2F) & 0x3F == 0  # stopped
    imu.write(AG, 0x2E, BYPASS)
    imu.write(AG, 0x2E, FIFO)
    samples(imu, 3)
    assert drain(imu) == [1044, 1045, 1046]


def test_continuous_mode_keeps_the_latest_32(imu: Imu) -> None:
    start(imu, CONTINUOUS)
    samples(imu, 32)
    assert imu.ag(0x2F) == 0x20
    samples(imu, 10_000)
    assert imu.ag(0x2F) == 0x60
    first = imu.acceleration()[0]
    assert imu.ag(0x2F) == 0x1F  # a freed slot ends the overrun
    assert [first, *drain(imu)] == list(range(10_001, 10_033))


def test_a_slot_holds_gyroscope_and_accelerometer_and_leaves_with_out_z_h_xl(imu: Imu) -> None:
    start(imu, CONTINUOUS)
    samples(imu, 3)
    assert imu.rate()[0] == 1
    assert imu.ag(0x2F) == 3
    assert imu.acceleration()[0] == 1
    assert imu.ag(0x2F) == 2
    burst = words(imu.read(AG, 0x18, 24))
    assert (burst[0], burst[3], burst[6], burst[9]) == (2, 2, 3, 3)
    assert imu.ag(0x2F) == 0
    assert imu.acceleration()[0] == 3  # empty: the last one again
    assert imu.ag(0x2F) == 0


def test_threshold(imu: Imu) -> None:
    start(imu, CONTINUOUS, threshold=5)
    samples(imu, 4)
    assert imu.ag(0x2F) == 4
    samples(imu, 1)
    assert imu.ag(0x2F) == 0x85
    imu.acceleration()
    assert imu.ag(0x2F) == 4
    imu.write(AG, 0x2E, CONTINUOUS)
    assert imu.ag(0x2F) == 4  # FTH = 0 never fires


@pytest.mark.parametrize(("mode", "expected"), [(FIFO, [1, 2, 3, 4, 5, 6]), (CONTINUOUS, [15, 16, 17, 18, 19, 20])])
def test_stop_on_threshold_limits_the_depth_to_fth_plus_1(imu: Imu, mode: int, expected: list[int]) -> None:
    start(imu, mode, threshold=5, control_9=0x03)
    samples(imu, 20)
    assert imu.ag(0x2F) == 0xC6
    assert drain(imu) == expected


def test_temperature_in_the_fifo(imu: Imu) -> None:
    start(imu, CONTINUOUS, control_9=0x12)
    imu.part.feed("temperature", lambda cycle: 25 + (cycle > imu_change) / 2)
    imu_change = imu.scheduler.now + round(64e6 * 5 * PERIOD)
    samples(imu, 10)
    seen = [words(imu.read(AG, 0x15, 14))[0] for _ in range(10)]
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 8)


def test_without_fifo_temp_en_out_temp_is_the_latest(imu: Imu) -> None:
    start(imu, CONTINUOUS)
    imu.feed(temperature=26)
    samples(imu, 10)
    assert words(imu.read(AG, 0x15, 2)) == [16]


def test_decimated_accelerometer_alone_fills_one_slot_in_8(imu: Imu) -> None:
    imu.write(AG, 0x1F, 0xF8)
    start(imu, CONTINUOUS, register=0x20)
    samples(imu, 33)
    assert drain(imu) == [8, 16, 24, 32]


def test_decimated_accelerometer_beside_the_gyroscope_repeats(imu: Imu) -> None:
    imu.write(AG, 0x1F, 0x78)  # every 2 samples
    start(imu, CONTINUOUS)
    samples(imu, 5)
    burst = words(imu.read(AG, 0x18, 60))
    assert [burst[6 * n] for n in range(5)] == [1, 2, 3, 4, 5]
    assert [burst[6 * n + 3] for n in range(5)] == [0, 2, 2, 4, 4]


def trigger_above(imu: Imu, counts: int, *, latched: bool) -> None:
    """IA_XL while accel x exceeds `counts`, a multiple of 128."""
    imu.write(AG, 0x06, 0x02)
    imu.write(AG, 0x07, counts >> 7)
    imu.write(AG, 0x1E, 0x38 | latched << 1)


def test_continuous_to_fifo(imu: Imu) -> None:
    trigger_above(imu, 128, latched=True)
    start(imu, CONTINUOUS_TO_FIFO)
    samples(imu, 128)
    assert imu.ag(0x2F) == 0x60
    for _ in range(20):
        imu.acceleration()
    samples(imu, 200)  # IA_XL rises with sample 129; 12 slots are left, 20 fit
    assert imu.ag(0x26) & 0x40
    assert drain(imu) == [*range(117, 129), *range(129, 149)]


def test_bypass_to_continuous(imu: Imu) -> None:
    trigger_above(imu, 128, latched=True)
    start(imu, BYPASS_TO_CONTINUOUS)
    samples(imu, 128)
    assert imu.ag(0x2F) == 0
    samples(imu, 5)
    assert drain(imu) == [129, 130, 131, 132, 133]
    samples(imu, 50)
    assert drain(imu) == list(range(152, 184))


def test_bypass_to_continuous_empties_when_the_trigger_falls(imu: Imu) -> None:
    trigger_above(imu, 128, latched=False)
    start(imu, BYPASS_TO_CONTINUOUS)
    samples(imu, 135)
    assert imu.ag(0x2F) == 7
    imu.feed(accel_x=0)
    samples(imu, 1)
    assert imu.ag(0x2F) == 0


def test_switching_fifo_en_off_empties(imu: Imu) -> None:
    start(imu, CONTINUOUS)
    samples(imu, 10)
    imu.write(AG, 0x23, 0)
    assert imu.ag(0x2F) == 0
    assert imu.acceleration()[0] == 10


@given(
    mode=st.sampled_from((FifoMode.FIFO, FifoMode.CONTINUOUS)),
    depth=st.integers(1, 32),
    steps=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 40)), max_size=8),
)
def test_any_portions_give_what_one_sample_at_a_time_gives(
    mode: FifoMode, depth: int, steps: list[tuple[int, int]]
) -> None:
    """The whole range at once is a shortcut: it must end where single samples end."""
    whole, single = Fifo(), Fifo()
    for fifo in (whole, single):
        fifo.configure(mode, depth)
    tick = 1
    for arriving, popped in steps:
        ticks = range(tick, tick + arriving)
        tick += arriving
        whole.store(ticks, lambda n: (n,), trigger=False)
        for n in ticks:
            single.store(range(n, n + 1), lambda n: (n,), trigger=False)
        for _ in range(popped):
            whole.pop()
            single.pop()
        assert (whole.slots, whole.overrun) == (single.slots, single.overrun)
        assert len(whole.slots) <= depth
