from __future__ import annotations

import pytest
from cmsim_peripherals.nrf52840.clock import Clock, Lfclk, lfclk_of, want_crystal

from cmsim.kernel import CPU_HZ, Scheduler, cycles_of
from cmsim.soc import Chip, Row, Soc

MS = CPU_HZ // 1000
US = CPU_HZ // 1_000_000


@pytest.fixture
def clock() -> Clock:
    soc = Soc(Chip("test", "", (Row("CLOCK", 0x4000_0000, Clock),), flash_size=0, ram_size=0))
    block = soc.blocks["CLOCK"]
    assert isinstance(block, Clock)
    return block


def advance(clock: Clock, cycles: int) -> None:
    clock.scheduler.advance(clock.scheduler.now + cycles)


def test_reset_values(clock: Clock) -> None:
    assert clock.read(0x528) == 0x10
    assert clock.read(0x40C) == 0x1_0000  # HFINT runs
    assert [clock.read(at) for at in (0x408, 0x414, 0x418, 0x41C, 0x518, 0x538, 0x55C, 0x5B4)] == [0] * 8


@pytest.mark.parametrize(("debounce", "microseconds"), [(0x10, 75 + 256), (0x40, 75 + 1024), (0x01, 91)])
def test_hfxo_starts_after_power_up_and_debounce(clock: Clock, debounce: int, microseconds: int) -> None:
    clock.write(0x528, debounce)
    clock.write(0x304, 1)
    clock.write(0x000, 1)
    assert clock.read(0x408) == 1
    advance(clock, microseconds * US - 1)
    assert clock.read(0x100) == 0
    assert clock.read(0x40C) == 0x1_0000
    assert not clock.irq.level
    advance(clock, 1)
    assert clock.read(0x100) == 1
    assert clock.read(0x40C) == 0x1_0001
    assert clock.irq.level


def test_hfclkstart_repeats_its_event_while_hfxo_runs(clock: Clock) -> None:
    clock.write(0x000, 1)
    advance(clock, MS)
    clock.write(0x100, 0)
    clock.write(0x000, 1)
    assert clock.read(0x100) == 1


def test_hfclkstop_goes_back_to_hfint_and_stops_a_start(clock: Clock) -> None:
    clock.write(0x000, 1)
    clock.write(0x004, 1)
    advance(clock, MS)
    assert clock.read(0x100) == 0
    assert clock.read(0x408) == 0
    assert clock.read(0x40C) == 0x1_0000


@pytest.mark.parametrize(("source", "mode", "start"), [(0, 0, 1000 * US), (0, 1, 1500 * US), (2, 0, 100 * US)])
def test_lfclk_from_rc_and_synth(clock: Clock, source: int, mode: int, start: int) -> None:
    clock.write(0x5B4, mode)
    clock.write(0x518, source)
    clock.write(0x008, 1)
    assert clock.read(0x414) == 1
    assert clock.read(0x41C) == source
    advance(clock, start - 1)
    assert not clock.lfclk.running.level
    advance(clock, 1)
    assert clock.lfclk.running.level
    assert clock.read(0x104) == 1
    assert clock.read(0x418) == 0x1_0000 | source
    assert clock.lfclk.origin == start


