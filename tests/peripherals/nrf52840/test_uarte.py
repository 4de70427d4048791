"""UARTE against the data sheet's frames, events and shortcuts; the far end is a SerialPort."""

from cmsim_peripherals.nrf52840.uart import Uart
from cmsim_peripherals.nrf52840.uart_line import ErrorSource
from cmsim_peripherals.nrf52840.uarte import Uarte
from hypothesis import given
from hypothesis import strategies as st
from support.uarte import (
    BAUD_1M,
    BAUD_115200,
    BAUDRATE,
    BEGIN,
    ENABLE,
    ENDRX,
    ENDTX,
    ERROR,
    ERRORSRC,
    FLUSHRX,
    FRAME_1M,
    PSEL_RXD,
    PSEL_TXD,
    RAM,
    RXD_AMOUNT,
    RXD_MAXCNT,
    RXD_PTR,
    RXSTARTED,
    RXTO,
    SHORTS,
    STARTTX,
    STOPRX,
    STOPTX,
    TXD_AMOUNT,
    TXD_MAXCNT,
    TXD_PTR,
    TXDRDY,
    TXSTOPPED,
    Bench,
)

from cmsim.nordic import SharedBlock
from cmsim.soc import Chip, Row, Soc


def test_transmission_events_and_timing():
    bench = Bench()
    bench.send(b"abc")
    assert bench.port.output == b""
    bench.run(BEGIN + 2 * FRAME_1M - 1)
    assert bench.port.output == b"a"
    bench.run()
    assert bench.port.output == b"abc"
    assert bench.log == [
        (0, "TXSTARTED"),
        (BEGIN + FRAME_1M, "TXDRDY"),
        (BEGIN + 2 * FRAME_1M, "TXDRDY"),
        (BEGIN + 3 * FRAME_1M, "TXDRDY"),
        (BEGIN + 3 * FRAME_1M, "ENDTX"),
    ]
    assert bench.block.read(TXD_AMOUNT) == 3


def test_pointers_are_double_buffered():
    bench = Bench()
    bench.soc.dma_write(RAM + 0x40, b"cd")
    bench.send(b"ab")
    bench.block.write(TXD_PTR, RAM + 0x40)
    bench.block.subscribe(ENDTX, lambda: len(bench.port.output) == 2 and bench.block.trigger(STARTTX))
    bench.run()
    assert bench.port.output == b"abcd"


def test_txdrdy_may_start_the_next_byte():
    bench = Bench()
    bench.send(b"x")
    bench.block.subscribe(TXDRDY, lambda: len(bench.port.output) < 3 and bench.block.trigger(STARTTX))
    bench.run()
    assert bench.port.output == b"xxx"


def test_empty_transmission_ends_at_once():
    bench = Bench()
    bench.send(b"")
    assert bench.log == [(0, "TXSTARTED"), (0, "ENDTX")]


def test_stoptx_lets_the_frame_end():
    bench = Bench()
    bench.send(b"abc")
    bench.run(BEGIN + FRAME_1M + 1)
    bench.block.write(STOPTX, 1)
    bench.run()
    end = BEGIN + 2 * FRAME_1M
    assert bench.log[2:] == [(end, "TXDRDY"), (end, "ENDTX"), (end, "TXSTOPPED")]
    assert bench.port.output == b"ab"
    assert bench.block.read(TXD_AMOUNT) == 2


def test_stoptx_while_idle():
    bench = Bench()
    bench.block.write(STOPTX, 1)
    assert bench.log == [(0, "TXSTOPPED")]


def test_endtx_to_stoptx_over_ppi_as_zephyr_has_it():
    bench = Bench()
    bench.block.subscribe(ENDTX, lambda: bench.block.trigger(STOPTX))
    bench.send(b"z")
    bench.run()
    assert bench.block.read(TXSTOPPED) == 1


def test_no_txd_pin_no_output_but_the_events():
    bench = Bench()
    bench.block.write(PSEL_TXD, 0xFFFF_FFFF)
    bench.send(b"\0")
    bench.run()
    assert bench.port.output == b""
    assert [name for _, name in bench.log] == ["TXSTARTED", "TXDRDY", "ENDTX"]


def test_interrupt_follows_the_event():
    bench = Bench()
    bench.block.write(0x304, 1 << 8)
    bench.send(b"a")
    bench.run()
    assert bench.block.irq.level
    assert bench.block.irq_number == 2
    bench.block.write(ENDTX, 0)
    assert not bench.block.irq.level


# --- receiver ---------------------------------------------------------------------------------------------


def test_reception_events_and_timing():
    bench = Bench(baud=BAUD_115200)
    bench.receive(2)
    bench.port.send(b"hi!")
    frame = 10 * 4 * 139
    bench.run()
    assert bench.log == [
        (0, "RXSTARTED"),
        (frame, "RXDRDY"),
        (2 * frame, "RXDRDY"),
        (2 * frame, "ENDRX"),
        (3 * frame, "RXDRDY"),
    ]
    assert bench.soc.dma_read(RAM + 0x100, 2) == b"hi"
    assert bench.block.read(RXD_AMOUNT) == 2


