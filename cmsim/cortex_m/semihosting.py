"""Arm semihosting, as far as firmware talks to a console and ends (Arm IHI 0032 "Semihosting for AArch32 and AArch64").

Not modelled: files, time, heap information: every other operation answers -1 and is counted as unmodelled.
"""

from __future__ import annotations

from ..soc import Soc
from .bus import Bus

SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_EXIT, SYS_EXIT_EXTENDED = 0x03, 0x04, 0x05, 0x18, 0x20
APPLICATION_EXIT = 0x20026


class Semihosting:
    """BKPT 0xAB with an operation in R0 and a parameter in R1."""

    def __init__(self, bus: Bus, soc: Soc) -> None:
        self.bus, self.soc = bus, soc
        self.exit_status: int | None = None
        """Set once the firmware has asked to end."""

    def call(self, operation: int, parameter: int) -> int:
        """Carry out one operation; the result goes to R0."""
        port = self.soc.serial_port("semihosting")
        result = 0
        if operation == SYS_WRITEC:
            port.transmit(self._bytes(parameter, 1))
        elif operation == SYS_WRITE0:
            port.transmit(self._text(parameter))
        elif operation == SYS_WRITE:
            block = self._bytes(parameter, 12)
            _, address, length = (int.from_bytes(block[n : n + 4], "little") for n in (0, 4, 8))
            port.transmit(self._bytes(address, length))
        elif operation == SYS_EXIT:
            self.exit_status = 0 if parameter == APPLICATION_EXIT else 1
        elif operation == SYS_EXIT_EXTENDED:
            block = self._bytes(parameter, 8)
            self.exit_status = int.from_bytes(block[4:8], "little")
        else:
            self.soc.report_unmodelled("semihosting", operation, "call")
            result = 0xFFFF_FFFF
        return result

    def _text(self, address: int) -> bytes:
        """The bytes from `address` up to a zero, or to the end of the memory."""
        memory = self.bus.memory(address, 1)
        if memory is None:
            return b""
        data, offset = memory
        end = data.find(0, offset)
        return bytes(data[offset:] if end < 0 else data[offset:end])

    def _bytes(self, address: int, length: int) -> bytes:
        """Up to `length` bytes from memory, fewer at its end."""
        memory = self.bus.memory(address, 1)
        if memory is None:
            return b""
        data, offset = memory
        return bytes(data[offset : offset + length])
