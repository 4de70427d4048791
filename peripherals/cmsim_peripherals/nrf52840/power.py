"""POWER: reset reasons, retained bytes, regulators, System OFF (nRF52840 PS v1.8, section 5.3), and the block it
shares with CLOCK.

Outside drives it: `note_reset(reason)` before `soc.reset()`, `enter_sleep` and `leave_sleep` from the CPU, the `vbus`
line and `set_supply` from the board; `cmsim.system_off` does what SYSTEMOFF asks for. What is retained follows the
table of reset sources: RESETREAS survives all but power-on and brown-out, GPREGRET and GPREGRET2 survive a soft reset,
a lockup and System OFF.

RAM is eight blocks with two sections of 4 KB and one with sections of 32 KB. A section whose RETENTION bit is 0 loses
its content in System OFF, and when it is switched off: it holds noise then, from the run's seed.

Not modelled: currents; RAM sections answer when they are switched off; regulator modes and the sub power modes
(CONSTLAT and LOWPWR) change nothing; POFCON does not hold NVMC off.
"""

from __future__ import annotations

from collections.abc import Mapping

from cmsim.errors import UsageError
from cmsim.kernel import Line
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Latched, Register
from cmsim.soc import Soc, WakeSource

from .clock import CLEARS_RETAINED, MICROSECOND, Clock

RESET_REASONS: Mapping[str, int] = {
    "pin": 1 << 0,
    "watchdog": 1 << 1,
    "sreq": 1 << 2,
    "lockup": 1 << 3,
    "off": 1 << 16,
    "lpcomp": 1 << 17,
    "debug": 1 << 18,
    "nfc": 1 << 19,
    "vbus": 1 << 20,
    "power-on": 0,
}
"""Reason -> its bit of RESETREAS."""
SMALL_BLOCKS, SMALL_SECTION, LARGE_SECTION, SECTIONS = 8, 0x1000, 0x8000, 16
RETENTION = 16
"""First RETENTION bit of RAM[n].POWER, of section 0."""
USB_REGULATOR_START = 1000 * MICROSECOND
"""From VBUS and USBD.ENABLE to USBPWRRDY."""
USB_DETECT = 100 * MICROSECOND
"""From a reset to USBDETECTED, if VBUS is there; the chapter gives no figure."""


