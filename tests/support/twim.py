"""A TWIM on a bench: its registers by name, every event with its cycle, a memory as the target."""

from cmsim_peripherals.nrf52840.twim import Twim

from cmsim.i2c import I2cBus
from cmsim.soc import Chip, Row, Soc

RAM = 0x2000_0000
STARTRX, STARTTX, STOP, SUSPEND, RESUME = 0x000, 0x008, 0x014, 0x01C, 0x020
STOPPED, ERROR = 0x104, 0x124
SHORTS, ERRORSRC, ENABLE, FREQUENCY, ADDRESS = 0x200, 0x4C4, 0x500, 0x524, 0x588
PSEL_SCL, PSEL_SDA = 0x508, 0x50C
RXD_PTR, RXD_MAXCNT, RXD_AMOUNT, RXD_LIST = 0x534, 0x538, 0x53C, 0x540
TXD_PTR, TXD_MAXCNT, TXD_AMOUNT, TXD_LIST = 0x544, 0x548, 0x54C, 0x550
K100, K250, K400 = 0x0198_0000, 0x0400_0000, 0x0640_0000
T = 160
"""SCL period at 400 kHz in CPU cycles."""
BEGIN = 96
"""From the task to the START condition."""
LASTTX_STARTRX, LASTTX_SUSPEND, LASTTX_STOP = 1 << 7, 1 << 8, 1 << 9
LASTRX_STARTTX, LASTRX_SUSPEND, LASTRX_STOP = 1 << 10, 1 << 11, 1 << 12


class Eeprom:
    """256 bytes behind a pointer byte; keeps a log of (cycle, what happened)."""

    def __init__(self, scheduler, capacity=None):
        self.scheduler, self.capacity = scheduler, capacity
        self.memory, self.pointer = bytearray(range(256)), 0
        self.log = []
        self._fresh = False
        self._written = 0

    def _note(self, what):
        self.log.append((self.scheduler.now, what))

    def start(self, reading):
        self._note("read" if reading else "write")
        self._fresh, self._written = not reading, 0

    def write_byte(self, byte):
        self._note(byte)
        self._written += 1
        if self.capacity is not None and self._written > self.capacity:
            return False
        if self._fresh:
            self.pointer, self._fresh = byte, False
        else:
            self.memory[self.pointer] = byte
            self.pointer = self.pointer + 1 & 0xFF
        return True

    def read_byte(self):
        byte = self.memory[self.pointer]
        self.pointer = self.pointer + 1 & 0xFF
        self._note(byte)
        return byte

    def stop(self):
        self._note("stop")


class Bench:
    """One TWIM on SCL 2 and SDA 31 with a target at 0x50."""

    def __init__(self, frequency=K400, *, wired=True, capacity=None, strict=False, enable=True):
        chip = Chip("test", "test", (Row("TWIM0", 0x4000_3000, Twim),), 1 << 20, 1 << 18)
        self.soc = Soc(chip, strict=strict)
        self.scheduler = self.soc.scheduler
        self.block = self.soc.blocks["TWIM0"]
        self.bus = I2cBus("test bus")
        self.target = Eeprom(self.scheduler, capacity)
        self.bus.attach(0x50, self.target)
        if wired:
            self.soc.wire_i2c(self.bus, 2, 31)
        self.log = []
        names = {slot.offset: slot.name for slot in self.block.registers.values() if 0x100 <= slot.offset < 0x200}
        for offset, name in names.items():
            self.block.subscribe(offset, lambda name=name: self.log.append((self.scheduler.now, name)))
        registers = {PSEL_SCL: 2, PSEL_SDA: 31, FREQUENCY: frequency, ADDRESS: 0x50, ENABLE: 6 if enable else 0}
        self.set(registers)

    def set(self, registers):
        for offset, value in registers.items():
            self.block.write(offset, value)

    def tx(self, data, shorts=None, address=RAM):
        self.soc.dma_write(address, data)
        self.set({TXD_PTR: address, TXD_MAXCNT: len(data)} | ({} if shorts is None else {SHORTS: shorts}))

    def rx(self, length, address=RAM + 0x100):
        self.set({RXD_PTR: address, RXD_MAXCNT: length})

    def task(self, offset):
        self.block.write(offset, 1)

    def run(self, until=10**7):
        self.scheduler.advance(until)

    def names(self):
        return [name for _, name in self.log]


# --- time on the wire -------------------------------------------------------------------------------------
