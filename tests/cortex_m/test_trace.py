from __future__ import annotations

import pytest

from cmsim.cortex_m.trace import Dwt, Itm
from cmsim.serial import SerialPort

CTRL, CYCCNT, CPICNT, EXCCNT, SLEEPCNT, LSUCNT, FOLDCNT, PCSR = range(0, 0x20, 4)
CYCCNTENA = 1


class Bench:
    """A DWT whose core has counted what the test says."""

    def __init__(self) -> None:
        self.cycles = self.instructions = self.lsu = self.exceptions = self.sleep = self.folded = 0
        self.trace = True
        self.dwt = Dwt(
            lambda: (self.cycles, self.instructions, self.lsu, self.exceptions, self.sleep, self.folded),
            lambda: self.trace,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_reset(bench: Bench) -> None:
    assert bench.dwt.read(CTRL) == 0x4000_0000  # four comparators, nothing left out
    assert [bench.dwt.read(offset) for offset in range(4, 0x20, 4)] == [0] * 7


def test_cyccnt_stands_until_enabled(bench: Bench) -> None:
    bench.cycles = 1000
    assert bench.dwt.read(CYCCNT) == 0
    bench.dwt.write(CTRL, CYCCNTENA)
    bench.cycles = 1234
    assert bench.dwt.read(CYCCNT) == 234
    bench.dwt.write(CTRL, 0)
    bench.cycles = 5000
    assert bench.dwt.read(CYCCNT) == 234
    bench.dwt.write(CTRL, CYCCNTENA)
    bench.cycles = 5001
    assert bench.dwt.read(CYCCNT) == 235


def test_cyccnt_can_be_written_running_and_standing(bench: Bench) -> None:
    bench.dwt.write(CYCCNT, 77)
    assert bench.dwt.read(CYCCNT) == 77
    bench.dwt.write(CTRL, CYCCNTENA)
    bench.cycles = 10
    assert bench.dwt.read(CYCCNT) == 87
    bench.dwt.write(CYCCNT, 0)
    bench.cycles = 15
    assert bench.dwt.read(CYCCNT) == 5


def test_cyccnt_wraps(bench: Bench) -> None:
    bench.dwt.write(CTRL, CYCCNTENA)
    bench.dwt.write(CYCCNT, 0xFFFF_FFF0)
    bench.cycles = 0x11
    assert bench.dwt.read(CYCCNT) == 1


def test_cyccnt_needs_trcena(bench: Bench) -> None:
    bench.trace = False
    bench.dwt.write(CTRL, CYCCNTENA)
    bench.cycles = 100
    assert bench.dwt.read(CYCCNT) == 0
    bench.trace = True
    bench.dwt.follow_enable()
    bench.cycles = 130
    assert bench.dwt.read(CYCCNT) == 30


def test_the_manuals_identity(bench: Bench) -> None:
    bench.dwt.write(CTRL, CYCCNTENA | 0x1F << 17)
    bench.cycles, bench.instructions, bench.lsu, bench.exceptions, bench.sleep, bench.folded = 220, 80, 7, 22, 100, 3
    cpi, exc, sleep, lsu, fold = (bench.dwt.read(n) for n in (CPICNT, EXCCNT, SLEEPCNT, LSUCNT, FOLDCNT))
    assert (exc, sleep, lsu, fold) == (22, 100, 7, 3)
    assert bench.dwt.read(CYCCNT) == 80 + cpi + lsu + exc + sleep - fold


def test_the_other_counters_have_eight_bits_and_can_be_written(bench: Bench) -> None:
    bench.cycles = bench.sleep = 0x1234
    assert bench.dwt.read(SLEEPCNT) == 0x34
    bench.dwt.write(SLEEPCNT, 0xFF)
    assert bench.dwt.read(SLEEPCNT) == 0xFF
    bench.cycles = bench.sleep = 0x1236
    assert bench.dwt.read(SLEEPCNT) == 1


@pytest.mark.parametrize(("bit", "offset"), [(17, CPICNT), (18, EXCCNT), (19, SLEEPCNT), (20, LSUCNT), (21, FOLDCNT)])
def test_enabling_the_event_of_a_counter_clears_it(bench: Bench, bit: int, offset: int) -> None:
    bench.dwt.write(offset, 5)
    bench.dwt.write(CTRL, CYCCNTENA)
    assert bench.dwt.read(offset) == 5
    bench.dwt.write(CTRL, CYCCNTENA | 1 << bit)
    assert bench.dwt.read(offset) == 0
    bench.dwt.write(offset, 6)
    bench.dwt.write(CTRL, CYCCNTENA | 1 << bit)  # enabled already
    assert bench.dwt.read(offset) == 6


def test_comparators_are_stored(bench: Bench) -> None:
    for n in range(4):
        bench.dwt.write(0x20 + 16 * n, 0x2000_0000 + n)
        bench.dwt.write(0x24 + 16 * n, 0xFFFF_FFFF)
        bench.dwt.write(0x28 + 16 * n, 0x5)
    assert [bench.dwt.read(0x20 + 16 * n) for n in range(4)] == [0x2000_0000 + n for n in range(4)]
    assert bench.dwt.read(0x54) == 0x1F
    assert bench.dwt.read(0x28) == 5


def test_pcsr_is_read_only(bench: Bench) -> None:
    bench.dwt.write(PCSR, 1)
    assert bench.dwt.read(PCSR) == 0


def test_identification_reads_as_zero(bench: Bench) -> None:
    bench.dwt.write(0xFB0, 0xC5AC_CE55)
    assert bench.dwt.read(0xFE0) == 0


# --- ITM --------------------------------------------------------------------------------------------------

TER, TCR = 0xE00, 0xE80


@pytest.fixture
def ports() -> dict[str, SerialPort]:
    return {}


@pytest.fixture
def itm(ports: dict[str, SerialPort]) -> Itm:
    return Itm(lambda name: ports.setdefault(name, SerialPort(name)))


def test_an_enabled_port_is_ready_and_passes_bytes_on(itm: Itm, ports: dict[str, SerialPort]) -> None:
    itm.write(TCR, 1)
    itm.write(TER, 0b1001)
    assert [itm.read(4 * n) for n in range(5)] == [1, 0, 0, 1, 0]
    itm.write(0, ord("A"), 0xFF)
    itm.write(0, 0x4342, 0xFFFF)
    itm.write(12, 0x6463_6261)
    assert {name: bytes(port.output) for name, port in ports.items()} == {"itm0": b"ABC", "itm3": b"abcd"}


@pytest.mark.parametrize(("tcr", "ter"), [(0, 1), (1, 0), (1, 2)])
def test_a_disabled_port_swallows(itm: Itm, ports: dict[str, SerialPort], tcr: int, ter: int) -> None:
    itm.write(TCR, tcr)
    itm.write(TER, ter)
    itm.write(0, ord("A"), 0xFF)
    assert itm.read(0) == 0
    assert "itm0" not in ports


def test_itm_control_registers(itm: Itm) -> None:
    itm.write(0xFB0, 0xC5AC_CE55)
    itm.write(TCR, 0xFFFF_FFFF)
    itm.write(0xE40, 0xFFFF_FFFF)
    assert (itm.read(TCR), itm.read(0xE40)) == (0x007F_0F1F, 0xF)
    assert itm.read(0xFD0) == 0
