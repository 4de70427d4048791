"""A UARTE on a bench: its registers by name, every event with its cycle, the far end as a SerialPort."""

from cmsim_peripherals.nrf52840.uarte import Uarte

from cmsim.soc import Chip, Row, Soc

RAM = 0x2000_0000
STARTRX, STOPRX, STARTTX, STOPTX, FLUSHRX = 0x000, 0x004, 0x008, 0x00C, 0x02C
CTS, NCTS, RXDRDY, ENDRX, TXDRDY, ENDTX, ERROR = 0x100, 0x104, 0x108, 0x110, 0x11C, 0x120, 0x124
RXTO, RXSTARTED, TXSTARTED, TXSTOPPED = 0x144, 0x14C, 0x150, 0x158
SHORTS, ERRORSRC, ENABLE, BAUDRATE, CONFIG = 0x200, 0x480, 0x500, 0x524, 0x56C
PSEL_RTS, PSEL_TXD, PSEL_CTS, PSEL_RXD = 0x508, 0x50C, 0x510, 0x514
RXD_PTR, RXD_MAXCNT, RXD_AMOUNT = 0x534, 0x538, 0x53C
TXD_PTR, TXD_MAXCNT, TXD_AMOUNT = 0x544, 0x548, 0x54C
BAUD_115200, BAUD_1M = 0x01D6_0000, 0x1000_0000
FRAME_1M = 640
BEGIN = 64
"""From STARTTX to the start bit: a microsecond."""


class Bench:
    """One UARTE on pins RTS 5, TXD 6, CTS 7, RXD 8."""

    def __init__(self, *, baud=BAUD_1M, config=0, enable=True, strict=False):
        chip = Chip("test", "test", (Row("UARTE0", 0x4000_2000, Uarte),), 1 << 20, 1 << 18)
        self.soc = Soc(chip, strict=strict)
        self.block = self.soc.blocks["UARTE0"]
        self.port = self.soc.serial_port("uart0")
        self.scheduler = self.soc.scheduler
        self.log = []
        names = {slot.offset: slot.name for slot in self.block.registers.values() if 0x100 <= slot.offset < 0x200}
        for offset, name in names.items():
            self.block.subscribe(offset, lambda name=name: self.log.append((self.scheduler.now, name)))
        for offset, pin in {PSEL_RTS: 5, PSEL_TXD: 6, PSEL_CTS: 7, PSEL_RXD: 8}.items():
            self.block.write(offset, pin)
        self.block.write(BAUDRATE, baud)
        self.block.write(CONFIG, config)
        if enable:
            self.block.write(ENABLE, 8)

    def send(self, data, address=RAM):
        self.soc.dma_write(address, data)
        self.block.write(TXD_PTR, address)
        self.block.write(TXD_MAXCNT, len(data))
        self.block.write(STARTTX, 1)

    def receive(self, length, address=RAM + 0x100):
        self.block.write(RXD_PTR, address)
        self.block.write(RXD_MAXCNT, length)
        self.block.write(STARTRX, 1)

    def run(self, until=10**7):
        self.scheduler.advance(until)

    def events(self, *names):
        return [entry for entry in self.log if entry[1] in names]
