"""What TWI and TWIM have in common: suspend, stop, errors, the state of the wires; tried on a TWIM."""

import pytest
from cmsim_peripherals.nrf52840.twi_bus import ErrorSource
from support.twim import (
    ADDRESS,
    BEGIN,
    ENABLE,
    ERROR,
    ERRORSRC,
    FREQUENCY,
    K400,
    LASTRX_SUSPEND,
    LASTTX_STOP,
    LASTTX_SUSPEND,
    PSEL_SCL,
    PSEL_SDA,
    RAM,
    RESUME,
    SHORTS,
    STARTRX,
    STARTTX,
    STOP,
    SUSPEND,
    TXD_AMOUNT,
    Bench,
    T,
)

from cmsim.pins import Pull


def test_zero_frequency_holds_the_clock_until_disabled():
    bench = Bench(0)
    bench.tx(b"\x01", LASTTX_STOP)
    bench.task(STARTTX)
    bench.run()
    assert bench.names() == ["TXSTARTED"]
    bench.set({ENABLE: 0, FREQUENCY: K400})
    bench.set({ENABLE: 6})
    bench.task(STARTTX)
    bench.run(2 * 10**7)
    assert bench.names() == ["TXSTARTED", "TXSTARTED", "LASTTX", "STOPPED"]


# --- suspend, resume, stop --------------------------------------------------------------------------------


def test_lasttx_suspend_then_a_second_buffer_with_repeated_start():
    bench = Bench()
    bench.tx(b"\x40", LASTTX_SUSPEND)
    bench.task(STARTTX)
    bench.run(10**4)
    assert bench.log[-1] == (BEGIN + T - 4 + 18 * T, "SUSPENDED")
    bench.tx(b"\x41\x99", LASTTX_STOP, RAM + 0x40)
    bench.task(STARTTX)
    bench.run(2 * 10**4)
    assert bench.log[-1][1] == "SUSPENDED"
    bench.task(RESUME)
    bench.run()
    assert bench.log[-1] == (2 * 10**4 + 2 * T - 4 + 27 * T + T, "STOPPED")
    assert bench.target.memory[0x41] == 0x99


def test_lastrx_suspend_holds_the_bus():
    bench = Bench()
    bench.rx(2)
    bench.set({SHORTS: LASTRX_SUSPEND})
    bench.task(STARTRX)
    bench.run(10**5)
    assert bench.names() == ["RXSTARTED", "LASTRX", "SUSPENDED"]
    bench.task(RESUME)
    bench.task(STOP)
    bench.run()
    assert bench.log[-1] == (10**5 + T, "STOPPED")


def test_suspend_takes_effect_at_the_byte_boundary():
    bench = Bench()
    bench.tx(b"\x50\x01\x02", LASTTX_STOP)
    bench.task(STARTTX)
    bench.run(BEGIN + T - 4 + 9 * T + 5)
    bench.task(SUSPEND)
    bench.run(10**5)
    assert bench.log[-1] == (BEGIN + T - 4 + 18 * T, "SUSPENDED")
    assert bench.target.log[-1][1] == 0x50
    bench.task(RESUME)
    bench.run()
    assert bench.log[-1] == (10**5 + 18 * T + T, "STOPPED")


def test_stop_and_start_need_resume_first():
    bench = Bench()
    bench.tx(b"\x01", LASTTX_SUSPEND)
    bench.task(STARTTX)
    bench.run(10**5)
    bench.task(STOP)
    bench.task(STARTRX)
    bench.run(2 * 10**5)
    assert bench.names() == ["TXSTARTED", "LASTTX", "SUSPENDED"]
    bench.task(RESUME)
    assert bench.names()[3:] == ["RXSTARTED"]


def test_suspend_of_an_idle_master_does_nothing():
    """Section 6.31: only one that is involved in a transfer is suspended."""
    bench = Bench()
    bench.tx(b"\x01", LASTTX_STOP)
    bench.task(SUSPEND)
    bench.run(1000)
    assert bench.names() == []
    bench.task(STARTTX)
    bench.run()
    assert bench.names() == ["TXSTARTED", "LASTTX", "STOPPED"]


def test_without_a_stop_the_bus_is_held():
    bench = Bench()
    bench.tx(b"\x01", 0)
    bench.task(STARTTX)
    bench.run(10**5)
    assert bench.names() == ["TXSTARTED", "LASTTX"]
    bench.task(STOP)
    bench.run()
    assert bench.log[-1] == (10**5 + T, "STOPPED")


def test_stop_in_the_middle():
    bench = Bench()
    bench.tx(bytes(10), LASTTX_STOP)
    bench.task(STARTTX)
    bench.run(BEGIN + T - 4 + 9 * T + 1)
    bench.task(STOP)
    bench.run()
    assert bench.names() == ["TXSTARTED", "STOPPED"]
    assert bench.block.read(TXD_AMOUNT) == 1


def test_start_during_stop_waits_for_it():
    bench = Bench()
    bench.tx(b"\x01", LASTTX_STOP)
    bench.task(STARTTX)
    stop = BEGIN + T - 4 + 18 * T
    bench.run(stop + 1)
    bench.task(STARTTX)
    bench.run()
    assert bench.log[3] == (stop + T, "TXSTARTED")
    assert bench.log[-1] == (stop + T + stop + T, "STOPPED")


