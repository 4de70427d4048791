"""The window at 0x12000000: what it shows, for how long, and what is told where it shows nothing."""

import pytest
from cmsim_peripherals.nrf52840.xip import Xip
from test_qspi import ACTIVATE, DEACTIVATE, ERASE, ERASESTART, IFCONFIG0, WRITE, WRITESTART, XIPOFFSET, do, qspi, soc

from cmsim.soc import SHOWN_PAGE, MemoryWindow

__all__ = ["qspi", "soc"]
RAM = 0x2000_0000


class Watcher:
    """Counts what the CPU would be told."""

    def __init__(self, window):
        self.changes = 0
        window.on_change = self.change

    def change(self):
        self.changes += 1


@pytest.fixture
def window(soc, qspi):
    soc.part.memory[:] = bytes(range(256)) * (len(soc.part.memory) // 256)
    return soc.blocks["XIP"]


def write(qspi, address, data):
    qspi.soc.dma_write(RAM, data)
    for offset, value in ((0, address), (4, RAM), (8, len(data))):
        qspi.write(WRITE + offset, value)
    do(qspi, WRITESTART)


def test_a_page_is_what_the_flash_holds(window):
    assert isinstance(window, Xip)
    assert isinstance(window, MemoryWindow)
    assert window.show(0x1010)
    assert window.shown[0x1000 : 0x1000 + SHOWN_PAGE] == bytes(range(256)) * 4
    assert not any(window.shown[0x1400:0x1800])  # nobody asked


def test_xipoffset_moves_what_is_shown(window, qspi):
    window.show(0)
    watcher = Watcher(window)
    qspi.write(XIPOFFSET, 0x84)
    assert watcher.changes == 1
    assert window.show(0)
    assert window.shown[:4] == bytes((0x84, 0x85, 0x86, 0x87))


def test_what_is_programmed_shows(window, qspi, soc):
    soc.part.memory[0x200:0x300] = b"\xff" * 256
    window.show(0)
    watcher = Watcher(window)
    write(qspi, 0x204, b"abcd")
    assert watcher.changes == 1
    assert window.show(0)
    assert window.shown[0x200:0x20A] == b"\xff" * 4 + b"abcd" + b"\xff" * 2


def test_what_is_erased_shows_when_the_flash_is_done(window, qspi, soc):
    window.show(0)
    qspi.write(ERASE, 0)
    do(qspi, ERASESTART)
    assert not window.show(0)  # its answers are of no use while it erases
    assert window.read(0) == 0xFFFF_FFFF
    watcher = Watcher(window)
    soc.scheduler.advance(soc.scheduler.now + 64_000 * 41)  # 40 ms, typically
    assert window.read(0) == 0xFFFF_FFFF
    assert watcher.changes == 1  # now it can be shown
    assert window.show(0)
    assert window.shown[:SHOWN_PAGE] == b"\xff" * SHOWN_PAGE


def test_without_the_quad_enable_bit_quad_reads_show_nothing_of_use(window, qspi, soc):
    qspi.write(IFCONFIG0, 4)  # READ4IO
    assert window.show(0)
    assert window.shown[:4] == b"\xff" * 4
    soc.part.spi.status |= 0x40
    qspi.write(IFCONFIG0, 4)
    assert window.show(0)
    assert window.shown[:4] == bytes((0, 1, 2, 3))


def test_nothing_shows_while_qspi_is_not_active(window, qspi, soc):
    window.show(0)
    watcher = Watcher(window)
    qspi.write(DEACTIVATE, 1)
    assert watcher.changes == 1
    assert not window.show(0)
    assert window.read(0) == 0
    assert [(key[0], key[2]) for key in soc.unmodelled] == [("XIP", "read while QSPI is not ready")]
    do(qspi, ACTIVATE)
    assert window.show(0)


def test_an_instruction_that_is_under_way_hides_the_flash(window, qspi):
    qspi.write(WRITESTART, 1)
    assert not window.show(0)
