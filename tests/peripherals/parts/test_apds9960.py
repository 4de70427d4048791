"""APDS9960: proximity, colour, gestures, interrupts."""

from collections.abc import Callable
from math import exp

import pytest
from cmsim_peripherals.parts.apds9960 import Apds9960
from support.i2c_part import Bench

from cmsim.kernel import CPU_HZ

ENABLE, ATIME, WTIME, PERS, CONTROL, STATUS = 0x80, 0x81, 0x83, 0x8C, 0x8F, 0x93
PON, AEN, PEN, WEN, AIEN, PIEN, GEN = (1 << n for n in range(7))


@pytest.fixture
def bench() -> Bench:
    return Bench(Apds9960)


def test_reset_values(bench: Bench) -> None:
    values = {ENABLE: 0, ATIME: 0xFF, WTIME: 0xFF, 0x8D: 0x60, 0x8E: 0x40, 0x90: 0x01, 0x92: 0xAB, 0xA6: 0x40, 0xAF: 0}
    assert {register: bench.byte(register) for register in values} == values


def test_proximity(bench: Bench) -> None:
    bench.feel(proximity=0.5)
    bench.write(ENABLE, PON | PEN)
    assert bench.byte(STATUS) == 0
    bench.wait(0.01)
    assert bench.byte(STATUS) & 2
    assert bench.byte(0x9C) == 128
    bench.feel(proximity=3)
    bench.wait(0.01)
    assert bench.byte(0x9C) == 255


@pytest.mark.parametrize(("gain", "times"), [(0, 1), (1, 4), (2, 16), (3, 64)])
def test_colour_counts(bench: Bench, gain: int, times: int) -> None:
    bench.feel(light_clear=10, light_red=5, light_green=3, light_blue=1)
    bench.write(ATIME, 0xF6)  # 27.8 ms, at which 16x gives 23.60 counts per uW/cm^2
    bench.write(CONTROL, gain)
    bench.write(ENABLE, PON | AEN)
    bench.wait(0.027)
    assert bench.byte(STATUS) == 0
    bench.wait(0.002)
    assert bench.byte(STATUS) & 1
    data = bench.read(0x94, 8)
    counts = [int.from_bytes(data[n : n + 2], "little") for n in range(0, 8, 2)]
    assert counts == [round(23.60 * times / 16 * light) for light in (10, 5, 3, 1)]
    assert bench.byte(STATUS) & 1 == 0


def test_colour_saturates_with_the_integration_time(bench: Bench) -> None:
    bench.feel(light_clear=1e6)
    bench.write(ENABLE, PON | AEN)
    bench.wait(0.01)
    assert bench.number(0x94, signed=False) == 1025
    bench.write(ATIME, 0xC0)
    bench.wait(0.4)
    assert bench.number(0x94, signed=False) == 65535


def test_proximity_interrupt_with_persistence(bench: Bench) -> None:
    line = bench.part.lines["INT"]
    bench.write(0x8B, 100)  # PIHT
    bench.write(PERS, 0x30)
    bench.write(WTIME, 0xFF)
    bench.write(ENABLE, PON | PEN | WEN | PIEN)
    bench.wait(0.1)
    assert line.level
    bench.feel(proximity=1.0)
    bench.wait(0.007)
    assert line.level  # two rounds of 3.5 ms are not three
    bench.wait(0.005)
    assert not line.level
    assert bench.byte(STATUS) & 0x20
    bench.feel(proximity=0.0)
    bench.wait(0.02)
    assert not line.level  # it stays until it is cleared
    bench.read(0xE5, 0)
    assert line.level


