"""RADIO: states, ramp-up, the times of a packet's events, and silence in the air."""

import pytest
from cmsim_peripherals.nrf52840.clock import Clock
from cmsim_peripherals.nrf52840.radio import Radio

from cmsim.soc import Row

RAM, US = 0x2000_0000, 64
TXEN, RXEN, START, STOP, DISABLE = 0x000, 0x004, 0x008, 0x00C, 0x010
READY, ADDRESS, PAYLOAD, END, DISABLED, RSSIEND = 0x100, 0x104, 0x108, 0x10C, 0x110, 0x11C
BCMATCH, FRAMESTART, EDEND, CCAIDLE, TXREADY, RXREADY, PHYEND = 0x128, 0x138, 0x13C, 0x144, 0x154, 0x158, 0x16C
SHORTS, STATE, MODE = 0x200, 0x550, 0x510
BLE_1M, BLE_2M, IEEE802154 = 3, 4, 15
BLE_PCNF0 = 8 | 1 << 8
"""LFLEN 8, S0LEN 1: the header of a Bluetooth packet."""


@pytest.fixture
def radio(make_soc):
    radio = make_soc(Row("RADIO", 0x4000_1000, Radio)).blocks["RADIO"]
    radio.write(MODE, BLE_1M)
    radio.write(0x514, BLE_PCNF0)
    radio.write(0x518, 255 | 3 << 16)
    radio.write(0x534, 3)
    radio.write(0x504, RAM)
    radio.soc.dma_write(RAM, bytes((0x02, 10)))
    return radio


def moments(radio, *events):
    seen = {}
    for event in events:
        radio.subscribe(event, lambda event=event: seen.setdefault(event, radio.scheduler.now / US))
    return seen


@pytest.mark.parametrize(("fast", "us"), [(0, 140), (1, 40)])
@pytest.mark.parametrize(("task", "busy", "idle", "own"), [(TXEN, 9, 10, TXREADY), (RXEN, 1, 2, RXREADY)])
def test_ramp_up(radio, task, busy, idle, own, fast, us):
    radio.write(0x650, 0x200 | fast)
    seen = moments(radio, READY, own)
    radio.write(task, 1)
    assert radio.read(STATE) == busy
    radio.scheduler.advance(200 * US)
    assert radio.read(STATE) == idle
    assert seen == {READY: us, own: us}


def test_reset_values(make_soc):
    radio = make_soc(Row("RADIO", 0x4000_1000, Radio)).blocks["RADIO"]
    assert [radio.read(offset) for offset in (0x168, 0x508, 0x554, 0x650, 0x660, 0x66C, 0xFFC)] == [
        0, 2, 0x40, 0x200, 0xA7, 0x052D_0000, 1,
    ]  # fmt: skip
    assert radio.soc.unmodelled == {}
    radio.write(0x554, 0xFFFF_FF05)
    assert radio.read(0x554) == 0x45  # bit 6 is wired to 1


def test_a_bluetooth_packet_with_shortcuts(radio):
    """Preamble 1, address 4, header 2, payload 10 and CRC 3 bytes, 8 us each, then 6 us to DISABLED."""
    seen = moments(radio, READY, ADDRESS, PAYLOAD, END, PHYEND, DISABLED)
    radio.write(SHORTS, 1 | 1 << 1)
    radio.write(TXEN, 1)
    radio.scheduler.advance(1000 * US)
    assert seen == {READY: 140, ADDRESS: 180, PAYLOAD: 276, END: 300, PHYEND: 300, DISABLED: 306}
    assert radio.read(STATE) == 0


def test_at_2_mbit_preamble_is_two_bytes(radio):
    radio.write(MODE, BLE_2M)
    radio.write(0x514, BLE_PCNF0 | 1 << 24)
    seen = moments(radio, ADDRESS, PAYLOAD, END, DISABLED)
    radio.write(SHORTS, 1 | 1 << 1)
    radio.write(TXEN, 1)
    radio.scheduler.advance(1000 * US)
    assert seen == {ADDRESS: 164, PAYLOAD: 212, END: 224, DISABLED: 228}


def test_an_802_15_4_frame(radio):
    """Preamble 4, SFD 1, PHY header 1; a length of 10 counts two bytes of CRC; 32 us a byte; 21 us to disable."""
    radio.write(MODE, IEEE802154)
    radio.write(0x514, 8 | 2 << 24 | 1 << 26)
    radio.write(0x518, 127)
    radio.write(0x534, 2)
    radio.soc.dma_write(RAM, bytes((10,)))
    seen = moments(radio, FRAMESTART, PAYLOAD, END, DISABLED, ADDRESS)
    radio.write(SHORTS, 1 | 1 << 20)
    radio.write(TXEN, 1)
    radio.scheduler.advance(2000 * US)
    assert seen == {FRAMESTART: 130 + 6 * 32, PAYLOAD: 130 + 14 * 32, END: 130 + 16 * 32, DISABLED: 663}


@pytest.mark.parametrize(("fast", "us"), [(0, 130), (1, 40)])
def test_802_15_4_ramps_up_in_130_us_and_takes_half_a_microsecond_to_leave_rx(radio, fast, us):
    radio.write(MODE, IEEE802154)
    radio.write(0x650, 0x200 | fast)
    seen = moments(radio, READY, DISABLED)
    radio.write(RXEN, 1)
    radio.scheduler.advance(200 * US)
    radio.write(DISABLE, 1)
    assert radio.read(STATE) == 4
    radio.write(DISABLE, 1)
    radio.scheduler.advance(300 * US)
    assert seen == {READY: us, DISABLED: 200.5}
    assert radio.read(STATE) == 0