def test_the_far_end_waits_for_the_receiver():
    bench = Bench()
    bench.port.send(b"early")
    bench.run(5000)
    assert bench.port.waiting == 5
    bench.receive(5)
    bench.run()
    assert bench.soc.dma_read(RAM + 0x100, 5) == b"early"
    assert bench.events("ENDRX") == [(5000 + 5 * FRAME_1M, "ENDRX")]


def test_no_rxd_pin_no_input():
    bench = Bench()
    bench.block.write(PSEL_RXD, 0xFFFF_FFFF)
    bench.receive(1)
    bench.port.send(b"x")
    bench.run(10**5)
    assert bench.port.waiting == 1
    bench.block.write(PSEL_RXD, 8)
    bench.run()
    assert bench.port.waiting == 0


def test_endrx_startrx_loses_nothing():
    bench = Bench()
    bench.block.write(SHORTS, 1 << 5)
    address = iter(range(RAM + 0x104, RAM + 0x200, 4))
    bench.block.subscribe(RXSTARTED, lambda: bench.block.write(RXD_PTR, next(address)))
    bench.receive(4)
    bench.port.send(b"0123456789abcdef")
    bench.run()
    assert bench.soc.dma_read(RAM + 0x100, 16) == b"0123456789abcdef"
    assert len(bench.events("ENDRX")) == 4
    assert len(bench.events("RXSTARTED")) == 5


def test_endrx_stoprx():
    bench = Bench()
    bench.block.write(SHORTS, 1 << 6)
    bench.receive(1)
    bench.port.send(b"x")
    bench.run()
    assert bench.events("ENDRX", "RXTO") == [(FRAME_1M, "ENDRX"), (5 * FRAME_1M, "RXTO")]


def test_stoprx_takes_four_more_bytes_then_ends():
    bench = Bench()
    bench.receive(16)
    bench.port.send(b"0123456789")
    bench.run(FRAME_1M)
    bench.block.write(STOPRX, 1)
    bench.run()
    assert bench.events("ENDRX", "RXTO") == [(5 * FRAME_1M, "ENDRX"), (5 * FRAME_1M, "RXTO")]
    assert bench.block.read(RXD_AMOUNT) == 5
    assert bench.soc.dma_read(RAM + 0x100, 5) == b"01234"
    assert bench.port.waiting == 5


def test_bytes_after_the_buffer_wait_in_the_fifo_for_flushrx():
    bench = Bench()
    bench.receive(1)
    bench.port.send(b"01234567")
    bench.run(FRAME_1M)
    bench.block.write(STOPRX, 1)
    bench.run(10**5)
    assert bench.block.read(RXTO) == 1
    bench.block.write(RXD_PTR, RAM + 0x200)
    bench.block.write(RXD_MAXCNT, 8)
    bench.block.write(FLUSHRX, 1)
    assert bench.block.read(RXD_AMOUNT) == 4
    assert bench.soc.dma_read(RAM + 0x200, 4) == b"1234"
    assert len(bench.events("ENDRX")) == 2
    bench.block.write(FLUSHRX, 1)
    assert bench.block.read(RXD_AMOUNT) == 0
    assert len(bench.events("ENDRX")) == 3


def test_each_byte_has_its_rxdrdy_when_it_is_received():
    """Also one that waits in the FIFO: drivers count bytes by PPI."""
    bench = Bench()
    bench.receive(1)
    bench.port.send(b"abc")
    bench.run(10**5)
    frames = [(n * FRAME_1M, "RXDRDY") for n in (1, 2, 3)]
    assert bench.events("RXDRDY") == frames
    bench.receive(2)
    assert bench.events("RXDRDY") == frames


def test_startrx_takes_back_stoprx():
    bench = Bench()
    bench.receive(1)
    bench.port.send(b"a")
    bench.run(FRAME_1M)
    bench.block.write(STOPRX, 1)
    bench.receive(1, RAM + 0x200)
    bench.port.send(b"b")
    bench.run()
    assert bench.soc.dma_read(RAM + 0x200, 1) == b"b"
    assert bench.events("RXTO") == []


def test_overrun_loses_the_oldest_byte():
    bench = Bench()
    bench.receive(1)
    bench.port.send(b"0123456789")
    bench.run()
    assert bench.block.read(ERRORSRC) == ErrorSource.OVERRUN
    assert len(bench.events("ERROR")) == 3
    bench.receive(6)
    assert bench.soc.dma_read(RAM + 0x100, 6) == b"456789"
    bench.block.write(ERRORSRC, 2)
    assert bench.block.read(ERRORSRC) == 1
    bench.block.write(ERRORSRC, 1)
    assert bench.block.read(ERRORSRC) == 0


def test_break():
    bench = Bench()
    bench.block.receive_break()
    assert bench.log == []
    bench.receive(4)
    bench.block.receive_break()
    assert bench.block.read(ERRORSRC) == ErrorSource.BREAK | ErrorSource.FRAMING
    assert bench.block.read(ERROR) == 1


