"""Part and Sensor: supply, pins, and what lies between two looks."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

from cmsim.kernel import Scheduler
from cmsim.parts import Sensor, SensorRegisters
from cmsim.registers import Register


class Block(SensorRegisters):
    LIMIT = Register(0x00, reset=10, writable=0xFF)
    COUNT = Register(0x01, writable=0)

    def reset(self) -> None:
        super().reset()
        self.seen: list[tuple[int, float]] = []
        self.origin = self.scheduler.now

    def catch_up(self) -> None:
        while self.origin + 100 <= self.scheduler.now:
            self.origin += 100
            self.COUNT += 1
            self.seen.append((self.origin, self.part.sense("level", self.origin)))

    def drive_pins(self) -> None:
        self.part.set_output("READY", self.COUNT >= self.LIMIT)

    def next_change(self) -> int | None:
        return self.origin + 100 if self.COUNT < self.LIMIT else None


class Part(Sensor):
    channels: ClassVar[Mapping[str, tuple[str, float]]] = {"level": ("1", 0.5)}
    outputs: ClassVar[Mapping[str, bool]] = {"READY": False}

    def __init__(self) -> None:
        super().__init__(Scheduler(), "part")
        self.block = self.connect(0x10, Block(self))


@pytest.fixture
def part() -> Part:
    return Part()


def test_samples_happen_when_somebody_looks(part: Part) -> None:
    part.block.write(0x00, 0)
    assert part.scheduler.next_due is None
    part.scheduler.advance(250)
    assert part.block.seen == []
    assert part.block.read(0x01) == 2
    assert part.i2c == {0x10: part.block}


def test_what_lies_before_a_write_or_a_new_signal_keeps_the_old_one(part: Part) -> None:
    part.block.write(0x00, 0)
    part.scheduler.advance(100)
    part.feed("level", lambda cycle: cycle / 100)
    part.scheduler.advance(200)
    part.block.write(0x00, 20)
    assert part.block.seen == [(100, 0.5), (200, 2.0)]


def test_a_pin_that_waits_is_woken_for(part: Part) -> None:
    part.block.write(0x00, 3)
    assert part.scheduler.next_due == 100
    part.scheduler.advance(300)
    assert part.lines["READY"].level
    assert part.scheduler.next_due is None


def test_open_drain_releases_instead_of_driving_high(part: Part) -> None:
    part.set_output("READY", True, open_drain=True)
    assert part.drives("READY") is None
    part.set_output("READY", True)
    assert part.drives("READY") is True


def test_supply(part: Part) -> None:
    part.block.write(0x00, 1)
    part.scheduler.advance(100)
    part.set_power(False)
    assert (part.drives("READY"), part.lines["READY"].level, part.answers(0x10)) == (None, False, False)
    assert part.scheduler.next_due is None
    part.set_power(True)
    assert (part.block.LIMIT, part.block.COUNT) == (10, 0)


def test_unknown_channel(part: Part) -> None:
    with pytest.raises(KeyError, match="part senses level, not sound"):
        part.feed("sound", lambda cycle: 0.0)