# --- errors -----------------------------------------------------------------------------------------------


def test_address_nack():
    bench = Bench()
    bench.set({ADDRESS: 0x51})
    bench.tx(b"\x01", LASTTX_STOP)
    bench.task(STARTTX)
    bench.run(10**5)
    assert bench.log == [(0, "TXSTARTED"), (BEGIN + T - 4 + 9 * T, "ERROR")]
    assert bench.block.read(ERRORSRC) == ErrorSource.ANACK
    assert bench.block.read(TXD_AMOUNT) == 0
    bench.task(RESUME)
    bench.task(STOP)
    bench.run()
    assert bench.log[-1] == (10**5 + T, "STOPPED")
    bench.block.write(ERRORSRC, ErrorSource.DNACK)
    assert bench.block.read(ERRORSRC) == ErrorSource.ANACK
    bench.block.write(ERRORSRC, ErrorSource.ANACK)
    assert bench.block.read(ERRORSRC) == 0


def test_data_nack_counts_the_byte():
    bench = Bench(capacity=2)
    bench.tx(bytes(5), LASTTX_STOP)
    bench.task(STARTTX)
    bench.run(10**5)
    assert bench.log[-1] == (BEGIN + T - 4 + 36 * T, "ERROR")
    assert bench.block.read(ERRORSRC) == ErrorSource.DNACK
    assert bench.block.read(TXD_AMOUNT) == 3
    assert "STOPPED" not in bench.names()


def test_data_nack_on_the_last_byte_still_stops_by_the_shortcut():
    bench = Bench(capacity=1)
    bench.tx(bytes(2), LASTTX_STOP)
    bench.task(STARTTX)
    bench.run()
    assert bench.names() == ["TXSTARTED", "LASTTX", "ERROR", "STOPPED"]


def test_a_start_after_a_nack_is_a_repeated_start():
    bench = Bench()
    bench.set({ADDRESS: 0x51})
    bench.tx(b"\x60", LASTTX_STOP)
    bench.task(STARTTX)
    bench.run(10**5)
    bench.set({ADDRESS: 0x50})
    bench.task(STARTTX)
    bench.run()
    assert bench.log[-1] == (10**5 + 2 * T - 4 + 18 * T + T, "STOPPED")
    assert bench.target.pointer == 0x60


def test_zero_length_sends_the_address_alone():
    bench = Bench()
    bench.tx(b"", 0)
    bench.task(STARTTX)
    bench.task(STOP)
    bench.run()
    assert bench.log == [(0, "TXSTARTED"), (BEGIN + T - 4 + 10 * T, "STOPPED")]
    assert [what for _, what in bench.target.log] == ["write", "stop"]


def test_stop_on_an_idle_bus():
    bench = Bench()
    bench.task(STOP)
    assert bench.log == [(0, "STOPPED")]


def test_disabled_block_ignores_tasks():
    bench = Bench(enable=False)
    for task in (STARTTX, STARTRX, STOP, SUSPEND, RESUME):
        bench.task(task)
    bench.run()
    assert bench.log == []


def test_error_interrupt():
    bench = Bench()
    bench.set({0x304: 1 << 9, ADDRESS: 0x11})
    bench.task(STARTRX)
    bench.run()
    assert bench.block.irq.level
    bench.block.write(ERROR, 0)
    assert not bench.block.irq.level


# --- wires ------------------------------------------------------------------------------------------------


def test_nothing_wired_but_pulled_up_is_an_address_nack():
    bench = Bench(wired=False)
    for pin in (2, 31):
        bench.soc.pins[pin].set_pull(Pull.UP)
    bench.task(STARTTX)
    bench.run()
    assert bench.block.read(ERRORSRC) == ErrorSource.ANACK


@pytest.mark.parametrize("high", [(), (2,), (31,)])
def test_a_line_without_pull_up_hangs_the_master(high):
    bench = Bench(wired=False)
    for pin in high:
        bench.soc.pins[pin].set_pull(Pull.UP)
    bench.task(STARTTX)
    bench.task(STOP)
    bench.run()
    assert bench.names() == ["TXSTARTED"]
    assert bench.scheduler.next_due is None


def test_unpowered_pull_ups_of_the_board():
    bench = Bench()
    bench.bus.pulled_up = lambda: False
    bench.task(STARTTX)
    bench.run()
    assert bench.names() == ["TXSTARTED"]
    for pin in (2, 31):
        bench.soc.pins[pin].set_pull(Pull.UP)
    bench.set({ENABLE: 0})
    bench.set({ENABLE: 6})
    bench.task(STARTTX)
    bench.run(2 * 10**7)
    assert bench.block.read(ERRORSRC) == ErrorSource.ANACK


def test_disconnected_pins_hang():
    bench = Bench()
    bench.set({PSEL_SDA: 0xFFFF_FFFF})
    bench.task(STARTTX)
    bench.run()
    assert bench.names() == ["TXSTARTED"]


def test_pins_are_claimed_while_enabled():
    bench = Bench()
    assert bench.soc.pins[2].owner == bench.soc.pins[31].owner == "TWIM0"
    bench.set({PSEL_SCL: 3})
    assert bench.soc.pins[2].owner is None
    assert bench.soc.pins[3].owner == "TWIM0"
    bench.set({ENABLE: 0})
    assert bench.soc.pins[3].owner is bench.soc.pins[31].owner is None
