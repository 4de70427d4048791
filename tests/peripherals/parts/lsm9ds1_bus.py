"""A driver's view of an LSM9DS1, for the tests of its parts."""

from dataclasses import dataclass, field

from cmsim_peripherals.parts.lsm9ds1 import Lsm9ds1

from cmsim.i2c import I2cBus
from cmsim.kernel import CPU_HZ, Scheduler

AG, M = 0x6B, 0x1E


def word(low: int, high: int) -> int:
    """Two bytes as a signed number."""
    return int.from_bytes(bytes((low, high)), "little", signed=True)


def words(data: bytes) -> list[int]:
    return [word(*data[n : n + 2]) for n in range(0, len(data), 2)]


@dataclass
class Imu:
    """An LSM9DS1 on a bus, as a driver sees it; the boot is over."""

    scheduler: Scheduler = field(default_factory=Scheduler)
    sdo_ag: bool = True
    sdo_m: bool = True

    def __post_init__(self) -> None:
        self.part = Lsm9ds1(self.scheduler, "imu", sdo_ag=self.sdo_ag, sdo_m=self.sdo_m)
        self.bus = I2cBus("Wire1")
        for address, target in self.part.i2c.items():
            self.bus.attach(address, target, lambda address=address: self.part.answers(address))  # type: ignore[misc]
        self.pass_seconds(0.020)

    def write(self, address: int, register: int, *data: int) -> None:
        target = self.bus.select(address, False)
        assert target is not None, f"0x{address:02x} does not answer"
        assert all(target.write_byte(byte) for byte in (register, *data))
        target.stop()

    def read(self, address: int, register: int, length: int = 1) -> bytes:
        target = self.bus.select(address, False)
        assert target is not None, f"0x{address:02x} does not answer"
        target.write_byte(register)
        again = self.bus.select(address, True)
        assert again is target
        data = bytes(target.read_byte() for _ in range(length))
        target.stop()
        return data

    def ag(self, register: int) -> int:
        return self.read(AG, register)[0]

    def m(self, register: int) -> int:
        return self.read(M, register)[0]

    def acceleration(self) -> list[int]:
        return words(self.read(AG, 0x80 | 0x28, 6))

    def rate(self) -> list[int]:
        return words(self.read(AG, 0x80 | 0x18, 6))

    def field(self) -> list[int]:
        return words(self.read(M, 0x80 | 0x28, 6))

    def level(self, line: str) -> bool:
        return self.part.lines[line].level

    def pass_cycles(self, cycles: int) -> None:
        self.scheduler.advance(self.scheduler.now + cycles)

    def pass_seconds(self, seconds: float) -> None:
        self.pass_cycles(round(seconds * CPU_HZ))

    def feed(self, **signals: float) -> None:
        """accel_x=1.0 and the like: constants."""
        for name, value in signals.items():
            self.part.feed(name.replace("_", " "), lambda cycle, value=value: value)  # type: ignore[misc]

    def ramp(self, channel: str, per_sample: float, hertz: float) -> None:
        """`channel` rises by `per_sample` from one sample to the next, from now on; sample n is n * per_sample."""
        start = self.scheduler.now
        self.part.feed(channel, lambda cycle: round((cycle - start) * hertz / CPU_HZ) * per_sample)
