"""Memory protection unit, 8 regions (Arm DDI 0403E, B3.5).

Not modelled: memory attributes (TEX, C, B, S are stored), which change nothing that software can see here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..registers import Register, RegisterBlock

REGIONS = 8
READ, WRITE, EXECUTE = 1, 2, 4

_PRIVILEGED = {1: READ | WRITE, 2: READ | WRITE, 3: READ | WRITE, 5: READ, 6: READ, 7: READ}
_UNPRIVILEGED = {2: READ, 3: READ | WRITE, 6: READ, 7: READ}


@dataclass(frozen=True)
class MpuRegion:
    """One enabled region."""

    base: int
    size: int
    disabled_subregions: int
    permission: int
    execute_never: bool

    def covers(self, address: int) -> bool:
        """Whether the region, less its disabled subregions, decides about `address`."""
        offset = address - self.base
        if not 0 <= offset < self.size:
            return False
        return self.size < 256 or not self.disabled_subregions >> (offset * 8 // self.size) & 1

    def rights(self, privileged: bool) -> int:
        """READ | WRITE | EXECUTE."""
        rights = (_PRIVILEGED if privileged else _UNPRIVILEGED).get(self.permission, 0)
        return rights | EXECUTE if rights & READ and not self.execute_never else rights


class Mpu(RegisterBlock):
    """0xE000ED90."""

    name = "MPU"
    TYPE = Register(0xD90, REGIONS << 8, writable=0)
    CTRL = Register(0xD94, writable=0x7)
    RNR = Register(0xD98, writable=0xFF)
    RBAR = Register(0xD9C, writable=0)
    RASR = Register(0xDA0, writable=0)
    RBAR_A1 = Register(0xDA4, writable=0)
    RASR_A1 = Register(0xDA8, writable=0)
    RBAR_A2 = Register(0xDAC, writable=0)
    RASR_A2 = Register(0xDB0, writable=0)
    RBAR_A3 = Register(0xDB4, writable=0)
    RASR_A3 = Register(0xDB8, writable=0)

    enabled = CTRL.bit(0)
    during_faults = CTRL.bit(1)
    background = CTRL.bit(2)
    """PRIVDEFENA."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None
        """Every cached permission is void."""
        super().__init__()

    def reset(self) -> None:
        """Disabled, all regions disabled."""
        super().reset()
        self._rbar = [0] * REGIONS
        self._rasr = [0] * REGIONS
        self.regions: list[MpuRegion] = []
        self._before: tuple[int, list[MpuRegion]] = 0, []

    @CTRL.on_write
    def _control(self, value: int) -> None:
        self._tell()

    def _tell(self) -> None:
        """Say that rights have changed, if they have: kernels write most regions anew as they were."""
        now = self.CTRL, self.regions
        if now != self._before:
            self._before = now
            self.on_change()

    @RBAR.on_read
    @RBAR_A1.on_read
    @RBAR_A2.on_read
    @RBAR_A3.on_read
    def _read_rbar(self) -> int:
        n = self.RNR % REGIONS
        return self._rbar[n] | n

    @RASR.on_read
    @RASR_A1.on_read
    @RASR_A2.on_read
    @RASR_A3.on_read
    def _read_rasr(self) -> int:
        return self._rasr[self.RNR % REGIONS]

    @RBAR.on_write
    @RBAR_A1.on_write
    @RBAR_A2.on_write
    @RBAR_A3.on_write
    def _write_rbar(self, value: int) -> None:
        if value & 0x10:
            self.RNR = value & 0xF
        self._set(self._rbar, value & 0xFFFF_FFE0)

    @RASR.on_write
    @RASR_A1.on_write
    @RASR_A2.on_write
    @RASR_A3.on_write
    def _write_rasr(self, value: int) -> None:
        self._set(self._rasr, value & 0x173F_FF3F)

    def _set(self, registers: list[int], value: int) -> None:
        """Of the selected region."""
        n = self.RNR % REGIONS
        if registers[n] != value:
            registers[n] = value
            self._update()

    def _update(self) -> None:
        self.regions = []
        for rbar, rasr in zip(self._rbar, self._rasr, strict=True):
            if rasr & 1:
                size = 2 << max(4, rasr >> 1 & 31)
                self.regions.append(
                    MpuRegion(rbar & ~(size - 1), size, rasr >> 8 & 0xFF, rasr >> 24 & 7, bool(rasr >> 28 & 1))
                )
        self._tell()

    @property
    def settings(self) -> tuple[int, ...]:
        """All that the rights depend on."""
        return (self.CTRL, *self._rbar, *self._rasr)

    def rights(self, address: int, privileged: bool, ignore: bool = False) -> int | None:
        """READ | WRITE | EXECUTE at `address`; None where the default memory map decides.

        `ignore`: at HardFault, NMI or FAULTMASK priority, where HFNMIENA decides whether the MPU counts.
        """
        if not self.enabled or (ignore and not self.during_faults):
            return None
        for region in reversed(self.regions):
            if region.covers(address):
                return region.rights(privileged)
        if self.background and privileged:
            return None
        return 0

    def mixed(self, first: int, size: int) -> bool:
        """Whether the rights may differ within [first, first + size): a region or subregion ends inside."""
        if not self.enabled:
            return False
        for region in self.regions:
            grain = region.size // 8 if region.size >= 256 and region.disabled_subregions else region.size
            overlaps = region.base < first + size and first < region.base + region.size
            if overlaps and (grain < size or region.base > first or region.base + region.size < first + size):
                return True
        return False
