"""The nRF52840 as a table: its memories and every block of its memory map (nRF52840 PS v1.8, section 4.2).

Blocks that share a base address are one row: POWER and CLOCK are one block with two chapters; a serial instance is a
`SharedBlock` whose ENABLE register selects the personality; EGU n is also the software interrupt SWI n. P0 and P1, NVMC
and ACL split one page by offset. CC are the engines behind CRYPTOCELL, XIP is QSPI's window.

The ROM table at 0xF0000000 and the block at 0x4006E000 are in no table of the data sheet: start-up code and the USB
driver of the vendor look there.

Not modelled: every row whose model is `unmodelled(...)`: named, answering reset values, each access reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cmsim.nordic import NordicPeripheral, SharedBlock, Unimplemented
from cmsim.soc import Chip, Row, Soc

from .aar import Aar
from .acl import Acl
from .analog import AIN_PINS
from .ccm import Ccm
from .comp import Comp, Lpcomp
from .cryptocell import Cryptocell, CryptoCell310
from .ecb import Ecb
from .egu import Egu
from .ficr import Ficr
from .fpu import Fpu
from .gpio import Gpio
from .gpiote import Gpiote
from .i2s import I2s
from .mwu import Mwu
from .nfct import Nfct
from .nvmc import Nvmc
from .pdm import Pdm
from .power import PowerClock
from .ppi import Ppi
from .pwm import Pwm
from .qdec import Qdec
from .qspi import Qspi
from .radio import Radio
from .rng import Rng
from .rtc import Rtc, Rtc4
from .saadc import Saadc
from .spim import Spi, Spim
from .spis import Spis
from .temp import Temp
from .timer import Timer, Timer6
from .twi import Twi
from .twim import Twim
from .twis import Twis
from .uart import Uart
from .uarte import Uarte
from .uicr import Uicr
from .usbd import Usbd
from .vendor_words import REVISION_1, USB_WORDS, identification, vendor_words
from .wdt import Wdt
from .xip import Xip

Personality = Callable[[Soc, str, int], NordicPeripheral | Unimplemented]


def unmodelled(values: Mapping[int, int] | None = None) -> Callable[[Soc, str, int], Unimplemented]:
    """A block without a model: its reset values other than 0."""
    return lambda soc, name, base: Unimplemented(soc, name, base, values)


def shared(personalities: Mapping[int, tuple[str, Personality]]) -> Callable[[Soc, str, int], SharedBlock]:
    """Several blocks at one base address: ENABLE value -> (name, model)."""
    return lambda soc, name, base: SharedBlock(
        name, {key: model(soc, own, base) for key, (own, model) in personalities.items()}
    )


SPI_AND_TWI_0 = shared(
    {
        5: ("TWI0", Twi),
        6: ("TWIM0", Twim),
        9: ("TWIS0", Twis),
        1: ("SPI0", Spi),
        7: ("SPIM0", Spim),
        2: ("SPIS0", Spis),
    }
)
SPI_AND_TWI_1 = shared(
    {
        5: ("TWI1", Twi),
        6: ("TWIM1", Twim),
        9: ("TWIS1", Twis),
        1: ("SPI1", Spi),
        7: ("SPIM1", Spim),
        2: ("SPIS1", Spis),
    }
)
SPI_2 = shared(
    {
        7: ("SPIM2", Spim),
        2: ("SPIS2", Spis),
        1: ("SPI2", Spi),
    }
)

CCM_AND_AAR = shared({2: ("CCM", Ccm), 3: ("AAR", Aar)})

ROWS: tuple[Row, ...] = (
    Row("POWER", 0x4000_0000, PowerClock),
    Row("P0", 0x5000_0000, Gpio, size=0x800),
    Row("P1", 0x5000_0300, Gpio, first=0x500, size=0x300),
    Row("FICR", 0x1000_0000, Ficr),
    Row("UICR", 0x1000_1000, Uicr),
    Row("RADIO", 0x4000_1000, Radio),
    Row("UARTE0_UART0", 0x4000_2000, shared({8: ("UARTE0", Uarte), 4: ("UART0", Uart)})),
    Row("SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0", 0x4000_3000, SPI_AND_TWI_0),
    Row("SPIM1_SPIS1_TWIM1_TWIS1_SPI1_TWI1", 0x4000_4000, SPI_AND_TWI_1),
    Row("NFCT", 0x4000_5000, Nfct),
    Row("GPIOTE", 0x4000_6000, Gpiote),
    Row("SAADC", 0x4000_7000, Saadc),
    Row("TIMER0", 0x4000_8000, Timer),
    Row("TIMER1", 0x4000_9000, Timer),
    Row("TIMER2", 0x4000_A000, Timer),
    Row("RTC0", 0x4000_B000, Rtc),
    Row("TEMP", 0x4000_C000, Temp),
    Row("RNG", 0x4000_D000, Rng),
    Row("ECB", 0x4000_E000, Ecb),
    Row("CCM_AAR", 0x4000_F000, CCM_AND_AAR),
    Row("WDT", 0x4001_0000, Wdt),
    Row("RTC1", 0x4001_1000, Rtc4),
    Row("QDEC", 0x4001_2000, Qdec),
    Row("COMP_LPCOMP", 0x4001_3000, shared({2: ("COMP", Comp), 1: ("LPCOMP", Lpcomp)})),
    Row("EGU0", 0x4001_4000, Egu),
    Row("EGU1", 0x4001_5000, Egu),
    Row("EGU2", 0x4001_6000, Egu),
    Row("EGU3", 0x4001_7000, Egu),
    Row("EGU4", 0x4001_8000, Egu),
    Row("EGU5", 0x4001_9000, Egu),
    Row("TIMER3", 0x4001_A000, Timer6),
    Row("TIMER4", 0x4001_B000, Timer6),
    Row("PWM0", 0x4001_C000, Pwm),
    Row("PDM", 0x4001_D000, Pdm),
    Row("NVMC", 0x4001_E000, Nvmc, size=0x800),
    Row("ACL", 0x4001_E000, Acl, first=0x800, size=0x800),
    Row("PPI", 0x4001_F000, Ppi),
    Row("MWU", 0x4002_0000, Mwu),
    Row("PWM1", 0x4002_1000, Pwm),
    Row("PWM2", 0x4002_2000, Pwm),
    Row("SPIM2_SPIS2_SPI2", 0x4002_3000, SPI_2),
    Row("RTC2", 0x4002_4000, Rtc4),
    Row("I2S", 0x4002_5000, I2s),
    Row("FPU", 0x4002_6000, Fpu),
    Row("USBD", 0x4002_7000, Usbd),
    Row("UARTE1", 0x4002_8000, Uarte),
    Row("QSPI", 0x4002_9000, Qspi),
    Row("XIP", 0x1200_0000, Xip, size=0x80_0000),
    Row("PWM3", 0x4002_D000, Pwm),
    Row("SPIM3", 0x4002_F000, Spim),
    Row("USBD errata", 0x4006_E000, vendor_words(USB_WORDS)),
    Row("CRYPTOCELL", 0x5002_A000, Cryptocell),
    Row("CC", 0x5002_B000, CryptoCell310),
    Row("ROM table", 0xF000_0000, vendor_words(identification(0x08, REVISION_1))),
)
"""By address, but for what others look up when they are made: RTC and WDT the clock, GPIOTE the ports."""

APB = range(0x4000_0000, 0x4008_0000)
"""128 slots of 4 KB. Silicon has no fault for an empty one (Mbed OS's USB driver stores to 0x40036FFF)."""

NRF52840 = Chip(
    name="nrf52840",
    title="Nordic nRF52840",
    rows=ROWS,
    flash_size=1024 * 1024,
    ram_size=256 * 1024,
    analog_pins=AIN_PINS,
    memory_title="1 MB flash, 256 KB RAM",
    uf2_family=0xADA5_2840,
    bridge=APB,
)