def test_lfxo_is_preceded_by_the_rc_oscillator(clock: Clock) -> None:
    clock.write(0x518, 1)
    clock.write(0x008, 1)
    advance(clock, 1000 * US)
    assert clock.read(0x418) == 0x1_0000
    assert clock.lfclk.running.level
    assert clock.read(0x104) == 0
    clock.write(0x518, 2)
    advance(clock, CPU_HZ // 4 - 1000 * US)
    assert clock.read(0x104) == 1
    assert clock.read(0x418) == 0x1_0001
    assert clock.read(0x41C) == 1  # the copy of when LFCLKSTART came
    assert clock.lfclk.origin == 1000 * US  # the edges go on


def test_lfclkstart_repeats_its_event_only_once_the_clock_runs(clock: Clock) -> None:
    clock.write(0x008, 1)
    clock.write(0x008, 1)
    assert clock.read(0x104) == 0
    advance(clock, MS)
    clock.write(0x104, 0)
    clock.write(0x008, 1)
    assert clock.read(0x104) == 1


def test_lfclkstop(clock: Clock) -> None:
    clock.write(0x008, 1)
    advance(clock, MS)
    clock.write(0x00C, 1)
    assert clock.read(0x414) == clock.read(0x418) == 0
    assert not clock.lfclk.running.level
    clock.write(0x008, 1)
    advance(clock, MS)
    assert clock.lfclk.origin == MS + 1000 * US


def test_calibration_takes_17_ms(clock: Clock) -> None:
    clock.write(0x010, 1)
    advance(clock, 17 * MS - 1)
    assert clock.read(0x10C) == 0
    advance(clock, 1)
    assert clock.read(0x10C) == 1


def test_calibration_timer_counts_quarter_seconds_of_lfclk(clock: Clock) -> None:
    clock.write(0x538, 0xFFFF_FF02)
    assert clock.read(0x538) == 2
    clock.write(0x014, 1)
    assert clock.read(0x128) == 0  # no LFCLK
    clock.write(0x008, 1)
    advance(clock, MS)
    clock.write(0x014, 1)
    assert clock.read(0x128) == 1
    advance(clock, CPU_HZ // 2 - 1)
    assert clock.read(0x110) == 0
    advance(clock, 1)
    assert clock.read(0x110) == 1
    clock.write(0x110, 0)
    clock.write(0x014, 1)
    clock.write(0x018, 1)
    assert clock.read(0x12C) == 1
    advance(clock, CPU_HZ)
    assert clock.read(0x110) == 0


def test_ctstart_while_the_calibration_timer_runs_only_repeats_its_event(clock: Clock) -> None:
    clock.write(0x538, 2)
    clock.write(0x008, 1)
    advance(clock, MS)
    clock.write(0x014, 1)
    advance(clock, CPU_HZ // 4)
    clock.write(0x128, 0)
    clock.write(0x014, 1)
    assert clock.read(0x128) == 1
    advance(clock, CPU_HZ // 4)
    assert clock.read(0x110) == 1


@pytest.mark.parametrize(("reason", "kept"), [("sreq", 5), ("off", 5), ("pin", 0), ("watchdog", 0), ("power-on", 0)])
def test_ctiv_is_retained(clock: Clock, reason: str, kept: int) -> None:
    clock.write(0x538, 5)
    clock.soc.reset_reason = reason
    clock.soc.reset()
    assert clock.read(0x538) == kept


def test_use_without_hfxo_is_told_once(clock: Clock) -> None:
    said: list[str] = []
    clock.soc.hooks.log = said.append
    clock.write(0x010, 1)
    want_crystal(clock.soc, "RADIO")
    want_crystal(clock.soc, "RADIO")
    assert [line.split(" is used")[0] for line in said] == ["the calibration of LFRC", "RADIO"]
    assert said[1].endswith("trigger CLOCK.HFCLKSTART and wait for HFCLKSTARTED")
    clock.write(0x000, 1)
    advance(clock, MS)
    want_crystal(clock.soc, "USBD")
    assert len(said) == 2


def test_lfrcmode_status_follows_mode(clock: Clock) -> None:
    clock.write(0x5B4, 0xFFFF_FFFF)
    assert clock.read(0x5B4) == 0x1_0001
    clock.write(0x5B4, 0)
    assert clock.read(0x5B4) == 0


def test_vendor_start_up_addresses_are_plain_storage(clock: Clock) -> None:
    for offset in (0x53C, 0x54C, 0xEE4, 0xE00, 0xE34):
        clock.write(offset, 0x1234)
        assert clock.read(offset) == 0x1234
    assert clock.soc.unmodelled == {}
    clock.write(0x700, 1)
    assert list(clock.soc.unmodelled) == [("CLOCK", 0x700, "write")]


def test_reset_stops_everything(clock: Clock) -> None:
    clock.write(0x000, 1)
    clock.write(0x008, 1)
    advance(clock, MS)
    clock.write(0x010, 1)
    clock.soc.reset()
    assert not clock.lfclk.running.level
    assert clock.read(0x40C) == 0x1_0000
    advance(clock, CPU_HZ)
    assert clock.read(0x10C) == 0


def test_lfclk_edges_are_exact_for_hours() -> None:
    scheduler = Scheduler()
    scheduler.advance(12_345)
    lfclk = Lfclk(scheduler, running=True)
    for seconds in (1, 3600, 10 * 3600, 400 * 24 * 3600):
        assert lfclk.edge(32_768 * seconds) == 12_345 + cycles_of(seconds)
    assert lfclk.edge(1) - lfclk.origin == 1954  # 1953.125, and the first whole cycle after it
    scheduler.advance(lfclk.edge(1_000_001) - 1)
    assert lfclk.tick == 1_000_000
    scheduler.advance(lfclk.edge(1_000_001))
    assert lfclk.tick == 1_000_001


@pytest.mark.parametrize(("after_edge", "acts_at"), [(0, 101), (900, 101), (976, 101), (977, 102), (1952, 102)])
def test_tasks_wait_for_a_falling_and_a_rising_edge(after_edge: int, acts_at: int) -> None:
    scheduler = Scheduler()
    lfclk = Lfclk(scheduler, running=True)
    scheduler.advance(lfclk.edge(100) + after_edge)
    assert lfclk.tick == 100
    assert lfclk.synchronised == acts_at


def test_a_chip_without_a_clock_block_has_a_running_lfclk() -> None:
    assert lfclk_of(Soc(Chip("test", "", (), flash_size=0, ram_size=0))).running.level


def test_lfclk_of_finds_the_clock_block(clock: Clock) -> None:
    assert lfclk_of(clock.soc) is clock.lfclk
