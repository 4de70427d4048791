"""USBD against the chapter's sequences: power-up, control transfers, bulk, stall, frames; the test is the bus."""

import pytest
from cmsim_peripherals.nrf52840.usbd import DMA_SETUP, READY_TIME, Usbd
from cmsim_peripherals.nrf52840.usbd_frames import FRAME

from cmsim.soc import Row
from cmsim.usb.link import Answer

RAM = 0x2000_0000


@pytest.fixture
def usbd(make_soc) -> Usbd:
    block = make_soc(Row("USBD", 0x4002_7000, Usbd)).blocks["USBD"]
    block.write(0x500, 1)
    block.scheduler.advance(READY_TIME)
    return block


def run(block, cycles=1000):
    block.scheduler.advance(block.scheduler.now + cycles)


def test_enable_gets_ready_and_the_pull_up_connects(usbd):
    assert usbd.read(0x400) == 1 << 11
    assert usbd.read(0x158) == 1
    usbd.write(0x400, 1 << 11)
    assert usbd.read(0x400) == 0
    assert not usbd.connected.level
    usbd.write(0x504, 1)
    assert usbd.connected.level
    usbd.write(0x500, 0)
    assert not usbd.connected.level


def test_reset_values(make_soc):
    block = make_soc(Row("USBD", 0x4002_7000, Usbd)).blocks["USBD"]
    assert [block.read(o) for o in (0x4C0, 0x50C, 0x510, 0x514)] == [0x10000, 0x100, 1, 1]
    assert block.irq_number == 39


def test_control_read(usbd):
    usbd.setup(bytes((0x80, 6, 0, 1, 0, 0, 18, 0)))
    assert usbd.read(0x15C) == 1
    assert [usbd.read(0x480 + 4 * n) for n in range(8)] == [0x80, 6, 0, 1, 0, 0, 18, 0]
    assert usbd.data_in(0) is Answer.NAK
    usbd.soc.dma_write(RAM, bytes(range(18)))
    usbd.write(0x600, RAM)
    usbd.write(0x604, 18)
    usbd.write(0x200, 1 << 2)  # EP0DATADONE_EP0STATUS
    usbd.write(0x004, 1)
    assert usbd.read(0x104) == 1
    run(usbd, DMA_SETUP + 17)
    assert usbd.read(0x108) == 0
    run(usbd, 1)
    assert usbd.read(0x108) == 1
    assert usbd.read(0x608) == 18
    assert usbd.read(0x468) == 1
    assert usbd.status() is Answer.NAK
    assert usbd.data_in(0) == bytes(range(18))
    assert usbd.read(0x128) == 1
    assert usbd.status() is Answer.ACK


def test_epstatus_tells_what_is_taken_when_started_comes(usbd):
    seen = []
    usbd.subscribe(0x104, lambda: seen.append(usbd.read(0x468)))
    usbd.write(0x004 + 4 * 2, 1)
    assert (seen, usbd.read(0x108 + 4 * 2)) == ([1 << 2], 0)
    run(usbd)
    usbd.write(0x028 + 4 * 3, 1)
    assert seen == [1 << 2, 1 << 2 | 1 << 19]


def test_a_usb_reset_leaves_endpoint_0_alone_enabled(usbd):
    usbd.write(0x510, 0x1FF)
    usbd.write(0x514, 0x1FF)
    usbd.bus_reset()
    assert (usbd.read(0x510), usbd.read(0x514)) == (1, 1)


@pytest.mark.parametrize(("value", "wakes"), [(1, 1), (2, 0), (4, 1)])
def test_resume_and_k_wake_the_host(usbd, value, wakes):
    woken = []
    usbd.on_remote_wake = lambda: woken.append(1)
    usbd.suspend()
    usbd.write(0x508, value)
    usbd.write(0x058, 1)
    assert len(woken) == wakes


