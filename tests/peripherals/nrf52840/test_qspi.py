"""QSPI with the flash of the nRF52840 DK: read, write, erase, instructions, power-down, the window at 0x12000000."""

import pytest
from cmsim_peripherals.nrf52840.qspi import Qspi
from cmsim_peripherals.nrf52840.xip import Xip
from cmsim_peripherals.parts.mx25r6435f import Mx25r6435f

from cmsim.kernel import CPU_HZ
from cmsim.pins import Pull
from cmsim.soc import Row
from cmsim.spi import SpiBus

RAM = 0x2000_0000
ACTIVATE, READSTART, WRITESTART, ERASESTART, DEACTIVATE, READY = 0x000, 0x004, 0x008, 0x00C, 0x010, 0x100
ENABLE, READ, WRITE, ERASE, PSEL, XIPOFFSET, IFCONFIG0, IFCONFIG1 = 0x500, 0x504, 0x510, 0x51C, 0x524, 0x540, 0x544, 0x600
STATUS, DPMDUR, ADDRCONF, CINSTRCONF, CINSTRDAT = 0x604, 0x614, 0x624, 0x634, 0x638
SCK, CSN, MS = 19, 17, CPU_HZ // 1000
QUAD = 0x40 << 0


@pytest.fixture
def soc(make_soc):
    soc = make_soc(Row("QSPI", 0x4002_9000, Qspi), Row("XIP", 0x1200_0000, Xip, size=0x80_0000))
    soc.part = Mx25r6435f(soc.scheduler, "flash")
    soc.pins[CSN].set_board_pull(Pull.UP)
    soc.part.inputs["CS#"](soc.pins[CSN])
    bus = SpiBus("flash")
    bus.attach(soc.part.spi, lambda: soc.part.selected)
    soc.wire_spi(bus, SCK)
    return soc


@pytest.fixture
def qspi(soc):
    block = soc.blocks["QSPI"]
    for n, pin in enumerate((SCK, CSN, None, 20, 21, 22, 23)):
        if pin is not None:
            block.write(PSEL + 4 * n, pin)
    block.write(ENABLE, 1)
    do(block, ACTIVATE)
    return block


def wait(qspi, milliseconds=100):
    """Until READY; the cycles that it took."""
    begin = qspi.scheduler.now
    while not qspi.read(READY):
        due = qspi.scheduler.next_due
        assert due is not None and due < begin + milliseconds * MS, "READY did not come"
        qspi.scheduler.advance(due)
    return qspi.scheduler.now - begin


def do(qspi, task, milliseconds=100):
    qspi.write(READY, 0)
    qspi.write(task, 1)
    return wait(qspi, milliseconds)


def instruct(qspi, opcode, *data, length=None, flags=0):
    word = int.from_bytes(bytes(data).ljust(8, b"\0"), "little")
    qspi.write(CINSTRDAT, word & 0xFFFF_FFFF)
    qspi.write(CINSTRDAT + 4, word >> 32)
    qspi.write(READY, 0)
    qspi.write(CINSTRCONF, opcode | (length or len(data) + 1) << 8 | flags)
    wait(qspi)
    return (qspi.read(CINSTRDAT) | qspi.read(CINSTRDAT + 4) << 32).to_bytes(8, "little")


def write(qspi, address, data):
    qspi.soc.dma_write(RAM, data)
    for n, value in enumerate((address, RAM, len(data))):
        qspi.write(WRITE + 4 * n, value)
    return do(qspi, WRITESTART)


def read(qspi, address, length):
    for n, value in enumerate((address, RAM + 0x2000, length)):
        qspi.write(READ + 4 * n, value)
    cycles = do(qspi, READSTART)
    return qspi.soc.dma_read(RAM + 0x2000, length), cycles


@pytest.mark.parametrize(("offset", "value"), [(PSEL, 0xFFFF_FFFF), (0x53C, 0xFFFF_FFFF), (IFCONFIG1, 0x4_0480),
                                               (DPMDUR, 0xFFFF_FFFF), (ADDRCONF, 0xB7), (CINSTRCONF, 0x2000), (0x640, 0x200)])
def test_reset_values(soc, offset, value):
    assert soc.blocks["QSPI"].read(offset) == value


def test_identity_by_custom_instruction(qspi):
    assert instruct(qspi, 0x9F, 0, 0, 0)[:3] == b"\xc2\x28\x17"


def test_write_goes_out_page_by_page(qspi):
    data = bytes(range(256)) * 3
    cycles = write(qspi, 0x1F80, data)
    assert bytes(qspi.soc.part.memory[0x1F80 : 0x1F80 + 768]) == data
    assert 4 * 0.85 * MS < cycles < 5.5 * MS  # four pages
    assert read(qspi, 0x1F80, 768)[0] == data


def test_erase_is_ready_when_its_command_is_sent(qspi):
    qspi.soc.part.memory[0x3000:0x5000] = bytes(0x2000)
    qspi.write(ERASE, 0x3000)
    assert do(qspi, ERASESTART) < MS
    assert instruct(qspi, 0x05, 0)[0] & 1
    assert qspi.read(STATUS) >> 24 & 1
    data, cycles = read(qspi, 0x3FFC, 8)
    assert (data, cycles > 38 * MS) == (b"\xff" * 4 + bytes(4), True)


