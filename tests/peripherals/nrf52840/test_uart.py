"""The legacy UART: TXD and RXD byte by byte."""

from cmsim_peripherals.nrf52840.uart import Uart

from cmsim.soc import Chip, Row, Soc

STARTRX, STOPRX, STARTTX, STOPTX, SUSPEND = 0x000, 0x004, 0x008, 0x00C, 0x01C
CTS, RXDRDY, TXDRDY, RXTO = 0x100, 0x108, 0x11C, 0x144
SHORTS, ERRORSRC, ENABLE, RXD, TXD, BAUDRATE, CONFIG = 0x200, 0x480, 0x500, 0x518, 0x51C, 0x524, 0x56C
FRAME = 640


def bench(config=0):
    soc = Soc(Chip("test", "test", (Row("UART0", 0x4000_2000, Uart),), 1 << 20, 1 << 18))
    block = soc.blocks["UART0"]
    for n, offset in enumerate((0x508, 0x50C, 0x510, 0x514)):
        block.write(offset, 5 + n)
    block.write(BAUDRATE, 0x1000_0000)
    block.write(CONFIG, config)
    block.write(ENABLE, 4)
    return soc, block, soc.serial_port("uart0")


def send(soc, block, byte):
    block.write(TXDRDY, 0)
    block.write(TXD, byte)
    while not block.read(TXDRDY):
        soc.scheduler.advance(soc.scheduler.now + 16)


def test_bytes_go_out_one_by_one():
    soc, block, port = bench()
    block.write(STARTTX, 1)
    block.write(TXD, 0x141)
    soc.scheduler.advance(FRAME - 1)
    assert block.read(TXDRDY) == 0
    soc.scheduler.advance(FRAME)
    assert block.read(TXDRDY) == 1
    send(soc, block, ord("B"))
    assert port.output == b"AB"


def test_one_byte_waits_behind_the_one_on_the_wire():
    soc, block, port = bench()
    block.write(STARTTX, 1)
    block.write(TXD, ord("a"))
    block.write(TXD, ord("b"))
    soc.scheduler.advance(2 * FRAME)
    assert port.output == b"ab"


def test_txd_without_starttx_is_lost():
    soc, block, port = bench()
    block.write(TXD, ord("a"))
    soc.scheduler.advance(10**5)
    assert port.output == b""
    assert block.read(TXDRDY) == 0


def test_stoptx_cuts_the_frame_and_suspend_does_not():
    soc, block, port = bench()
    block.write(STARTTX, 1)
    block.write(TXD, ord("a"))
    block.write(STOPTX, 1)
    soc.scheduler.advance(10**4)
    assert port.output == b""
    block.write(STARTTX, 1)
    block.write(TXD, ord("b"))
    block.write(SUSPEND, 1)
    soc.scheduler.advance(10**5)
    assert port.output == b"b"
    assert block.read(RXTO) == 1
    block.write(TXD, ord("c"))
    soc.scheduler.advance(10**6)
    assert port.output == b"b"


def test_rxd_is_a_window_on_the_fifo():
    soc, block, port = bench()
    events = []
    block.subscribe(RXDRDY, lambda: events.append(soc.scheduler.now))
    block.write(STARTRX, 1)
    port.send(b"abc")
    soc.scheduler.advance(3 * FRAME)
    assert events == [FRAME]
    assert [block.read(RXD) for _ in range(3)] == list(b"abc")
    assert events == [FRAME, 3 * FRAME, 3 * FRAME]
    assert block.read(RXD) == ord("c")


def test_six_bytes_fit_and_the_seventh_overruns():
    soc, block, port = bench()
    block.write(STARTRX, 1)
    port.send(b"0123456")
    soc.scheduler.advance(6 * FRAME)
    assert block.read(ERRORSRC) == 0
    soc.scheduler.advance(7 * FRAME)
    assert block.read(ERRORSRC) == 1
    assert block.read(RXD) == ord("1")


def test_cts_shortcuts_start_and_stop_the_receiver():
    soc, block, _ = bench(config=1)
    cts, rts = soc.pins[7], soc.pins[5]
    cts.drive_from_board("host", True)
    block.write(SHORTS, 0x18)
    cts.drive_from_board("host", False)
    assert not rts.level
    cts.drive_from_board("host", True)
    assert rts.level
    soc.scheduler.advance(10**5)
    assert block.read(RXTO) == 1


def test_only_parity_lengthens_the_frame():
    _, block, _ = bench(config=0x1E)
    assert block.read(CONFIG) == 0xE
    assert block.frame_cycles == 11 * 64


def test_disabled_uart_is_silent():
    soc, block, port = bench()
    block.write(ENABLE, 8)
    block.write(STARTTX, 1)
    block.write(TXD, 1)
    block.write(STARTRX, 1)
    port.send(b"x")
    soc.scheduler.advance(10**5)
    assert port.output == b""
    assert port.waiting == 1
