"""CC_AES: CryptoCell's AES engine (nRF52840 PS v1.8, section 6.6; Nordic MDK 8.75, SVD of CC_AES).

128-bit keys; ECB and CBC both ways, CTR, CBC-MAC and CMAC. Vectors and counters live in their registers, least
significant word first, and go on from one transfer to the next. CMAC treats a chunk as the last one when
AES_REMAINING_BYTES says that it is.

Not modelled: hardware keys other than the device root key K_DR and a locked K_PRTL, which is zeros (reported: their
value is secret); DIRECT_ACCESS.
"""

from __future__ import annotations

from cmsim.registers import Register

from .aes import BLOCK, decrypt, encrypt, xor
from .cc_block import CcBlock

ECB, CBC, CTR, CBC_MAC, CMAC = 0, 1, 2, 3, 7
K_DR, K_PRTL = 0, 1
DIRECT_ACCESS = 1 << 31


class AesEngine(CcBlock):
    """CC_AES."""

    AES_KEY_0 = Register.array(0x400, 8)
    AES_IV_0 = Register.array(0x440, 4)
    AES_CTR = Register.array(0x460, 4)
    AES_BUSY = Register(0x470, writable=0)
    AES_SK = Register(0x478)
    AES_CMAC_INIT = Register(0x47C)
    AES_REMAINING_BYTES = Register(0x4BC)
    AES_CONTROL = Register(0x4C0)
    AES_HW_FLAGS = Register(0x4C8, 0x108, writable=0)
    AES_CTR_NO_INCREMENT = Register(0x4D8, writable=0x1)
    AES_SW_RESET = Register(0x4F4)
    AES_CMAC_SIZE0_KICK = Register(0x524)
    HOST_CRYPTOKEY_SEL = Register(0xA38, writable=0x3)
    decrypting, aes_mode = AES_CONTROL.bit(0), AES_CONTROL.field(4, 2)
    xor_key = AES_CONTROL.bit(29)

    device_root_key = bytes(BLOCK)
    """K_DR."""
    key_prtl_locked = False
    """HOST_IOT_KPRTL_LOCK: K_PRTL is a key of zeros then."""

    def reset(self) -> None:
        """Keys and vectors lost."""
        super().reset()
        self._subkeys = (bytes(BLOCK), bytes(BLOCK))

    @AES_KEY_0.on_read
    def _read_key(self, n: int) -> int:
        return 0  # write-only

    @AES_SK.on_write
    def _sample_key(self, value: int) -> None:
        key = self.device_root_key
        if self.HOST_CRYPTOKEY_SEL == K_PRTL and self.key_prtl_locked:
            key = bytes(BLOCK)
        elif self.HOST_CRYPTOKEY_SEL != K_DR:
            self.soc.report_unmodelled(self.name, 0x478, "hardware key other than K_DR")
            return
        key = xor(key, self._key) if self.xor_key else key
        for n in range(4):
            self.AES_KEY_0[n] = int.from_bytes(key[4 * n : 4 * n + 4], "little")

    @AES_CONTROL.on_write
    def _control(self, value: int) -> None:
        if value & DIRECT_ACCESS:
            self.soc.report_unmodelled(self.name, 0x4C0, "direct access")

    @AES_SW_RESET.on_write
    def _reset_engine(self, value: int) -> None:
        self.AES_CONTROL = 0

    @AES_CMAC_INIT.on_write
    def _init_cmac(self, value: int) -> None:
        first = int.from_bytes(encrypt(self._key, bytes(BLOCK)), "big")
        keys = []
        for _ in range(2):  # SP 800-38B, section 6.1
            first = (first << 1 ^ (0x87 if first >> 127 else 0)) & (1 << 128) - 1
            keys.append(first.to_bytes(BLOCK, "big"))
        self._subkeys = keys[0], keys[1]

    @AES_CMAC_SIZE0_KICK.on_write
    def _cmac_of_nothing(self, value: int) -> None:
        self._iv = encrypt(self._key, xor(self._subkeys[1], b"\x80".ljust(BLOCK, b"\0")))

    # --- registers as bytes -----------------------------------------------------------------------------------

    @property
    def _key(self) -> bytes:
        return b"".join(self.AES_KEY_0[n].to_bytes(4, "little") for n in range(4))

    @property
    def _iv(self) -> bytes:
        return b"".join(word.to_bytes(4, "little") for word in self.AES_IV_0)

    @_iv.setter
    def _iv(self, value: bytes) -> None:
        for n in range(4):
            self.AES_IV_0[n] = int.from_bytes(value[4 * n : 4 * n + 4], "little")

    def _next_counter(self) -> bytes:
        counter = b"".join(word.to_bytes(4, "little") for word in self.AES_CTR)
        if not self.AES_CTR_NO_INCREMENT:
            following = (int.from_bytes(counter, "big") + 1 & (1 << 128) - 1).to_bytes(BLOCK, "big")
            for n in range(4):
                self.AES_CTR[n] = int.from_bytes(following[4 * n : 4 * n + 4], "little")
        return counter

    # --- data -------------------------------------------------------------------------------------------------

    def cipher(self, data: bytes) -> bytes:
        """`data` through the engine; MAC modes give nothing back but their state in AES_IV_0."""
        last = self.AES_REMAINING_BYTES and len(data) >= self.AES_REMAINING_BYTES
        out = bytearray()
        for at in range(0, len(data), BLOCK):
            out += self._block(data[at : at + BLOCK], bool(last and at + BLOCK >= len(data)))
        self.AES_REMAINING_BYTES = max(0, self.AES_REMAINING_BYTES - len(data))
        return bytes(out)

    def _block(self, block: bytes, last: bool) -> bytes:
        key, mode = self._key, self.aes_mode
        if mode == CTR:
            return xor(block, encrypt(key, self._next_counter()))
        if mode in (CBC_MAC, CMAC):
            if last and mode == CMAC:
                whole = len(block) == BLOCK
                block = xor(block if whole else block + b"\x80" + bytes(15), self._subkeys[not whole])
            self._iv = encrypt(key, xor(self._iv, block.ljust(BLOCK, b"\0")))
            return b""
        block = block.ljust(BLOCK, b"\0")
        if mode == CBC:
            if self.decrypting:
                plain, self._iv = xor(decrypt(key, block), self._iv), block
                return plain
            self._iv = encrypt(key, xor(block, self._iv))
            return self._iv
        return (decrypt if self.decrypting else encrypt)(key, block)
