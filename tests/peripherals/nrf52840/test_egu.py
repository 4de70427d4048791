"""EGU: sixteen triggers, sixteen events."""

import pytest
from cmsim_peripherals.nrf52840.egu import Egu

from cmsim.soc import Row


@pytest.mark.parametrize("n", range(16))
def test_trigger_gives_its_event_and_interrupt(make_soc, n):
    egu = make_soc(Row("EGU0", 0x4001_4000, Egu)).blocks["EGU0"]
    egu.write(0x304, 1 << n)
    egu.write(4 * n, 1)
    assert [egu.read(0x100 + 4 * m) for m in range(16)] == [m == n for m in range(16)]
    assert egu.irq.level
    assert egu.irq_number == 20
    egu.write(0x100 + 4 * n, 0)
    assert not egu.irq.level


def test_two_instances_and_ppi(make_soc):
    soc = make_soc(Row("EGU0", 0x4001_4000, Egu), Row("EGU5", 0x4001_9000, Egu))
    first, last = soc.blocks["EGU0"], soc.blocks["EGU5"]
    first.subscribe(0x108, lambda: last.trigger(0x03C))
    first.trigger(0x008)
    assert last.read(0x13C) == 1
    assert first.read(0x13C) == 0
    assert last.irq_number == 25


def test_writing_zero_triggers_nothing(make_soc):
    egu = make_soc(Row("EGU0", 0x4001_4000, Egu)).blocks["EGU0"]
    egu.write(0x000, 0)
    assert egu.read(0x100) == 0
