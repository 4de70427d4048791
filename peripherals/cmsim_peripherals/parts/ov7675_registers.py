"""OV7675 register file: SCCB target 0x21 (OmniVision OV7675 data sheet, chapter 7; OV7670 data sheet 1.4, Table 5; SCCB
specification 2.2).

A read is two transmissions, write the register's number, stop, then read; the number does not advance by itself. What
the data sheet leaves open is settled so:
- Registers without a name here store what is written and change nothing; those that the data sheets call reserved start
  at 0.
- CLKRC[7] ("reserved", 1 after reset) is the clock doubler of the OV9650's implementation manual: the input is divided
  by 2, and with the bit set doubled again. Measurements on OV7670 boards agree: 0x00 gives half the PCLK of 0x80; the
  Linux driver's 0x01 with a PLL of 4 gives 30 frames a second at 24 MHz.
- SCALING_DCWCTR and SCALING_PCLK_DIV are without effect, as users of the OV7675 report (unlike the OV7670): COM14 does
  their work.

Not modelled: the gamma curve, colour matrix, white balance, edge, denoise, banding and histogram
registers (stored), night mode, automatic gain and exposure (while COM8 has AGC or AEC on, that half is taken as right
for the scene), soft sleep and output drive (COM2), SCCB's address on OV7675 parts strapped otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cmsim.i2c import I2cRegisterDevice
from cmsim.registers import WORD, Register

SCCB_ADDRESS = 0x21


def _from(first: int, values: str) -> dict[int, int]:
    return {first + n: value for n, value in enumerate(bytes.fromhex(values)) if value}


STORED = {
    0x09: 0x01,  # COM2
    **_from(0x20, "04 02 01 00 75 63 D4 80 80"),  # ADCCTR0 to 3, AEW, AEB, VPT, BBIAS, GbBIAS
    0x2C: 0x80,  # RBIAS
    **_from(0x30, "08 30"),  # HSYST, HSYEN
    **_from(0x33, "08 11"),  # CHLF, ARBLM
    **_from(0x37, "3F 01"),  # ADC, ACOM
    **_from(0x43, "14 F0 45 61 51 79"),  # AWBC1 to 6
    **_from(0x4F, "40 34 0C 17 29 40"),  # MTX1 to 6
    0x58: 0x1E,  # MTXS
    **_from(0x64, "50 30 00 80 80"),  # LCC3 to 5, MANU, MANV
    **_from(0x6C, "02 55 C0 9A"),  # AWBCTR3 to 0
    **_from(0x75, "0F 01 10"),  # REG75, REG76, REG77
    **_from(0x7A, "24 04 07 10 28 36 44 52 60 6C 78 8C 9E BB D2 E5"),  # SLOP, GAM1 to 15
    **_from(0x94, "50 50"),  # LCC6, LCC7
    **_from(0x9D, "99 7F C0 90"),  # BD50ST, BD60ST, HAECC1, HAECC2
    **_from(0xA5, "0F F0 C1 F0 C1 14 0F 00 80 80 80"),  # BD50MAX, HAECC3 to 7, BD60MAX, STR-OPT, STR_R, STR_G, STR_B
    0xB3: 0x80,  # THL_ST
    0xB5: 0x04,  # THL_DLT
    0xC9: 0xC0,  # SATCTR
}
"""Reset values of registers that are only stored."""
FULL_EXPOSURE = 510
"""Lines that are right for the scene: a frame of them."""


@dataclass(frozen=True)
class Settings:
    """What the registers say, as far as the model obeys: compared to notice a change."""

    com7: int
    com15: int
    byte_order: int
    """TSLB[3] and COM13[0]."""
    window: tuple[int, int, int, int]
    """HSTART, HSTOP in pixels; VSTRT, VSTOP in lines."""
    down: int | None
    """Binary logarithm of the horizontal down-sampling; None while COM3[2] and COM14[4] do not both allow any."""
    pclk_divider: int | None
    """COM14's, or None while it leaves PCLK alone."""
    rgb444: int
    """RGB444[1:0] while COM15 lets it, else 0."""
    com10: int
    clock: tuple[int, int]
    """Pixel clock as a fraction of XCLK."""


