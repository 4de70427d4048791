"""CC_HASH: CryptoCell's digest engine (nRF52840 PS v1.8, section 6.6; Nordic MDK 8.75, SVD of CC_HASH).

SHA-1, SHA-224 and SHA-256. The state is in HASH_H, so that a digest can be taken up later; HASH_CUR_LEN counts bytes.
With HASH_PAD and HASH_PAD_AUTO the end of a transfer is padded; HASH_PAD_FORCE pads without data.

Not modelled: little-endian data (HASH_ENDIANNESS = 0 is reported), modes that the SVD does not name (reported).
"""

from __future__ import annotations

from cmsim.registers import WORD, Register

from . import sha
from .cc_block import CcBlock

SHA1, SHA256, SHA224 = 0x1, 0x2, 0xA
PAD_FORCE = 1 << 2


class HashEngine(CcBlock):
    """CC_HASH."""

    HASH_H = Register.array(0x640, 8)
    HASH_PAD_AUTO = Register(0x684, writable=0x1)
    HASH_INIT_STATE = Register(0x694)
    HASH_VERSION = Register(0x7B0, writable=0)
    HASH_CONTROL = Register(0x7C0, writable=0xF)
    HASH_PAD = Register(0x7C4, 0x1, writable=0x1)
    HASH_PAD_FORCE = Register(0x7C8, writable=PAD_FORCE)
    HASH_CUR_LEN_0 = Register(0x7CC)
    HASH_CUR_LEN_1 = Register(0x7D0)
    HASH_HW_FLAGS = Register(0x7DC, 0x1_2001, writable=0)
    HASH_SW_RESET = Register(0x7E4)
    HASH_ENDIANNESS = Register(0x7E8, 0x1, writable=0x1)

    def reset(self) -> None:
        """No digest under way."""
        super().reset()
        self._rest = b""

    @HASH_H.on_write
    def _load(self, n: int, value: int) -> None:
        self._rest = b""

    @HASH_SW_RESET.on_write
    def _reset_engine(self, value: int) -> None:
        self._rest = b""
        self.HASH_CUR_LEN_0 = self.HASH_CUR_LEN_1 = 0

    @HASH_PAD_FORCE.on_write
    def _pad_now(self, value: int) -> None:
        if value & PAD_FORCE:
            self._pad()

    def digest(self, data: bytes) -> None:
        """Take in `data`, and pad if that is wanted."""
        if not self.HASH_ENDIANNESS:
            self.soc.report_unmodelled(self.name, 0x7E8, "little-endian digest")
        length = (self.HASH_CUR_LEN_0 | self.HASH_CUR_LEN_1 << 32) + len(data)
        self.HASH_CUR_LEN_0, self.HASH_CUR_LEN_1 = length & WORD, length >> 32 & WORD
        self._rest += data
        self._compress()
        if self.HASH_PAD and self.HASH_PAD_AUTO:
            self._pad()

    def _pad(self) -> None:
        self._rest += sha.padding(self.HASH_CUR_LEN_0 | self.HASH_CUR_LEN_1 << 32)
        self._compress()

    def _compress(self) -> None:
        mode = self.HASH_CONTROL
        if mode not in (SHA1, SHA256, SHA224):
            self.soc.report_unmodelled(self.name, 0x7C0, f"digest mode {mode}")
            self._rest = b""
            return
        state, step = list(self.HASH_H), sha.sha1 if mode == SHA1 else sha.sha256
        whole = len(self._rest) // sha.BLOCK * sha.BLOCK
        for at in range(0, whole, sha.BLOCK):
            state = step(state, self._rest[at : at + sha.BLOCK])
        self._rest = self._rest[whole:]
        for n, word in enumerate(state):
            self.HASH_H[n] = word
