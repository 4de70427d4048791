"""CCM: AES-CCM of Bluetooth Low Energy packets (nRF52840 PS v1.8, section 6.4; Core specification 5.2, 6.E.2).

The configuration at CNFPTR is key (16 bytes), packet counter (8), direction (1) and IV (8). A packet is header, length,
one reserved byte, payload; an encrypted one ends with a MIC of 4 bytes, which its length counts. A packet without
payload passes as it is; one that is too short for a byte and a MIC fails the check (section 6.4.3). KSGEN takes 50 us,
the longest time of the electrical specification; CRYPT goes at the pace of the radio, which is 8 us a byte at
1 Mbit/s, 4 us at 2 Mbit/s, 16 us at 500 kbit/s and 64 us at 125 kbit/s.

Not modelled: working on a packet while RADIO still receives it (the packet is read when it is due); the scratch area
stays untouched; RATEOVERRIDE is stored; ERROR comes only from a pointer outside data RAM.
"""

from __future__ import annotations

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import BusError, Soc

from .aes import BLOCK, encrypt, xor
from .aes_core import core_of

MICROSECOND = CPU_HZ // 1_000_000
KEY_STREAM_TIME = 50 * MICROSECOND
BYTE_TIMES = (8 * MICROSECOND, 4 * MICROSECOND, 64 * MICROSECOND, 16 * MICROSECOND)
"""MODE.DATARATE -> cycles a byte."""
ENABLED = 2
CONFIGURATION_SIZE = 33
HEADER_SIZE, MIC_SIZE = 3, 4
AUTHENTICATED_HEADER = 0xE3
"""Without NESN, SN and MD, which may change when a packet is sent again."""


def nonce(configuration: bytes) -> bytes:
    """13 bytes: the packet counter's 39 bits, the direction as bit 39, and the IV."""
    counter = int.from_bytes(configuration[16:24], "little") & (1 << 39) - 1
    return (counter | (configuration[24] & 1) << 39).to_bytes(5, "little") + configuration[25:33]


def key_stream(key: bytes, unique: bytes, length: int) -> tuple[bytes, bytes]:
    """What encrypts the MIC, and what encrypts `length` bytes of payload."""
    blocks = [
        encrypt(key, b"\x01" + unique + counter.to_bytes(2, "big")) for counter in range(1 + -(-length // BLOCK))
    ]
    return blocks[0][:MIC_SIZE], b"".join(blocks[1:])[:length]


def authenticate(key: bytes, unique: bytes, header: int, payload: bytes) -> bytes:
    """The MIC of `payload`, before it is encrypted."""
    first = b"\x49" + unique + len(payload).to_bytes(2, "big")
    associated = bytes((0, 1, header & AUTHENTICATED_HEADER)).ljust(BLOCK, b"\0")
    tag = bytes(BLOCK)
    for block in (first, associated, *(payload[n : n + BLOCK] for n in range(0, len(payload), BLOCK))):
        tag = encrypt(key, xor(tag, block.ljust(BLOCK, b"\0")))
    return tag[:MIC_SIZE]


class Ccm(NordicPeripheral):
    """CCM, which shares its base address with AAR."""

    KSGEN = Task(0x000)
    CRYPT = Task(0x004)
    STOP = Task(0x008)
    RATEOVERRIDE_TASK = Task(0x00C)
    ENDKSGEN = Event(0x100)
    ENDCRYPT = Event(0x104)
    ERROR = Event(0x108)
    SHORTS = Register(0x200, writable=0x1)
    MICSTATUS = Register(0x400, writable=0)
    ENABLE = Register(0x500, writable=0x3)
    MODE = Register(0x504, 0x1, writable=0x0103_0001)
    CNFPTR = Register(0x508)
    INPTR = Register(0x50C)
    OUTPTR = Register(0x510)
    SCRATCHPTR = Register(0x514)
    MAXPACKETSIZE = Register(0x518, 0xFB, writable=0xFF)
    RATEOVERRIDE = Register(0x51C, writable=0x3)
    decrypts, data_rate, long_length = MODE.bit(0), MODE.field(17, 16), MODE.bit(24)
    shortcuts = {0: (ENDKSGEN, CRYPT)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._key_ready = soc.scheduler.alarm(self._end_key_stream)
        self._packet_ready = soc.scheduler.alarm(self._end_crypt)
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Idle."""
        super().reset()
        self._stop()

    @KSGEN
    def _generate(self) -> None:
        if self.ENABLE == ENABLED:
            core_of(self.soc).take(self.name)
            self._key_ready.after(KEY_STREAM_TIME)

    @CRYPT
    def _crypt(self) -> None:
        if self.ENABLE == ENABLED:
            try:
                length = self._packet_length()
            except BusError:
                self._fail()
                return
            core_of(self.soc).take(self.name)
            self._packet_ready.after((HEADER_SIZE + length) * BYTE_TIMES[self.data_rate])

    @STOP
    def _stop(self) -> None:
        self._key_ready.cancel()
        self._packet_ready.cancel()
        self._rest()

    def _rest(self) -> None:
        """The AES core is free, if nothing else goes on."""
        if not (self._key_ready.armed or self._packet_ready.armed):
            core_of(self.soc).give_back(self.name)

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        if self.ENABLE != ENABLED:
            self._stop()

    def _end_key_stream(self) -> None:
        self._rest()
        self.emit(self.ENDKSGEN)

    def _end_crypt(self) -> None:
        self._rest()
        try:
            self._transform()
        except BusError:
            self._fail()
            return
        self.emit(self.ENDCRYPT)

    def _fail(self) -> None:
        self.soc.report_unmodelled(self.name, 0x508, "EasyDMA outside data RAM: this")
        self.emit(self.ERROR)

    def _packet_length(self) -> int:
        return self.soc.dma_read(self.INPTR, HEADER_SIZE)[1] & (0xFF if self.long_length else 0x1F)

    def _transform(self) -> None:
        configuration = self.soc.dma_read(self.CNFPTR, CONFIGURATION_SIZE)
        key, unique = configuration[:BLOCK], nonce(configuration)
        header, _, reserved = self.soc.dma_read(self.INPTR, HEADER_SIZE)
        length = self._packet_length()
        data = self.soc.dma_read(self.INPTR + HEADER_SIZE, length)
        if self.decrypts:
            size = max(0, length - MIC_SIZE)
            mic_stream, stream = key_stream(key, unique, size)
            result = xor(data[:size], stream)
            expected = authenticate(key, unique, header, result)
            self.MICSTATUS = int(length == 0 or (size > 0 and xor(data[size:], mic_stream) == expected))
        else:
            mic_stream, stream = key_stream(key, unique, length)
            mic = xor(authenticate(key, unique, header, data), mic_stream)
            result = xor(data, stream) + (mic if length else b"")
        self.soc.dma_write(self.OUTPTR, bytes((header, len(result) & 0xFF, reserved)) + result)