def test_light_interrupt(bench: Bench) -> None:
    bench.write(0x84, 10, 0)  # AILT
    bench.write(0x86, 200, 0)  # AIHT
    bench.write(PERS, 0x01)
    bench.feel(light_clear=100.0)
    bench.write(ENABLE, PON | AEN | AIEN)
    bench.wait(0.1)
    assert bench.part.lines["INT"].level
    bench.feel(light_clear=0)
    bench.wait(0.01)
    assert not bench.part.lines["INT"].level
    bench.feel(light_clear=100.0)
    bench.read(0xE7, 0)
    assert bench.part.lines["INT"].level


def swipe(bench: Bench) -> None:
    """Gestures as Arduino's library sets them up."""
    bench.write(0xA6, 0xC9)
    bench.write(0xAB, 0x03)
    bench.write(ENABLE, PON | GEN | WEN | PEN)


def test_gesture_fifo(bench: Bench) -> None:
    bench.feel(gesture_up=0.2, gesture_down=0.4, gesture_left=0.6, gesture_right=0.8)
    swipe(bench)
    bench.wait(0.01)
    level = bench.byte(0xAE)
    assert 0 < level <= 32
    assert bench.byte(0xAF) & 1
    assert not bench.part.lines["INT"].level
    assert bench.read(0xFC, 8) == bytes((51, 102, 153, 204)) * 2
    assert bench.byte(0xAE) == level - 2


def test_time_of_a_gesture_set(bench: Bench) -> None:
    """Two pairs of photodiodes, each a conversion and 16 pulses of 16 us: what a loop at 100 kHz can keep up with."""
    bench.write(0xA6, 0x8F)
    bench.write(0xAB, 0x03)
    bench.write(ENABLE, PON | GEN)
    bench.wait(31.5 * 0.002417)
    assert bench.byte(0xAE) == 31


def test_gesture_fifo_overflows_and_is_cleared(bench: Bench) -> None:
    swipe(bench)
    bench.wait(1)
    assert bench.byte(0xAE) == 32
    assert bench.byte(0xAF) == 3
    bench.write(0xAB, 0x07)
    assert bench.byte(0xAE) == 0
    assert bench.byte(0xAF) == 0


def test_gesture_mode_follows_thresholds(bench: Bench) -> None:
    bench.write(0xA0, 50)  # GPENTH
    bench.write(0xA1, 30)  # GEXTH
    bench.write(ENABLE, PON | GEN | PEN)
    bench.wait(0.1)
    assert bench.byte(0xAB) & 1 == 0
    bench.feel(proximity=0.5, gesture_up=0.5)
    bench.wait(0.01)
    assert bench.byte(0xAB) & 1
    bench.feel(proximity=0.0, gesture_up=0.0)
    bench.wait(0.01)
    assert bench.byte(0xAB) & 1 == 0
    assert bench.byte(STATUS) & 4


def test_asleep_nothing_happens(bench: Bench) -> None:
    bench.write(ENABLE, PEN | AEN)
    bench.wait(1)
    assert bench.byte(STATUS) == 0
    bench.part.set_power(False)
    assert bench.part.lines["INT"].level


def test_a_swipe_shows_its_direction(bench: Bench) -> None:
    """A hand that comes from below is seen by the lower photodiode first, and by the upper one last."""

    def passing(centre: float) -> Callable[[int], float]:
        return lambda cycle: 0.8 * exp(-(((cycle / CPU_HZ - centre) / 0.03) ** 2))

    for direction, centre in (("down", 0.10), ("left", 0.12), ("right", 0.12), ("up", 0.14)):
        bench.part.feed(f"gesture {direction}", passing(centre))
    bench.write(0xA3, 1)  # GWTIME 2.8 ms
    swipe(bench)
    sets: list[bytes] = []
    for _ in range(30):
        bench.wait(0.01)
        data = bench.read(0xFC, 4 * bench.byte(0xAE))
        sets += [data[n : n + 4] for n in range(0, len(data), 4)]
    above = [s for s in sets if max(s) >= 30]
    up, down = above[0][0], above[0][1]
    assert down > up
    up, down = above[-1][0], above[-1][1]
    assert up > down