class Power(NordicPeripheral):
    """The POWER half of the block at 0x40000000."""

    CONSTLAT = Task(0x078)
    LOWPWR = Task(0x07C)
    POFWARN = Event(0x108)
    SLEEPENTER = Event(0x114)
    SLEEPEXIT = Event(0x118)
    USBDETECTED = Event(0x11C)
    USBREMOVED = Event(0x120)
    USBPWRRDY = Event(0x124)
    RESETREAS = Latched(0x400)
    RAMSTATUS = Register(0x428, writable=0)
    USBREGSTATUS = Register(0x438, writable=0)
    SYSTEMOFF = Register(0x500, writable=0)
    POFCON = Register(0x510, writable=0xF1F)
    GPREGRET = Register(0x51C, writable=0xFF)
    GPREGRET2 = Register(0x520, writable=0xFF)
    DCDCEN = Register(0x578, writable=0x1)
    DCDCEN0 = Register(0x580, writable=0x1)
    MAINREGSTATUS = Register(0x640, writable=0)
    RAM_POWER = Register.array(0x900, 9, stride=0x10, reset=0xFFFF)
    RAM_POWERSET = Register.array(0x904, 9, stride=0x10, reset=0xFFFF, writable=0)
    RAM_POWERCLR = Register.array(0x908, 9, stride=0x10, reset=0xFFFF, writable=0)
    pof_enabled = POFCON.bit(0)
    pof_threshold = POFCON.field(4, 1)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.vbus = Line("VBUS", True)
        """5 V at the USB connector; a board plugged into a computer has it."""
        self.usb_wanted = Line("USB regulator wanted")
        """USBD.ENABLE: with VBUS, it turns the regulator of the USB transceiver on."""
        self._connector = False
        self._usb_regulator_ready = False
        self._usb_regulator = soc.scheduler.alarm(self._usb_power_ready)
        self._usb_detector = soc.scheduler.alarm(self._usb_detected_again)
        self._supply = 3300
        self._noise = soc.random("RAM without power")
        self._kept = [0] * (SMALL_BLOCKS + 1)
        """Of each block of RAM, the sections that are on or retained."""
        super().__init__(soc, name, base)
        self.vbus.listen(self._vbus_changed)
        self.usb_wanted.listen(lambda wanted: self._supply_usb())
        soc.wake_sources.append(
            WakeSource("vbus", name, self.vbus, lambda: not self.vbus.level, self._go_off, level=False)
        )

    def reset(self) -> None:
        """All but the retained registers, for which `note_reset` decides."""
        retained = (type(self).RESETREAS, type(self).GPREGRET, type(self).GPREGRET2)
        kept = {register.offset: self.values.get(register.offset, 0) for register in retained}
        super().reset()
        self.values.update(kept)
        self._kept = [power | power >> RETENTION for power in self.RAM_POWER]
        if self._connector:
            self._usb_detector.after(USB_DETECT)

    # --- resets and sleep ---------------------------------------------------------------------------------

    def note_reset(self, reason: str) -> None:
        """Say why the chip is about to be reset; keys of `RESET_REASONS`. RESETREAS accumulates."""
        if reason not in RESET_REASONS:
            raise UsageError(f"reset reason {reason!r}: use one of {', '.join(RESET_REASONS)}")
        self.soc.reset_reason = reason
        self.RESETREAS = self.RESETREAS | RESET_REASONS[reason] if reason != "power-on" else 0
        if reason in CLEARS_RETAINED:
            self.GPREGRET = self.GPREGRET2 = 0

    @SYSTEMOFF.on_write
    def _system_off(self, value: int) -> None:
        if value & 1:
            self.soc.hooks.system_off()

    def enter_sleep(self) -> None:
        """The CPU sleeps (WFI or WFE)."""
        self.emit(self.SLEEPENTER)

    def leave_sleep(self) -> None:
        """The CPU is awake again."""
        self.emit(self.SLEEPEXIT)

    # --- supplies -----------------------------------------------------------------------------------------

    def set_supply(self, millivolts: int) -> None:
        """The voltage at VDD; falling below the POFCON threshold warns."""
        falling, self._supply = millivolts < self._supply, millivolts
        if falling:
            self._warn()

    @POFCON.on_write
    def _configure_pof(self, value: int) -> None:
        self._warn()

    def _warn(self) -> None:
        threshold = 1700 + 100 * (self.pof_threshold - 4)  # V17 is 4, V28 is 15
        if self.pof_enabled and self.pof_threshold >= 4 and self._supply < threshold:
            self.emit(self.POFWARN)

    @USBREGSTATUS.on_read
    def _usb_status(self) -> int:
        return self.vbus.level | self._usb_regulator_ready << 1

    def _vbus_changed(self, present: bool) -> None:
        self._supply_usb()
        self.emit(self.USBDETECTED if present else self.USBREMOVED)

    def _supply_usb(self) -> None:
        self._usb_regulator_ready = False
        if self.vbus.level and self.usb_wanted.level:
            self._usb_regulator.after(USB_REGULATOR_START)
        else:
            self._usb_regulator.cancel()

    def power_connector(self) -> None:
        """A USB connector is wired and may carry VBUS: its detector speaks after each reset, this one included."""
        self._connector = True
        self._usb_detector.after(USB_DETECT)

    def _usb_detected_again(self) -> None:
        if self.vbus.level:
            self.emit(self.USBDETECTED)

    def _usb_power_ready(self) -> None:
        self._usb_regulator_ready = True
        self.emit(self.USBPWRRDY)

    # --- RAM ----------------------------------------------------------------------------------------------

    @RAM_POWER.on_write
    def _switch(self, n: int, value: int) -> None:
        kept, self._kept[n] = self._kept[n], self.RAM_POWER[n] | self.RAM_POWER[n] >> RETENTION
        self._lose(n, kept & ~self._kept[n])

    @RAM_POWERSET.on_write
    def _switch_on(self, n: int, mask: int) -> None:
        self.write(type(self).RAM_POWER.offsets[n], self.RAM_POWER[n] | mask)

    @RAM_POWERCLR.on_write
    def _switch_off(self, n: int, mask: int) -> None:
        self.write(type(self).RAM_POWER.offsets[n], self.RAM_POWER[n] & ~mask)

    def _lose(self, n: int, sections: int) -> None:
        """The sections of RAM block `n` in this mask hold noise from now on."""
        size = LARGE_SECTION if n == SMALL_BLOCKS else SMALL_SECTION
        for section in range(SECTIONS):
            at = 2 * n * SMALL_SECTION + section * size
            if sections >> section & 1 and at < self.soc.chip.ram_size and (n == SMALL_BLOCKS or section < 2):
                self.soc.ram[at : at + size] = self._noise.randbytes(size)
                self.soc.hooks.code_changed(self.soc.chip.ram_base + at, size)

    def _go_off(self, off: bool) -> None:
        """System OFF begins or has ended."""
        if off:
            for n, power in enumerate(self.RAM_POWER):
                self._lose(n, ~(power >> RETENTION))

    @RAM_POWERSET.on_read
    def _read_set(self, n: int) -> int:
        return self.RAM_POWER[n]

    @RAM_POWERCLR.on_read
    def _read_clear(self, n: int) -> int:
        return self.RAM_POWER[n]

    @RAMSTATUS.on_read
    def _ram_status(self) -> int:
        on = [bool(power & 1) for power in self.RAM_POWER]
        return sum((on[2 * block] or on[2 * block + 1]) << block for block in range(4))


class PowerClock(Clock, Power):
    """The one block at 0x40000000: two chapters, one interrupt, one INTEN."""