@pytest.mark.parametrize(("shorts", "tifs", "ready"), [
    (1 << 1 | 1 << 3, 150, 300 + 150),
    (1 << 1 | 1 << 3, 0, 306 + 140),
    (1 << 1 | 1 << 3, 100, 306 + 140),
    (1 << 20 | 1 << 3, 190, 300 + 190),
])  # fmt: skip
def test_tifs_delays_the_ramp_up_that_shortcuts_begin(radio, shorts, tifs, ready):
    """Section 6.20.9: from the last bit of the packet to READY."""
    radio.write(SHORTS, 1 | shorts)
    radio.write(0x544, tifs)
    seen = moments(radio, RXREADY)
    radio.write(TXEN, 1)
    radio.scheduler.advance(1000 * US)
    assert seen == {RXREADY: ready}


def test_bit_counter_counts_from_the_address(radio):
    radio.write(SHORTS, 1 | 1 << 6)
    radio.write(0x560, 24)
    seen = moments(radio, BCMATCH)
    radio.write(TXEN, 1)
    radio.scheduler.advance(1000 * US)
    assert seen == {BCMATCH: 204}


def test_bit_counter_counts_on_after_a_match_until_the_packet_ends(radio):
    radio.write(SHORTS, 1 | 1 << 6)
    radio.write(0x560, 12)
    radio.write(TXEN, 1)
    radio.scheduler.advance(193 * US)
    assert radio.read(BCMATCH) == 1
    seen = moments(radio, BCMATCH)
    radio.write(0x560, 12 + 16)
    radio.scheduler.advance(290 * US)
    assert seen == {BCMATCH: 180 + 28}
    seen.clear()
    radio.write(0x560, 200)
    radio.scheduler.advance(2000 * US)
    assert seen == {}


def test_a_receiver_hears_nothing_for_ever(radio):
    radio.write(SHORTS, 1 << 19)
    radio.write(RXEN, 1)
    radio.scheduler.advance(64_000_000)
    assert radio.read(STATE) == 3
    assert [radio.read(event) for event in (ADDRESS, PAYLOAD, END)] == [0, 0, 0]
    radio.write(0x014, 1)
    radio.scheduler.advance(radio.scheduler.now + US)
    assert radio.read(RSSIEND) == 1
    assert radio.read(0x548) == 127
    radio.write(STOP, 1)
    assert radio.read(STATE) == 2
    radio.write(DISABLE, 1)
    assert radio.read(DISABLED) == 1


def test_energy_and_clear_channel(radio):
    """Errors of a busy channel never come: CCA says idle after 128 us, ED its floor after (EDCNT + 1) x 128 us."""
    seen = moments(radio, EDEND, CCAIDLE)
    radio.write(0x664, 2)
    radio.write(RXEN, 1)
    radio.scheduler.advance(140 * US)
    radio.write(0x024, 1)
    radio.write(0x02C, 1)
    radio.scheduler.advance(1000 * US)
    assert seen == {CCAIDLE: 268, EDEND: 140 + 384}
    assert radio.read(0x668) == 0


def test_clear_channel_then_transmit(radio):
    radio.write(SHORTS, 1 << 11 | 1 << 12 | 1 << 18)
    seen = moments(radio, CCAIDLE, TXREADY, END)
    radio.write(RXEN, 1)
    radio.scheduler.advance(2000 * US)
    assert seen == {CCAIDLE: 268, TXREADY: 408, END: 408 + 160}


def test_disable_ends_a_packet_on_the_air(radio):
    radio.write(SHORTS, 1)
    radio.write(TXEN, 1)
    radio.scheduler.advance(200 * US)
    assert radio.read(STATE) == 11
    radio.write(DISABLE, 1)
    assert radio.read(STATE) == 12
    radio.scheduler.advance(206 * US)
    assert radio.read(STATE) == 0
    radio.scheduler.advance(1000 * US)
    assert radio.read(END) == 0


def test_without_hfxo_the_first_ready_says_so(make_soc):
    soc = make_soc(Row("CLOCK", 0x4000_0000, Clock), Row("RADIO", 0x4000_1000, Radio))
    said = []
    soc.hooks.log = said.append
    for _ in range(2):
        soc.blocks["RADIO"].write(TXEN, 1)
        soc.scheduler.advance(soc.scheduler.now + 200 * US)
        soc.blocks["RADIO"].write(DISABLE, 1)
        soc.scheduler.advance(soc.scheduler.now + 200 * US)
    assert [line.split()[0] for line in said] == ["RADIO"]


def test_power_off_resets_the_block(radio):
    radio.write(0xFFC, 0)
    assert radio.read(MODE) == 0
    radio.write(TXEN, 1)
    assert radio.read(STATE) == 0
    radio.write(0xFFC, 1)
    radio.write(TXEN, 1)
    assert radio.read(STATE) == 9


def test_a_packet_outside_ram_is_told(radio):
    radio.write(SHORTS, 1)
    radio.write(0x504, 0x1000)
    radio.write(TXEN, 1)
    radio.scheduler.advance(1000 * US)
    assert radio.read(END) == 1
    assert [u.offset for u in radio.soc.unmodelled.values()] == [0x504]