@pytest.mark.parametrize(("code", "size"), [(0, 0x1000), (1, 0x10000), (2, 8 << 20)])
def test_erase_sizes(qspi, code, size):
    qspi.soc.part.memory[:] = bytes(8 << 20)
    qspi.write(ERASE + 4, code)
    do(qspi, ERASESTART)
    assert qspi.soc.part.memory.count(0xFF) == size


@pytest.mark.parametrize(("mode", "lines"), [(0, 1), (1, 2), (2, 2), (3, 4), (4, 4)])
def test_read_modes_and_clock(qspi, mode, lines):
    instruct(qspi, 0x01, 0x40, flags=1 << 15 | 1 << 14)  # quad enable
    qspi.soc.part.memory[:8] = b"abcdefgh"
    qspi.write(IFCONFIG0, mode)
    qspi.write(IFCONFIG1, 3 << 28)  # 8 MHz: 64 cycles a byte and line
    do(qspi, ACTIVATE)
    assert read(qspi, 0, 8)[0] == b"abcdefgh"
    short, long = (read(qspi, 0, length)[1] for length in (256, 1280))
    assert long - short == 1024 * 64 // lines


@pytest.mark.parametrize("periods", [0, 5, 255])
def test_csn_stays_high_between_two_commands(qspi, periods):
    """SCKDELAY, in periods of 16 MHz: a read is RDSR and the read itself."""
    qspi.write(IFCONFIG1, 3 << 28 | periods)
    qspi.scheduler.advance(qspi.scheduler.now + MS)
    assert read(qspi, 0, 8)[1] == 64 * (2 + 5 + 8) + 4 * periods


def test_quad_write_needs_quad_enable(qspi):
    qspi.write(IFCONFIG0, 3 << 3)
    write(qspi, 0, b"abcd")
    assert qspi.soc.part.memory[:4] == b"\xff" * 4
    instruct(qspi, 0x01, 0x40, flags=1 << 15 | 1 << 14)
    write(qspi, 0, b"abcd")
    assert qspi.soc.part.memory[:4] == b"abcd"


def test_long_frame(qspi):
    instruct(qspi, 0x5A, flags=1 << 16)
    instruct(qspi, 0x5A, 0, 0, 0, 0, flags=1 << 16)
    assert instruct(qspi, 0x5A, 0, 0, 0, 0, flags=1 << 16)[:4] == b"SFDP"
    assert instruct(qspi, 0x5A, 0, 0, 0, 0, flags=3 << 16)[3] == 0xFF
    assert qspi.read(CINSTRCONF) & 3 << 16 == 0
    assert instruct(qspi, 0x9F, 0, 0, 0)[:3] == b"\xc2\x28\x17"


def test_deep_power_down(qspi):
    qspi.write(DPMDUR, 0x0003_0003)
    qspi.write(IFCONFIG0, 1 << 7)
    qspi.write(READY, 0)
    qspi.write(IFCONFIG1, 1 << 24)
    assert wait(qspi) >= 3 * 1024
    assert qspi.read(STATUS) & 4 and qspi.soc.part.spi.powered_down
    qspi.write(READY, 0)
    qspi.write(IFCONFIG1, 0)
    wait(qspi)
    assert not qspi.read(STATUS) & 4
    assert not qspi.soc.part.spi.powered_down


def test_interrupt_and_status(qspi):
    qspi.write(0x304, 1)
    qspi.write(READY, 0)
    assert (qspi.irq.level, qspi.read(STATUS) & 8) == (False, 8)
    qspi.write(READSTART, 1)
    assert qspi.read(STATUS) & 8 == 0
    wait(qspi)
    assert (qspi.irq.level, qspi.read(STATUS) & 8) == (True, 8)


def test_the_window(qspi, soc):
    soc.part.memory[0x1000:0x1008] = b"01234567"
    window = soc.blocks["XIP"]
    assert window.read(0x1000) == int.from_bytes(b"0123", "little")
    qspi.write(XIPOFFSET, 0x1000)
    assert window.read(4) == int.from_bytes(b"4567", "little")
    assert soc.unmodelled == {}
    window.write(0, 1)
    qspi.write(DEACTIVATE, 1)
    assert window.read(0) == 0
    assert [(key[0], key[2]) for key in soc.unmodelled] == [("XIP", "write"), ("XIP", "read while QSPI is not ready")]


def test_nothing_happens_before_activate(soc):
    qspi = soc.blocks["QSPI"]
    for task in (ACTIVATE, READSTART, WRITESTART, ERASESTART):
        qspi.write(task, 1)
    qspi.write(CINSTRCONF, 0x9F | 4 << 8)
    assert soc.scheduler.next_due is None


def test_a_buffer_outside_ram_is_reported(qspi):
    qspi.write(READ + 4, 0x1000)
    qspi.write(READ + 8, 4)
    do(qspi, READSTART)
    qspi.write(WRITE + 4, 0x1000)
    qspi.write(WRITE + 8, 4)
    do(qspi, WRITESTART)
    assert [key[1] for key in qspi.soc.unmodelled] == [0x508, 0x514]


def test_deactivated_the_pin_is_free_again(qspi, soc):
    assert soc.pins[CSN].owner == "QSPI"
    qspi.write(DEACTIVATE, 1)
    qspi.write(0x054, 1)  # anomaly 122
    assert soc.pins[CSN].owner is None
    assert soc.unmodelled == {}
