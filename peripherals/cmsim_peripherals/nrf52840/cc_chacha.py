"""CC_CHACHA: CryptoCell's stream cipher (nRF52840 PS v1.8, section 6.6; Nordic MDK 8.75, SVD of CC_CHACHA; RFC 8439).

The key stream is added to what DIN brings while CRYPTO_CTL is 0x10. RESET_BLOCK_CNT begins at block 0; behind a pass
the counter stands behind the blocks that were begun, where the driver saves it. With 96 bits of nonce (RFC 8439) the
counter's upper word is the nonce's first; keys of 128 bits have the constants of the original ChaCha.

Not modelled: Salsa, which this chip does not have, and data in another order than RFC 8439's (both reported); INIT,
because each pass takes the registers as they are.
"""

from __future__ import annotations

import struct

from cmsim.registers import WORD, Register

from .aes import xor
from .cc_block import CcBlock

BLOCK = 64
SIGMA, TAU = struct.unpack("<4I", b"expand 32-byte k"), struct.unpack("<4I", b"expand 16-byte k")
QUARTERS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
ROUNDS = (20, 12, 8, 20)
"""By NUM_OF_ROUNDS."""


def block(state: list[int], rounds: int) -> bytes:
    """64 bytes of key stream for a state of 16 words (RFC 8439, 2.3)."""
    x = list(state)
    for _ in range(rounds // 2):
        for a, b, c, d in QUARTERS:
            for first, second, third, shift in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[first] = x[first] + x[second] & WORD
                mixed = x[third] ^ x[first]
                x[third] = mixed << shift & WORD | mixed >> 32 - shift
    return struct.pack("<16I", *(now + before & WORD for now, before in zip(x, state, strict=True)))


class ChaChaEngine(CcBlock):
    """CC_CHACHA."""

    CHACHA_CONTROL = Register(0x380, writable=0x63F)
    salsa, init, poly1305 = CHACHA_CONTROL.bit(0), CHACHA_CONTROL.bit(1), CHACHA_CONTROL.bit(2)
    short_key, rounds = CHACHA_CONTROL.bit(3), CHACHA_CONTROL.field(5, 4)
    reset_count, long_nonce = CHACHA_CONTROL.bit(9), CHACHA_CONTROL.bit(10)
    CHACHA_VERSION = Register(0x384, 0x1, writable=0)
    CHACHA_KEY = Register.array(0x388, 8)
    CHACHA_IV = Register.array(0x3A8, 2)
    CHACHA_BUSY = Register(0x3B0, writable=0)
    CHACHA_HW_FLAGS = Register(0x3B4, 0x1, writable=0)
    CHACHA_BLOCK_CNT = Register.array(0x3B8, 2)
    CHACHA_SW_RESET = Register(0x3C0)
    CHACHA_POLY1305_KEY = Register.array(0x3C4, 8, writable=0)
    CHACHA_ENDIANNESS = Register(0x3E4, writable=0x1F)
    CHACHA_DEBUG = Register(0x3E8, writable=0)

    @CHACHA_CONTROL.on_write
    def _control(self, value: int) -> None:
        if self.salsa:
            self.soc.report_unmodelled(self.name, 0x380, "Salsa")
        if self.reset_count:
            self.CHACHA_BLOCK_CNT[0] = self.CHACHA_BLOCK_CNT[1] = 0
        if self.poly1305:
            for n, word in enumerate(struct.unpack_from("<8I", self._next_block())):
                self.CHACHA_POLY1305_KEY[n] = word

    @CHACHA_ENDIANNESS.on_write
    def _order(self, value: int) -> None:
        if value & 0x1F:
            self.soc.report_unmodelled(self.name, 0x3E4, f"data order {value & 0x1F:#x}")

    @CHACHA_SW_RESET.on_write
    def _reset_chacha(self, value: int) -> None:
        self.CHACHA_CONTROL = self.CHACHA_BLOCK_CNT[0] = self.CHACHA_BLOCK_CNT[1] = 0

    def _next_block(self) -> bytes:
        key = list(self.CHACHA_KEY)
        fixed = [*TAU, *key[:4], *key[:4]] if self.short_key else [*SIGMA, *key]
        low, high = self.CHACHA_BLOCK_CNT
        stream = block([*fixed, low, high, *self.CHACHA_IV], ROUNDS[self.rounds])
        self.CHACHA_BLOCK_CNT[0] = low + 1 & WORD
        if low == WORD and not self.long_nonce:
            self.CHACHA_BLOCK_CNT[1] = high + 1 & WORD
        return stream

    def stream(self, data: bytes) -> bytes:
        """`data` with the key stream added; a pass begins with a block."""
        out = bytearray()
        for at in range(0, len(data), BLOCK):
            out += xor(data[at : at + BLOCK], self._next_block())
        return bytes(out)
