"""What UART and UARTE have in common: bit rates, frames, pins, flow control; tried on a UARTE."""

import pytest
from support.uarte import (
    BAUD_115200,
    BEGIN,
    ENABLE,
    ERRORSRC,
    FRAME_1M,
    PSEL_TXD,
    RAM,
    STOPRX,
    STOPTX,
    TXD_AMOUNT,
    Bench,
)

from cmsim.pins import Pull


@pytest.mark.parametrize(
    ("register", "actual"),
    [
        (0x0004_F000, 1205), (0x0009_D000, 2396), (0x0013_B000, 4808), (0x0027_5000, 9598), (0x003A_F000, 14401),
        (0x004E_A000, 19208), (0x0075_C000, 28777), (0x0080_0000, 31250), (0x009D_0000, 38369), (0x00E5_0000, 55944),
        (0x00EB_0000, 57554), (0x013A_9000, 76923), (0x01D6_0000, 115108), (0x03B0_0000, 231884),
        (0x0400_0000, 250000), (0x0740_0000, 457143), (0x0F00_0000, 941176), (0x1000_0000, 1_000_000),
    ],
)  # fmt: skip
def test_actual_rates_are_those_of_the_data_sheet(register, actual):
    assert round(64_000_000 / Bench(baud=register).block.bit_cycles) == actual


@pytest.mark.parametrize(("config", "bits"), [(0, 10), (0xE, 11), (0x10, 11), (0x1E, 12), (0x2, 10)])
def test_frame_length(config, bits):
    bench = Bench(config=config, baud=BAUD_115200)
    bench.send(b"A")
    bench.run()
    assert bench.events("TXDRDY") == [(BEGIN + bits * 4 * 139, "TXDRDY")]


def test_disabled_block_does_nothing_but_rxto():
    bench = Bench(enable=False)
    bench.send(b"a")
    bench.receive(1)
    bench.block.write(STOPRX, 1)
    bench.run()
    assert bench.log == [(4 * FRAME_1M, "RXTO")]


def test_disabling_loses_what_is_under_way():
    bench = Bench()
    bench.send(b"ab")
    bench.block.write(ENABLE, 0)
    bench.run()
    assert bench.log == [(0, "TXSTARTED")]
    bench.block.write(ENABLE, 8)
    bench.send(b"c")
    bench.run(2 * 10**7)
    assert bench.port.output == b"c"


def test_zero_baudrate_never_moves():
    bench = Bench(baud=0)
    bench.send(b"a")
    bench.run()
    assert bench.log == [(0, "TXSTARTED")]
    assert bench.scheduler.next_due is None


# --- pins and flow control --------------------------------------------------------------------------------


def test_pins_are_claimed_while_enabled():
    bench = Bench()
    pins = bench.soc.pins
    assert [pins[n].owner for n in (5, 6, 7, 8)] == ["UARTE0"] * 4
    assert pins[6].level
    bench.block.write(PSEL_TXD, 33)
    assert pins[6].owner is None
    assert pins[33].level
    bench.block.write(ENABLE, 0)
    assert [pins[n].owner for n in (5, 33, 7, 8)] == [None] * 4


def test_cts_holds_the_transmitter():
    bench = Bench(config=1)
    cts = bench.soc.pins[7]
    cts.drive_from_board("host", True)
    bench.send(b"ab")
    bench.run(1000)
    assert bench.events("TXDRDY") == []
    cts.drive_from_board("host", False)
    bench.run(1000 + FRAME_1M - 1)
    cts.drive_from_board("host", True)  # the frame on the wire is finished
    bench.run(5000)
    assert bench.port.output == b"a"
    cts.drive_from_board("host", False)
    bench.run()
    assert bench.port.output == b"ab"
    assert [name for _, name in bench.events("CTS", "NCTS")] == ["NCTS", "CTS", "NCTS", "CTS"]
    assert bench.events("ENDTX") == [(5000 + FRAME_1M, "ENDTX")]


def test_stoptx_drops_a_byte_that_cts_holds():
    bench = Bench(config=1)
    bench.soc.pins[7].set_board_pull(Pull.UP)
    bench.send(b"a")
    bench.block.write(STOPTX, 1)
    assert [name for _, name in bench.log if name != "NCTS"] == ["TXSTARTED", "ENDTX", "TXSTOPPED"]
    assert bench.block.read(TXD_AMOUNT) == 0
    bench.soc.pins[7].set_board_pull(Pull.DOWN)
    bench.run()
    assert bench.port.output == b""


def test_rts_says_ready_and_stops_a_far_end():
    bench = Bench(config=1)
    rts = bench.soc.pins[5]
    assert rts.level
    bench.receive(2)
    assert not rts.level
    bench.port.send(bytes(range(10)))
    bench.run(10**6)
    assert rts.level
    assert bench.port.waiting == 6  # two in the buffer, two in the FIFO, four places kept free
    bench.receive(8, RAM + 0x200)
    bench.run()
    assert bench.soc.dma_read(RAM + 0x200, 8) == bytes(range(2, 10))
    assert bench.block.read(ERRORSRC) == 0


def test_without_flow_control_rts_stays_high():
    bench = Bench()
    bench.receive(4)
    assert bench.soc.pins[5].level
