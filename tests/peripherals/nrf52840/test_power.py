from __future__ import annotations

import pytest
from cmsim_peripherals.nrf52840.chip import NRF52840
from cmsim_peripherals.nrf52840.power import RESET_REASONS, PowerClock

from cmsim.errors import UsageError
from cmsim.kernel import CPU_HZ
from cmsim.soc import Chip, Row, Soc
from cmsim.system_off import SystemOff


@pytest.fixture
def power() -> PowerClock:
    soc = Soc(Chip("test", "", (Row("POWER", 0x4000_0000, PowerClock),), flash_size=0, ram_size=0))
    block = soc.blocks["POWER"]
    assert isinstance(block, PowerClock)
    return block


def reset(power: PowerClock, reason: str) -> None:
    power.note_reset(reason)
    power.soc.reset()


def test_power_and_clock_are_one_block(power: PowerClock) -> None:
    power.write(0x304, 0x3)  # HFCLKSTARTED and LFCLKSTARTED
    power.write(0x304, 0x80)  # USBDETECTED
    assert power.read(0x304) == power.read(0x308) == 0x83
    assert power.irq_number == 0
    power.write(0x000, 1)
    power.scheduler.advance(CPU_HZ // 1000)
    assert power.irq.level
    power.write(0x100, 0)
    assert not power.irq.level
    power.vbus.set(False)
    power.vbus.set(True)
    assert power.irq.level


def test_reset_values(power: PowerClock) -> None:
    assert power.read(0x400) == 0
    assert power.read(0x428) == 0xF
    assert power.read(0x438) == 1  # VBUS, and no USBD that asks for the regulator
    assert power.read(0x640) == 0
    assert [power.read(0x900 + 0x10 * n) for n in range(9)] == [0xFFFF] * 9


@pytest.mark.parametrize(
    ("reason", "bit"),
    [("pin", 0), ("watchdog", 1), ("sreq", 2), ("lockup", 3), ("off", 16), ("nfc", 19), ("vbus", 20)],
)
def test_reset_reasons(power: PowerClock, reason: str, bit: int) -> None:
    reset(power, reason)
    assert power.read(0x400) == 1 << bit
    assert power.soc.reset_reason == reason


def test_reset_reasons_accumulate_until_written(power: PowerClock) -> None:
    reset(power, "sreq")
    reset(power, "watchdog")
    assert power.read(0x400) == 0x6
    power.write(0x400, 0x2)
    assert power.read(0x400) == 0x4
    reset(power, "power-on")
    assert power.read(0x400) == 0


@pytest.mark.parametrize("reason", RESET_REASONS)
def test_what_survives_which_reset(power: PowerClock, reason: str) -> None:
    power.write(0x51C, 0x1B1)
    power.write(0x520, 0x57)
    power.write(0x578, 1)
    reset(power, reason)
    kept = reason not in ("pin", "watchdog", "power-on")
    assert (power.read(0x51C), power.read(0x520)) == ((0xB1, 0x57) if kept else (0, 0))
    assert power.read(0x578) == 0


def test_unknown_reset_reason(power: PowerClock) -> None:
    with pytest.raises(UsageError, match=r"reset reason 'boredom': use one of pin, watchdog, sreq"):
        power.note_reset("boredom")


def test_system_off(power: PowerClock) -> None:
    calls: list[str] = []
    power.soc.hooks.system_off = lambda: calls.append("off")
    power.write(0x500, 0)
    assert not calls
    power.write(0x500, 1)
    assert calls == ["off"]


def test_sleep_events(power: PowerClock) -> None:
    power.enter_sleep()
    assert (power.read(0x114), power.read(0x118)) == (1, 0)
    power.leave_sleep()
    assert power.read(0x118) == 1


def test_sub_power_mode_tasks_are_accepted(power: PowerClock) -> None:
    power.write(0x078, 1)
    power.write(0x07C, 1)
    assert power.soc.unmodelled == {}


def test_vbus_comes_and_goes(power: PowerClock) -> None:
    power.usb_wanted.set(True)
    power.vbus.set(False)
    assert power.read(0x438) == 0
    assert power.read(0x120) == 1
    power.vbus.set(True)
    assert power.read(0x438) == 1
    assert (power.read(0x11C), power.read(0x124)) == (1, 0)
    power.scheduler.advance(CPU_HZ // 1000)
    assert power.read(0x438) == 3
    assert power.read(0x124) == 1


def test_the_usb_regulator_runs_while_usbd_is_enabled(power: PowerClock) -> None:
    power.scheduler.advance(CPU_HZ // 100)
    assert (power.read(0x438), power.read(0x124)) == (1, 0)
    power.usb_wanted.set(True)
    power.scheduler.advance(CPU_HZ // 50)
    assert (power.read(0x438), power.read(0x124)) == (3, 1)
    power.usb_wanted.set(False)
    assert power.read(0x438) == 1
    power.write(0x124, 0)
    power.usb_wanted.set(True)
    power.scheduler.advance(CPU_HZ // 25)
    assert (power.read(0x438), power.read(0x124)) == (3, 1)  # a bootloader's successor is told again


def test_vbus_gone_before_the_regulator_is_ready(power: PowerClock) -> None:
    power.usb_wanted.set(True)
    power.vbus.set(False)
    power.vbus.set(True)
    power.vbus.set(False)
    power.scheduler.advance(CPU_HZ)
    assert power.read(0x124) == 0


@pytest.mark.parametrize(("threshold", "millivolts"), [(4, 1700), (8, 2100), (15, 2800)])
def test_power_fail_warning(power: PowerClock, threshold: int, millivolts: int) -> None:
    power.set_supply(millivolts - 1)
    assert power.read(0x108) == 0  # the comparator is off
    power.set_supply(3300)
    power.write(0x510, 1 | threshold << 1)
    power.set_supply(millivolts)
    assert power.read(0x108) == 0
    power.set_supply(millivolts - 1)
    assert power.read(0x108) == 1


def test_ram_sections(power: PowerClock) -> None:
    power.write(0x908, 0x1)
    assert power.read(0x900) == power.read(0x904) == power.read(0x908) == 0xFFFE
    assert power.read(0x428) == 0xF  # section 0 of RAM[1] still holds block 0
    power.write(0x918, 0x1)
    assert power.read(0x428) == 0xE
    power.write(0x904, 0x1_0001)
    assert power.read(0x900) == 0x1_FFFF
    assert power.read(0x428) == 0xF
    power.write(0x970, 0)
    power.write(0x960, 0)
    assert power.read(0x428) == 0x7


RAM_POWER, POWERSET, POWERCLR, ALL = 0x900, 0x904, 0x908, 1 << 18


def full_ram() -> Soc:
    """The chip with its RAM full of 0xA5."""
    soc = Soc(NRF52840)
    soc.ram[:] = b"\xa5" * len(soc.ram)
    return soc


def lost(soc: Soc) -> list[int]:
    """The first addresses of the 4 KB that no longer hold it all."""
    return [at for at in range(0, ALL, 0x1000) if bytes(soc.ram[at : at + 0x1000]) != b"\xa5" * 0x1000]


def test_system_off_keeps_what_retention_says() -> None:
    """RAM0.S1 is 4 KB from 0x20001000, RAM8.S0 32 KB from 0x20010000 (PS, memory: RAM sections)."""
    soc = full_ram()
    power = soc.blocks["POWER"]
    power.write(POWERSET, 1 << 17)
    power.write(POWERSET + 8 * 0x10, 1 << 16)
    SystemOff(soc).enter()
    kept = {0x1000, *range(0x1_0000, 0x1_8000, 0x1000)}
    assert lost(soc) == [at for at in range(0, ALL, 0x1000) if at not in kept]


def test_a_section_without_power_and_retention_is_lost_at_once() -> None:
    soc = full_ram()
    power = soc.blocks["POWER"]
    power.write(POWERSET + 0x10, 1 << 16)
    power.write(POWERCLR + 0x10, 0b11)  # RAM1: S0 is retained
    assert lost(soc) == [0x3000]
    power.write(POWERCLR + 0x10, 1 << 16)
    assert lost(soc) == [0x2000, 0x3000]
    power.write(RAM_POWER + 8 * 0x10, 0xFFFF & ~(1 << 5))  # RAM8.S5, the last 32 KB
    assert lost(soc) == [0x2000, 0x3000, *range(0x3_8000, ALL, 0x1000)]
    assert power.read(POWERSET + 0x10) == 0xFFFC


def test_what_is_lost_is_noise_by_the_seed() -> None:
    def noise(seed: int) -> bytes:
        soc = Soc(NRF52840, seed=seed)
        SystemOff(soc).enter()
        return bytes(soc.ram)

    assert noise(1) == noise(1) != noise(2)
