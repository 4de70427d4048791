"""CRYPTOCELL: the CryptoCell 310 subsystem (nRF52840 PS v1.8, section 6.6; registers: Nordic MDK 8.75, SVD of CC_*).

ENABLE switches the block at 0x5002B000 on; without it reads give 0 and writes are lost. Its engines are `cc_random.py`,
`cc_aes.py`, `cc_hash.py`, `cc_chacha.py` and `cc_pka.py`. Data comes through DIN and goes through DOUT by DMA, from and
to data RAM: SRC_MEM_SIZE starts, CRYPTO_CTL says which way it takes. What life-cycle state and device root key hold
survives ENABLE = 0. In the life-cycle state Debug the root key can be written again (section 6.6.3).

Not modelled: DIN and DOUT by the CPU, DMA from and to the RNG's memory, the CRYPTO_CTL mode that pipes AES into HASH
and DOUT; clock gates (stored); the time of an operation (a byte a cycle).
"""

from __future__ import annotations

from cmsim.nordic import NordicPeripheral
from cmsim.registers import WORD, Register
from cmsim.soc import BusError, Soc

from .cc_aes import AesEngine
from .cc_chacha import ChaChaEngine
from .cc_hash import HashEngine
from .cc_pka import PublicKeyEngine
from .cc_random import RandomEngine

BYPASS, AES, AES_TO_HASH, AES_AND_HASH = 0x00, 0x01, 0x02, 0x03
HASH, AES_MAC_AND_BYPASS, CHACHA = 0x07, 0x09, 0x10
MODES = frozenset({BYPASS, AES, AES_TO_HASH, AES_AND_HASH, HASH, AES_MAC_AND_BYPASS, CHACHA})
MEM_TO_DIN, DOUT_TO_MEM, AHB_ERROR = 1 << 6, 1 << 7, 1 << 8
PKA_INTERRUPT, RNG_INTERRUPT, SYMMETRIC_DONE = 1 << 9, 1 << 10, 1 << 11
"""IRR. Bit 11 is not in Nordic's file; Arm's driver waits for it."""
START_CYCLES = 64
SIZE_BITS = 0x3FFF_FFFF
LCS_DEBUG, LCS_VALID = 0, 1 << 8