def test_control_write(usbd):
    usbd.setup(bytes((0x21, 0x20, 0, 0, 0, 0, 7, 0)))
    assert usbd.data_out(0, b"1234567") is Answer.NAK
    usbd.write(0x04C, 1)
    assert usbd.data_out(0, b"1234567") is Answer.ACK
    assert usbd.read(0x4A0) == 7
    usbd.write(0x700, RAM)
    usbd.write(0x704, 64)
    usbd.write(0x200, 1 << 3)  # ENDEPOUT0_EP0STATUS
    usbd.write(0x028, 1)
    run(usbd)
    assert usbd.soc.dma_read(RAM, 7) == b"1234567"
    assert usbd.read(0x708) == 7
    assert usbd.status() is Answer.ACK


def test_set_address_needs_no_software(usbd):
    usbd.setup(bytes((0x00, 5, 23, 0, 0, 0, 0, 0)))
    assert usbd.read(0x470) == 23
    assert usbd.status() is Answer.ACK
    usbd.bus_reset()
    assert usbd.read(0x470) == 0
    assert usbd.read(0x100) == 1


def test_control_stall_ends_with_the_next_setup(usbd):
    usbd.setup(bytes((0x80, 6, 0, 9, 0, 0, 1, 0)))
    usbd.write(0x054, 1)
    assert usbd.data_in(0) is usbd.status() is Answer.STALL
    usbd.setup(bytes((0x80, 6, 0, 1, 0, 0, 1, 0)))
    assert usbd.data_in(0) is Answer.NAK


def test_bulk_in_and_out(usbd):
    usbd.write(0x510, 3)
    usbd.write(0x514, 3)
    assert usbd.data_in(1) is usbd.data_out(1, b"x") is Answer.NAK
    usbd.soc.dma_write(RAM, b"hello")
    usbd.write(0x614, RAM)
    usbd.write(0x618, 5)
    usbd.write(0x008, 1)
    run(usbd)
    assert usbd.data_in(1) == b"hello"
    assert usbd.data_in(1) is Answer.NAK
    assert usbd.read(0x46C) == 1 << 1
    usbd.write(0x4A4, 0)  # any value: ready for a packet
    assert usbd.data_out(1, b"world!") is Answer.ACK
    assert usbd.data_out(1, b"again") is Answer.NAK  # until EasyDMA has taken it
    assert usbd.read(0x46C) == 1 << 1 | 1 << 17
    usbd.write(0x46C, 1 << 1 | 1 << 17)
    assert usbd.read(0x46C) == 0
    usbd.write(0x714, RAM + 64)
    usbd.write(0x718, 64)
    usbd.write(0x02C, 1)
    run(usbd)
    assert usbd.soc.dma_read(RAM + 64, 6) == b"world!"
    assert usbd.data_out(1, b"again") is Answer.ACK


def test_endpoint_stall_and_toggle(usbd):
    usbd.write(0x518, 1 << 8 | 1 << 7 | 1)
    assert usbd.read(0x424) == 1
    assert usbd.data_in(1) is Answer.STALL
    usbd.write(0x518, 1 << 7 | 1)
    assert usbd.data_in(1) is Answer.NAK
    usbd.write(0x50C, 2 << 8 | 1 << 7 | 1)
    usbd.write(0x50C, 1 << 7 | 1)
    assert usbd.read(0x50C) == 2 << 8 | 1 << 7 | 1


def test_frames_cost_nothing_until_sof_is_wanted(usbd):
    usbd.frames(True)
    assert usbd.scheduler.next_due is None
    run(usbd, 3 * FRAME)
    assert usbd.read(0x520) == 3
    assert usbd.read(0x154) == 1
    usbd.write(0x154, 0)
    assert usbd.read(0x154) == 0
    usbd.write(0x304, 1 << 21)
    run(usbd, FRAME)
    assert usbd.irq.level


def test_suspend_and_resume(usbd):
    usbd.suspend()
    assert usbd.read(0x400) >> 8 & 1
    usbd.write(0x52C, 1)
    usbd.write(0x52C, 0)
    run(usbd, 10_000)
    assert usbd.read(0x400) >> 10 & 1
    usbd.resume()
    assert usbd.read(0x400) >> 9 & 1


def test_buffer_outside_ram_is_reported(usbd):
    usbd.write(0x600, 0x1000)
    usbd.write(0x604, 4)
    usbd.write(0x004, 1)
    run(usbd)
    assert usbd.data_in(0) == bytes(4)
    assert [u.offset for u in usbd.soc.unmodelled.values()] == [0x600]
