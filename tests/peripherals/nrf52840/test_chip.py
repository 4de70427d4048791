from __future__ import annotations

from itertools import pairwise

import pytest
from cmsim_peripherals.nrf52840.chip import NRF52840, ROWS
from cmsim_peripherals.nrf52840.power import PowerClock

from cmsim.nordic import NordicPeripheral, PinSelect, SharedBlock, Unimplemented
from cmsim.soc import Block, Soc

INSTANCES = {
    0x1000_0000: "FICR",
    0x1000_1000: "UICR",
    0x4000_0000: "POWER",
    0x4000_1000: "RADIO",
    0x4000_2000: "UARTE0 UART0",
    0x4000_3000: "SPIM0 SPIS0 TWIM0 TWIS0 SPI0 TWI0",
    0x4000_4000: "SPIM1 SPIS1 TWIM1 TWIS1 SPI1 TWI1",
    0x4000_5000: "NFCT",
    0x4000_6000: "GPIOTE",
    0x4000_7000: "SAADC",
    0x4000_8000: "TIMER0",
    0x4000_9000: "TIMER1",
    0x4000_A000: "TIMER2",
    0x4000_B000: "RTC0",
    0x4000_C000: "TEMP",
    0x4000_D000: "RNG",
    0x4000_E000: "ECB",
    0x4000_F000: "AAR CCM",
    0x4001_0000: "WDT",
    0x4001_1000: "RTC1",
    0x4001_2000: "QDEC",
    0x4001_3000: "COMP LPCOMP",
    0x4001_4000: "EGU0",
    0x4001_5000: "EGU1",
    0x4001_6000: "EGU2",
    0x4001_7000: "EGU3",
    0x4001_8000: "EGU4",
    0x4001_9000: "EGU5",
    0x4001_A000: "TIMER3",
    0x4001_B000: "TIMER4",
    0x4001_C000: "PWM0",
    0x4001_D000: "PDM",
    0x4001_E000: "ACL NVMC",
    0x4001_F000: "PPI",
    0x4002_0000: "MWU",
    0x4002_1000: "PWM1",
    0x4002_2000: "PWM2",
    0x4002_3000: "SPIM2 SPIS2 SPI2",
    0x4002_4000: "RTC2",
    0x4002_5000: "I2S",
    0x4002_6000: "FPU",
    0x4002_7000: "USBD",
    0x4002_8000: "UARTE1",
    0x4002_9000: "QSPI",
    0x4002_D000: "PWM3",
    0x4002_F000: "SPIM3",
    0x5000_0000: "P0",
    0x5000_0300: "P1",
    0x5002_A000: "CRYPTOCELL",
    0x5002_B000: "CC",
}
"""The instantiation table of the product specification. SWI n is the interrupt of EGU n; CLOCK is in POWER."""
TWI0, TWIM0, TWIS0, SPIM0 = 5, 6, 9, 7


@pytest.fixture
def soc() -> Soc:
    return Soc(NRF52840)


def at(soc: Soc, address: int) -> tuple[Block, int]:
    found = soc.block_at(address)
    assert found is not None
    return found


def read(soc: Soc, address: int) -> int:
    block, offset = at(soc, address)
    return block.read(offset)


def write(soc: Soc, address: int, value: int) -> None:
    block, offset = at(soc, address)
    block.write(offset, value)


def test_every_instance_of_the_data_sheet_is_at_its_address(soc: Soc) -> None:
    found: dict[int, set[str]] = {}
    for block in soc.blocks.values():
        members = block.personalities.values() if isinstance(block, SharedBlock) else [block]
        found.setdefault(block.base, set()).update(member.name for member in members)
    beyond = {0x4006_E000, 0xF000_0000, 0x1200_0000}
    assert {base: names for base, names in found.items() if base not in beyond} == {
        base: set(names.split()) for base, names in INSTANCES.items()
    }


def test_no_two_rows_overlap() -> None:
    spans = sorted((row.base + row.first, row.base + row.first + row.size, row.name) for row in ROWS)
    for (_, end, name), (begin, _, following) in pairwise(spans):
        assert end <= begin, f"{name} runs into {following}"


def test_memories() -> None:
    assert (NRF52840.flash_size, NRF52840.ram_size, NRF52840.flash_page) == (0x10_0000, 0x4_0000, 4096)
    assert (NRF52840.ram_base, NRF52840.ram_code_alias) == (0x2000_0000, 0x0080_0000)
    assert NRF52840.priority_bits == 3
    assert NRF52840.pins == 48


@pytest.mark.parametrize(
    ("name", "number"),
    [("POWER", 0), ("UARTE0_UART0", 2), ("GPIOTE", 6), ("TIMER0", 8), ("RTC1", 17), ("EGU0", 20), ("TIMER4", 27),
     ("MWU", 32), ("RTC2", 36), ("FPU", 38), ("UARTE1", 40), ("SPIM3", 47), ("CRYPTOCELL", 42)],
)  # fmt: skip
def test_interrupt_numbers(soc: Soc, name: str, number: int) -> None:
    assert soc.blocks[name].irq_number == number


def test_a_block_without_a_model_answers_0_and_says_so(soc: Soc) -> None:
    address = 0x4002_6200  # FPU
    write(soc, address, 5)
    assert (read(soc, address), read(soc, address)) == (0, 0)
    assert {key: entry.count for key, entry in soc.unmodelled.items()} == {
        ("FPU", 0x200, "read"): 2,
        ("FPU", 0x200, "write"): 1,
    }


def test_strict_names_the_block() -> None:
    soc = Soc(NRF52840, strict=True)
    read(soc, 0x4002_6200)
    assert str(soc.failure).startswith("--strict: FPU+0x200: read at pc 0x00000000 is not modelled")


