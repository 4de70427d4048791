"""A driver's view of a part with I2C registers, without a CPU."""

from cmsim.i2c import I2cBus
from cmsim.kernel import CPU_HZ, Scheduler
from cmsim.parts import Part


class Bench:
    """A part alone on a bus."""

    def __init__(self, model: type[Part]) -> None:
        self.scheduler = Scheduler()
        self.part = model(self.scheduler, "part")
        self.bus = I2cBus("bench")
        ((self.address, target),) = self.part.i2c.items()
        self.bus.attach(self.address, target, lambda: self.part.answers(self.address))

    def write(self, register: int, *data: int) -> None:
        target = self.bus.select(self.address, False)
        assert target is not None
        assert all(target.write_byte(byte) for byte in (register, *data))
        target.stop()

    def read(self, register: int, length: int = 1) -> bytes:
        target = self.bus.select(self.address, False)
        assert target is not None
        target.write_byte(register)
        assert self.bus.select(self.address, True) is target
        data = bytes(target.read_byte() for _ in range(length))
        target.stop()
        return data

    def byte(self, register: int) -> int:
        return self.read(register)[0]

    def number(self, register: int, length: int = 2, *, signed: bool = True) -> int:
        return int.from_bytes(self.read(register, length), "little", signed=signed)

    def wait(self, seconds: float) -> None:
        self.scheduler.advance(self.scheduler.now + round(seconds * CPU_HZ))

    def feel(self, **values: float) -> None:
        for name, value in values.items():
            self.part.feed(name.replace("_", " "), lambda cycle, value=value: value)  # type: ignore[misc]
