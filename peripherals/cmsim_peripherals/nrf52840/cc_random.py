"""CC_RNG: CryptoCell's true random number generator (nRF52840 PS v1.8, section 6.6; Nordic MDK 8.75, SVD of CC_RNG).

While NOISE_SOURCE and RNG_CLK are on, 192 bits are collected, one each SAMPLE_CNT cycles, or four times as long behind
the von Neumann corrector (TRNG_DEBUG can bypass it). Then EHR_VALID rises; reading the last word of EHR_DATA begins
anew. The bits come from the run's seed, so that a run repeats.

Not modelled: failures of the tests (their interrupts never come), what ROSC_LEN changes, the watchdog, the RNG's own
DMA into its memory (reported).
"""

from __future__ import annotations

from cmsim.registers import Register
from cmsim.soc import Soc

from .cc_block import CcBlock

EHR_WORDS, EHR_BITS = 6, 192
EHR_VALID = 1
VON_NEUMANN_BYPASS = 1 << 1
VON_NEUMANN_COST = 4
"""Samples a bit, on average."""
SRAM_WORDS = 512


class RandomEngine(CcBlock):
    """CC_RNG and CC_RNG_SRAM."""

    RNG_IMR = Register(0x100, 0x3F, writable=0x3F)
    RNG_ISR = Register(0x104, writable=0)
    RNG_ICR = Register(0x108)
    TRNG_CONFIG = Register(0x10C, writable=0x3)
    TRNG_VALID = Register(0x110, writable=0)
    EHR_DATA = Register.array(0x114, EHR_WORDS, writable=0)
    NOISE_SOURCE = Register(0x12C, writable=0x1)
    SAMPLE_CNT = Register(0x130, 0xFFFF)
    AUTOCORR_STATISTIC = Register(0x134, writable=0x3F_FFFF)
    autocorrelations = AUTOCORR_STATISTIC.field(13, 0)
    TRNG_DEBUG = Register(0x138, writable=0xE)
    RNG_SW_RESET = Register(0x140)
    RNG_BUSY = Register(0x1B8, writable=0)
    TRNG_RESET = Register(0x1BC)
    RNG_HW_FLAGS = Register(0x1C0, 0xF, writable=0)
    RNG_CLK = Register(0x1C4, writable=0x1)
    RNG_DMA = Register(0x1C8, writable=0x1)
    RNG_DMA_ROSC_LEN = Register(0x1CC, writable=0xF)
    RNG_DMA_SRAM_ADDR = Register(0x1D0, writable=0x7FF)
    RNG_DMA_SAMPLES_NUM = Register(0x1D4, writable=0xFF)
    RNG_WATCHDOG_VAL = Register(0x1D8)
    RNG_DMA_BUSY = Register(0x1DC, writable=0)
    SRAM_DATA = Register(0xF00)
    SRAM_ADDR = Register(0xF04, writable=0x7FFF)
    SRAM_DATA_READY = Register(0xF08, 0x1, writable=0)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._random = soc.random(name)
        self._collected = soc.scheduler.alarm(self._ehr_full)
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Off; the source of randomness goes on, the memory is lost."""
        super().reset()
        self._collected.cancel()
        self._sram = [0] * SRAM_WORDS
        self._sram_word = 0

    @NOISE_SOURCE.on_write
    @RNG_CLK.on_write
    def _switch(self, value: int) -> None:
        running = self.NOISE_SOURCE and self.RNG_CLK
        if running and not self._collected.armed and not self.TRNG_VALID:
            cost = 1 if self.TRNG_DEBUG & VON_NEUMANN_BYPASS else VON_NEUMANN_COST
            self._collected.after(EHR_BITS * cost * max(1, self.SAMPLE_CNT))
        elif not running:
            self._collected.cancel()

    def _ehr_full(self) -> None:
        for n in range(EHR_WORDS):
            self.EHR_DATA[n] = self._random.getrandbits(32)
        self.autocorrelations = min(0x3FFF, self.autocorrelations + 1)
        self.TRNG_VALID = 1
        self.RNG_ISR |= EHR_VALID
        self.interrupts_changed()

    @EHR_DATA.on_read
    def _read_word(self, n: int) -> int:
        value = self.EHR_DATA[n] if self.TRNG_VALID else 0
        if n == EHR_WORDS - 1 and self.TRNG_VALID:
            self.TRNG_VALID = 0
            self._switch(0)
        return value

    @RNG_BUSY.on_read
    def _busy(self) -> int:
        return 0b11 if self._collected.armed else 0

    @RNG_IMR.on_write
    def _mask(self, value: int) -> None:
        self.interrupts_changed()

    @RNG_ICR.on_write
    def _clear(self, ones: int) -> None:
        self.RNG_ISR &= ~ones
        self.interrupts_changed()

    @TRNG_RESET.on_write
    @RNG_SW_RESET.on_write
    def _reset_collection(self, value: int) -> None:
        self.TRNG_VALID = 0
        self._collected.cancel()
        self._switch(0)

    @RNG_DMA.on_write
    def _start_dma(self, value: int) -> None:
        if value & 1:
            self.soc.report_unmodelled(self.name, 0x1C8, "DMA of random samples")

    @SRAM_ADDR.on_write
    def _seek(self, value: int) -> None:
        self._sram_word = value // 4 % SRAM_WORDS

    @SRAM_DATA.on_write
    def _store(self, value: int) -> None:
        self._sram[self._sram_word] = value
        self._sram_word = (self._sram_word + 1) % SRAM_WORDS

    @SRAM_DATA.on_read
    def _fetch(self) -> int:
        value = self._sram[self._sram_word]
        self._sram_word = (self._sram_word + 1) % SRAM_WORDS
        return value