def test_addresses_that_vendor_start_up_touches_are_not_reported(soc: Soc) -> None:
    for address in (
        0x4000_0538, 0x4000_053C, 0x4000_0EE4, 0x4000_0E00, 0x4000_0E34, 0x4000_568C, 0x4000_F518, 0x4002_9640,
        0x4000_0638, 0x4000_0C34, 0x4000_5010, 0x4000_7640, 0x4002_F004, 0x4002_9054, 0x4000_173C,
        0x4002_7800, 0x4002_7804, 0x4002_7C1C, 0x4002_5038, 0x4002_503C, 0x4006_EC00, 0x4006_EC14, 0x4006_ED14,
    ):  # fmt: skip
        write(soc, address, 0x5)
        assert read(soc, address) == 0x5
    assert [read(soc, 0xF000_0FE0 + 4 * n) for n in range(4)] == [0x08, 0, 0x20, 0]  # revision 1
    assert soc.unmodelled == {}


def test_power_and_clock_share_a_block_and_an_interrupt(soc: Soc) -> None:
    power = soc.blocks["POWER"]
    assert isinstance(power, PowerClock)
    assert at(soc, 0x4000_0008) == (power, 0x008)
    assert at(soc, 0x4000_0400) == (power, 0x400)


def test_enable_selects_one_of_six_personalities(soc: Soc) -> None:
    block = soc.blocks["SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0"]
    assert isinstance(block, SharedBlock)
    for value, name in ((TWI0, "TWI0"), (TWIM0, "TWIM0")):
        block.write(0x500, value)
        assert block.selected is not None
        assert block.selected.name == name
        assert block.read(0x500) == value
    block.write(0x500, 0)
    assert block.selected is None
    assert soc.unmodelled == {}


def test_a_personality_answers_only_while_it_is_selected(soc: Soc) -> None:
    block = soc.blocks["SPIM0_SPIS0_TWIM0_TWIS0_SPI0_TWI0"]
    block.write(0x500, SPIM0)
    assert block.read(0x560) == 0x2
    block.write(0x500, TWIS0)
    assert block.read(0x594) == 0x1
    assert soc.unmodelled == {}
    block.read(0x560)
    assert list(soc.unmodelled) == [("TWIS0", 0x560, "read")]
    block.write(0x500, TWIM0)
    assert block.read(0x500) == TWIM0


def test_the_rtcs_wait_for_the_clock_block(soc: Soc) -> None:
    write(soc, 0x4001_1000, 1)
    soc.scheduler.advance(64_000_000)
    assert read(soc, 0x4001_1504) == 0
    write(soc, 0x4000_0008, 1)
    soc.scheduler.advance(2 * 64_000_000)
    assert read(soc, 0x4001_1504) == int(32_768 * (1 - 1000e-6))


def test_the_ports_reach_gpiote(soc: Soc) -> None:
    write(soc, 0x5000_0A04, 2 << 16)  # P1.01 senses high: PIN_CNF[1] of the second port
    soc.pins[33].drive_from_board("button", True)
    assert read(soc, 0x4000_617C) == 1


def test_a_square_wave_without_the_cpu(soc: Soc) -> None:
    """TIMER0 compares every 500 us, PPI toggles P0.13 through GPIOTE: 1 kHz."""
    edges: list[int] = []
    soc.pins[13].line.listen(lambda level: edges.append(soc.scheduler.now))
    for address, value in (
        (0x4000_6510, 3 | 13 << 8 | 3 << 16),
        (0x4000_8540, 500),
        (0x4000_8200, 1),
        (0x4001_F510, 0x4000_8140),
        (0x4001_F514, 0x4000_6000),
        (0x4001_F504, 1),
        (0x4000_8000, 1),
    ):
        write(soc, address, value)
    soc.scheduler.advance(5 * 64_000)
    assert edges == [32_000 * k for k in range(1, 11)]
    assert soc.unmodelled == {}


def test_an_idle_chip_never_wakes(soc: Soc) -> None:
    assert soc.scheduler.next_due is None
    soc.reset()
    assert soc.scheduler.next_due is None
    assert not any(block.irq.level for block in soc.blocks.values())


def test_every_model_has_its_offsets_within_its_row(soc: Soc) -> None:
    for row in ROWS:
        block = soc.blocks[row.name]
        members = block.personalities.values() if isinstance(block, SharedBlock) else [block]
        for member in members:
            if isinstance(member, NordicPeripheral) and not isinstance(member, Unimplemented):
                own = [offset for offset in member.registers if offset not in (0x200, 0x300, 0x304, 0x308)]
                assert all(row.first <= offset < row.first + row.size for offset in own), row.name


def test_drivers_read_back_the_pins_that_they_selected() -> None:
    """nrfx releases a pin by the number that PSEL reads as, whatever the reserved bits were after reset."""
    seen = 0
    for block in Soc(NRF52840).blocks.values():
        for part in block.personalities.values() if isinstance(block, SharedBlock) else [block]:
            registers = part.registers.values() if isinstance(part, NordicPeripheral) else ()
            for register in registers:
                if isinstance(register, PinSelect) or register.name.startswith("PSEL_"):
                    assert part.read(register.offset) == 0xFFFF_FFFF
                    part.write(register.offset, 6)
                    assert part.read(register.offset) == 6, f"{part.name}.{register.name}"
                    seen += 1
    assert seen > 50


def test_words_that_a_softdevice_touches_are_storage() -> None:
    soc = Soc(NRF52840)
    for name, offset in (("RADIO", 0x778), ("RADIO", 0x77C), ("RADIO", 0x788), ("POWER", 0x54C)):
        soc.blocks[name].write(offset, 1)
        assert soc.blocks[name].read(offset) == 1
    assert soc.unmodelled == {}