class CryptoCell310(RandomEngine, AesEngine, HashEngine, ChaChaEngine, PublicKeyEngine):
    """The block at 0x5002B000."""

    AES_CLK = Register(0x810, writable=0x1)
    HASH_CLK = Register(0x818, writable=0x1)
    PKA_CLK = Register(0x81C, writable=0x1)
    DMA_CLK = Register(0x820, writable=0x1)
    CLK_STATUS = Register(0x824, writable=0)
    CHACHA_CLK = Register(0x858, writable=0x1)
    CRYPTO_CTL = Register(0x900, writable=0x1F)
    CRYPTO_BUSY = Register(0x910, writable=0)
    HASH_BUSY = Register(0x91C, writable=0)
    VERSION = Register(0x928, 0xF000_0000, writable=0)
    """Not in Nordic's file: Arm's library asks for 0xF0 in the upper byte; the others are unknown and read as 0."""
    CONTEXT_ID = Register(0x930, writable=0xFF)
    IRR = Register(0xA00, writable=0)
    IMR = Register(0xA04, 0x1FF_FFFF)
    ICR = Register(0xA08)
    ENDIANNESS = Register(0xA0C, writable=0x8888)
    HOST_SIGNATURE = Register(0xA24, 0x20E0_0000, writable=0)
    HOST_BOOT = Register(0xA28, 0x4622_982C, writable=0)
    HOST_IOT_KPRTL_LOCK = Register(0xA4C, writable=0x1)
    HOST_IOT_KDR = Register.array(0xA50, 4)
    HOST_IOT_LCS = Register(0xA60, 0x2, writable=0x7)
    DIN_BUFFER = Register.array(0xC00, 8)
    DIN_DMA_MEM_BUSY = Register(0xC20, writable=0)
    SRC_MEM_ADDR = Register(0xC28)
    SRC_MEM_SIZE = Register(0xC2C)
    SRC_SRAM_ADDR = Register(0xC30)
    SRC_SRAM_SIZE = Register(0xC34)
    DIN_DMA_SRAM_BUSY = Register(0xC38, writable=0)
    DIN_DMA_SRAM_ENDIANNESS = Register(0xC3C, writable=0x1)
    DIN_SW_RESET = Register(0xC44)
    DIN_CPU_DATA = Register(0xC48)
    DIN_WRITE_ALIGN = Register(0xC4C)
    DIN_FIFO_EMPTY = Register(0xC50, 0x1, writable=0)
    DIN_FIFO_RESET = Register(0xC58)
    DOUT_BUFFER = Register.array(0xD00, 8, writable=0)
    DOUT_DMA_MEM_BUSY = Register(0xD20, writable=0)
    DST_MEM_ADDR = Register(0xD28)
    DST_MEM_SIZE = Register(0xD2C)
    DST_SRAM_ADDR = Register(0xD30)
    DST_SRAM_SIZE = Register(0xD34)
    DOUT_DMA_SRAM_BUSY = Register(0xD38, writable=0)
    DOUT_DMA_SRAM_ENDIANNESS = Register(0xD3C, writable=0x1)
    DOUT_READ_ALIGN = Register(0xD44)
    DOUT_FIFO_EMPTY = Register(0xD50, 0x1, writable=0)
    DOUT_SW_RESET = Register(0xD58)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._done = soc.scheduler.alarm(self._finish)
        self.enabled = False
        self._kept: dict[int, int] = {}
        """Registers of the always-on domain, by offset."""
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Off, and the always-on domain empty."""
        self._kept = {}
        self.device_root_key = bytes(16)
        self.enabled = self.key_prtl_locked = False
        self._forget()

    def _forget(self) -> None:
        super().reset()
        self._done.cancel()
        self.values.update(self._kept)
        self.irq.set(False)

    def switch(self, on: bool) -> None:
        """CRYPTOCELL.ENABLE."""
        if on != self.enabled:
            self.enabled = on
            self._forget()

    def read(self, offset: int) -> int:
        """Nothing answers while the subsystem is off."""
        return super().read(offset) if self.enabled else 0

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """Nothing hears while the subsystem is off."""
        if self.enabled:
            super().write(offset, value, mask)

    # --- interrupts -------------------------------------------------------------------------------------------

    def interrupts_changed(self) -> None:
        """RNG_INT follows the RNG's own status; the line is high while anything that IMR does not mask is there."""
        rng = bool(self.RNG_ISR & ~self.RNG_IMR)
        self.IRR = self.IRR & ~RNG_INTERRUPT | (RNG_INTERRUPT if rng else 0)
        self.irq.set(bool(self.IRR & ~self.IMR))

    def operation_done(self) -> None:
        """PKA_INT."""
        self.IRR |= PKA_INTERRUPT
        self.interrupts_changed()

    @IMR.on_write
    def _mask_host(self, value: int) -> None:
        self.interrupts_changed()

    @ICR.on_write
    def _clear_host(self, ones: int) -> None:
        self.IRR &= ~ones
        self.interrupts_changed()

    # --- life cycle and root key ------------------------------------------------------------------------------

    @HOST_IOT_LCS.on_write
    def _set_life_cycle(self, value: int) -> None:
        offset = type(self).HOST_IOT_LCS.offset
        self.HOST_IOT_LCS = self._kept.setdefault(offset, value & 7 | LCS_VALID)

    @HOST_IOT_KDR.on_write
    def _set_root_key(self, n: int, value: int) -> None:
        offset = type(self).HOST_IOT_KDR.offsets[n]
        if self.HOST_IOT_LCS == LCS_VALID | LCS_DEBUG or offset not in self._kept:
            self._kept[offset] = value
        self.HOST_IOT_KDR[n] = self._kept[offset]
        self.device_root_key = b"".join(word.to_bytes(4, "little") for word in self.HOST_IOT_KDR)

    @HOST_IOT_KDR.on_read
    def _root_key_state(self, n: int) -> int:
        return int(n == 0 and all(offset in self._kept for offset in type(self).HOST_IOT_KDR.offsets))

    @HOST_IOT_KPRTL_LOCK.on_write
    def _lock(self, value: int) -> None:
        if value & 1:
            self._kept[type(self).HOST_IOT_KPRTL_LOCK.offset] = 1
            self.key_prtl_locked = True
        self.HOST_IOT_KPRTL_LOCK = self._kept.get(type(self).HOST_IOT_KPRTL_LOCK.offset, 0)

    @CLK_STATUS.on_read
    def _clocks(self) -> int:
        return self.AES_CLK | self.HASH_CLK << 2 | self.PKA_CLK << 3 | self.CHACHA_CLK << 7 | self.DMA_CLK << 8

    # --- data -------------------------------------------------------------------------------------------------

    @SRC_MEM_SIZE.on_write
    def _start(self, value: int) -> None:
        mode, size = self.CRYPTO_CTL, value & SIZE_BITS
        if mode not in MODES:
            self.soc.report_unmodelled(self.name, 0x900, f"mode {mode:#x}")
            return
        self._job = mode, self.SRC_MEM_ADDR, size
        self._done.after(START_CYCLES + size)

    @CRYPTO_BUSY.on_read
    @DIN_DMA_MEM_BUSY.on_read
    @DOUT_DMA_MEM_BUSY.on_read
    def _busy_now(self) -> int:
        return int(self._done.armed)

    def _finish(self) -> None:
        mode, source, size = self._job
        events = MEM_TO_DIN | SYMMETRIC_DONE
        try:
            out = self._pass(mode, self.soc.dma_read(source, size))
            if out and self.DST_MEM_SIZE & SIZE_BITS:
                self.soc.dma_write(self.DST_MEM_ADDR, out[: self.DST_MEM_SIZE & SIZE_BITS])
                events |= DOUT_TO_MEM
        except BusError as error:
            self.soc.report_unmodelled(self.name, 0xC28, f"{error}: this")
            events = AHB_ERROR
        self.DST_MEM_SIZE = 0
        self.IRR |= events
        self.interrupts_changed()

    def _pass(self, mode: int, data: bytes) -> bytes:
        """What comes out of DOUT for `data`."""
        if mode in (AES, AES_TO_HASH, AES_AND_HASH):
            out = self.cipher(data)
            if mode != AES:
                self.digest(out if mode == AES_TO_HASH else data)
            return b"" if mode == AES_TO_HASH else out
        if mode == HASH:
            self.digest(data)
            return b""
        if mode == CHACHA:
            return self.stream(data)
        if mode == AES_MAC_AND_BYPASS:
            self.cipher(data)
        return data

    # --- what is only there -----------------------------------------------------------------------------------

    @DIN_BUFFER.on_write
    def _write_din(self, n: int, value: int) -> None:
        self.soc.report_unmodelled(self.name, 0xC00, "data by the CPU")

    @SRC_SRAM_SIZE.on_write
    @DST_SRAM_SIZE.on_write
    def _move_rng_memory(self, value: int) -> None:
        self.soc.report_unmodelled(self.name, 0xC34, "DMA with the RNG's memory")


class Cryptocell(NordicPeripheral):
    """ENABLE, at 0x5002A000."""

    ENABLE = Register(0x500, writable=0x1)

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        for block in self.soc.blocks.values():
            if isinstance(block, CryptoCell310):
                block.switch(bool(self.ENABLE))