class Sccb(I2cRegisterDevice):
    """The registers; `on_change` is called after every write."""

    name = "OV7675"

    GAIN = Register(0x00, writable=0xFF)
    BLUE = Register(0x01, 0x80, writable=0xFF)
    RED = Register(0x02, 0x80, writable=0xFF)
    VREF = Register(0x03, writable=0xFF)
    COM1 = Register(0x04, writable=0xFF)
    AECHH = Register(0x07, writable=0x3F)
    PID = Register(0x0A, 0x76, writable=0)
    VER = Register(0x0B, 0x73, writable=0)
    COM3 = Register(0x0C, writable=0xFF)
    COM4 = Register(0x0D, writable=0xFF)
    COM5 = Register(0x0E, 0x01, writable=0xFF)
    COM6 = Register(0x0F, 0x43, writable=0xFF)
    AECH = Register(0x10, 0x40, writable=0xFF)
    CLKRC = Register(0x11, 0x80, writable=0xFF)
    COM7 = Register(0x12, writable=0xFF)
    COM8 = Register(0x13, 0x8F, writable=0xFF)
    COM9 = Register(0x14, 0x4A, writable=0xFF)
    COM10 = Register(0x15, writable=0xFF)
    HSTART = Register(0x17, 0x11, writable=0xFF)
    HSTOP = Register(0x18, 0x61, writable=0xFF)
    VSTRT = Register(0x19, 0x03, writable=0xFF)
    VSTOP = Register(0x1A, 0x7B, writable=0xFF)
    MIDH = Register(0x1C, 0x7F, writable=0)
    MIDL = Register(0x1D, 0xA2, writable=0)
    MVFP = Register(0x1E, 0x01, writable=0xFF)
    HREF = Register(0x32, 0x80, writable=0xFF)
    TSLB = Register(0x3A, 0x0D, writable=0xFF)
    COM11 = Register(0x3B, writable=0xFF)
    COM12 = Register(0x3C, 0x68, writable=0xFF)
    COM13 = Register(0x3D, 0x88, writable=0xFF)
    COM14 = Register(0x3E, writable=0xFF)
    COM15 = Register(0x40, 0xC0, writable=0xFF)
    COM16 = Register(0x41, 0x08, writable=0xFF)
    COM17 = Register(0x42, writable=0xFF)
    BRIGHT = Register(0x55, writable=0xFF)
    CONTRAS = Register(0x56, 0x40, writable=0xFF)
    CONTRAS_CENTER = Register(0x57, 0x80, writable=0xFF)
    DBLV = Register(0x6B, 0x0A, writable=0xFF)
    SCALING_XSC = Register(0x70, 0x3A, writable=0xFF)
    SCALING_YSC = Register(0x71, 0x35, writable=0xFF)
    SCALING_DCWCTR = Register(0x72, 0x11, writable=0xFF)
    SCALING_PCLK_DIV = Register(0x73, writable=0xFF)
    RGB444 = Register(0x8C, writable=0x03)
    SCALING_PCLK_DELAY = Register(0xA2, 0x02, writable=0x7F)

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = lambda: None
        super().__init__()

    def reset(self) -> None:
        """Reset values; what was stored elsewhere is forgotten."""
        self.values.clear()
        self.pointer, self._addressed = 0, False
        super().reset()

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """Store; COM7[7] resets every register; AGC and AEC that begin leave what is right in GAIN and AECH."""
        before = self.COM8
        super().write(offset, value, mask)
        begun = self.COM8 & ~before
        if begun & 0x04:
            self.GAIN, self.VREF = 0, self.VREF & 0x3F
        if begun & 0x01:
            self.AECHH, self.AECH, self.COM1 = 0, FULL_EXPOSURE >> 2, self.COM1 & ~3 | FULL_EXPOSURE & 3
        if offset == 0x12 and value & 0x80:
            addressed = self._addressed
            self.reset()
            self._addressed = addressed
        self.on_change()

    def select_register(self, byte: int) -> None:
        """All eight bits count."""
        self.pointer = byte

    def advance(self, pointer: int) -> int:
        """SCCB has no bursts."""
        return pointer

    def unmapped_read(self, offset: int) -> int:
        """What was stored, or the reset value."""
        return self.values.get(offset, STORED.get(offset, 0))

    def unmapped_write(self, offset: int, value: int) -> None:
        """Stored without effect."""
        self.values[offset] = value & 0xFF

    @property
    def settings(self) -> Settings:
        """The format, window and clock that the registers ask for."""
        href, vref = self.HREF, self.VREF
        window = (
            self.HSTART << 3 | href & 7,
            self.HSTOP << 3 | href >> 3 & 7,
            self.VSTRT << 2 | vref & 3,
            self.VSTOP << 2 | vref >> 2 & 3,
        )
        reduction = min(self.COM14 & 7, 4) if self.COM14 & 0x10 else None
        prescale = 1 if self.CLKRC & 0x40 else (self.CLKRC & 0x3F) + 1 << (~self.CLKRC >> 7 & 1)
        return Settings(
            com7=self.COM7 & 0x3D,
            com15=self.COM15 & 0xF0,
            byte_order=self.TSLB >> 2 & 2 | self.COM13 & 1,
            window=window,
            down=reduction if self.COM3 & 0x04 else None,
            pclk_divider=None if reduction is None else 1 << reduction,
            rgb444=self.RGB444 & 3 if self.COM15 & 0x10 else 0,
            com10=self.COM10 & 0x3A,
            clock=((1, 4, 6, 8)[self.DBLV >> 6], prescale),
        )

    @property
    def test_pattern(self) -> int:
        """0 none, 1 shifting 1, 2 colour bars, 3 fading bars (SCALING_YSC[7], SCALING_XSC[7]; COM7[1], COM17[3])."""
        bars = self.COM7 & 0x02 or self.COM17 & 0x08
        return 2 if bars else self.SCALING_YSC >> 6 & 2 | self.SCALING_XSC >> 7

    @property
    def brightness(self) -> tuple[int, int]:
        """Numerator and denominator of what manual gain and exposure make of the picture (1 while automatic)."""
        numerator = denominator = 1
        if not self.COM8 & 0x04:  # AGC off: (1 + GAIN[3:0] / 16), doubled for each of the upper bits
            gain = (self.VREF >> 6) << 8 | self.GAIN
            numerator, denominator = (16 + (gain & 15)) << (gain >> 4).bit_count(), 16
        if not self.COM8 & 0x01:  # AEC off: exposure in lines; a full frame of them is right for the scene
            lines = min(self.AECHH << 10 | self.AECH << 2 | self.COM1 & 3, FULL_EXPOSURE)
            numerator, denominator = numerator * lines, denominator * FULL_EXPOSURE
        return numerator, denominator

    @property
    def tone(self) -> tuple[int, int, int]:
        """Contrast in 64ths, the value that it leaves alone, and what is added (BRIGHT: bit 7 is the sign)."""
        amount = self.BRIGHT & 0x7F
        return self.CONTRAS, self.CONTRAS_CENTER, -amount if self.BRIGHT & 0x80 else amount