def test_empty_receive_buffer_ends_without_a_circle():
    bench = Bench()
    bench.receive(0)
    assert [name for _, name in bench.log] == ["RXSTARTED", "ENDRX"]
    bench.block.write(SHORTS, 1 << 5)
    bench.receive(0)
    assert len(bench.log) == 3


# --- EasyDMA outside data RAM -----------------------------------------------------------------------------


def test_buffer_in_flash_sends_zeros_and_is_reported():
    bench = Bench()
    bench.soc.flash[0x1000:0x1003] = b"abc"
    bench.block.write(TXD_PTR, 0x1000)
    bench.block.write(TXD_MAXCNT, 3)
    bench.block.write(STARTTX, 1)
    bench.run()
    assert bench.port.output == b"\0\0\0"
    (report,) = bench.soc.unmodelled.values()
    assert (report.block, report.offset) == ("UARTE0", TXD_PTR)
    assert "0x00001000" in report.access
    assert bench.soc.failure is None


def test_receive_buffer_in_flash_is_lost_and_fails_a_strict_run():
    bench = Bench(strict=True)
    bench.receive(2, 0x1000)
    bench.port.send(b"ab")
    bench.run()
    assert bench.block.read(RXD_AMOUNT) == 2
    assert bench.soc.flash[0x1000:0x1002] == b"\xff\xff"
    assert "outside data RAM" in str(bench.soc.failure)


def test_buffer_that_runs_over_the_end_of_ram():
    bench = Bench()
    end = RAM + (1 << 18)
    bench.soc.dma_write(end - 1, b"Z")
    bench.block.write(TXD_PTR, end - 1)
    bench.block.write(TXD_MAXCNT, 2)
    bench.block.write(STARTTX, 1)
    bench.run()
    assert bench.port.output == b"Z\0"


# --- sharing, reset, arbitrary data -----------------------------------------------------------------------


def test_uart_and_uarte_share_the_block():
    def row(soc, name, base):
        return SharedBlock(name, {8: Uarte(soc, "UARTE0", base), 4: Uart(soc, "UART0", base)})

    soc = Soc(Chip("test", "test", (Row("UARTE0_UART0", 0x4000_2000, row),), 1 << 20, 1 << 18))
    block, port = soc.blocks["UARTE0_UART0"], soc.serial_port("uart0")
    block.write(PSEL_TXD, 6)
    block.write(BAUDRATE, BAUD_1M)
    block.write(ENABLE, 4)
    block.write(STARTTX, 1)
    block.write(0x51C, ord("u"))
    soc.scheduler.advance(10**4)
    block.write(ENABLE, 0)
    block.write(ENABLE, 8)
    soc.dma_write(RAM, b"e")
    block.write(TXD_PTR, RAM)
    block.write(TXD_MAXCNT, 1)
    block.write(STARTTX, 1)
    soc.scheduler.advance(10**5)
    assert port.output == b"ue"


def test_second_instance_has_its_own_channel():
    soc = Soc(Chip("test", "test", (Row("UARTE1", 0x4002_8000, Uarte),), 1 << 20, 1 << 18))
    block = soc.blocks["UARTE1"]
    block.write(PSEL_TXD, 35)
    block.write(ENABLE, 8)
    block.write(TXD_PTR, RAM)
    block.write(TXD_MAXCNT, 1)
    block.write(STARTTX, 1)
    soc.scheduler.advance(10**5)
    assert soc.serial_port("uart1").output == b"\0"
    assert block.irq_number == 0x28


def test_reset_stops_and_releases():
    bench = Bench()
    bench.send(b"ab")
    bench.block.reset()
    bench.run()
    assert bench.port.output == b""
    assert bench.soc.pins[6].owner is None
    assert bench.block.read(PSEL_TXD) == 0xFFFF_FFFF
    assert bench.block.read(BAUDRATE) == 0x0400_0000


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 60))
def test_any_bytes_in_any_chunks_come_out_equal(chunks, step):
    bench = Bench()
    for chunk in chunks:
        bench.send(chunk)
        while not bench.block.read(ENDTX):
            bench.run(bench.scheduler.now + 64 * step)
        bench.block.write(ENDTX, 0)
    assert bench.port.output == b"".join(chunks)


@given(st.binary(min_size=1, max_size=120), st.lists(st.integers(1, 17), min_size=1), st.integers(1, 4000))
def test_any_input_through_any_buffers_comes_in_equal(data, sizes, gap):
    bench = Bench(config=1)
    bench.port.send(data)
    got = b""
    while len(got) < len(data):
        size = min(sizes[len(got) % len(sizes)], len(data) - len(got))
        bench.receive(size)
        while not bench.block.read(ENDRX):
            bench.run(bench.scheduler.now + gap)
        bench.block.write(ENDRX, 0)
        got += bench.soc.dma_read(RAM + 0x100, bench.block.read(RXD_AMOUNT))
    assert got == data
    assert bench.block.read(ERRORSRC) == 0
