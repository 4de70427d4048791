"""Tasks, events, shortcuts, interrupts, shared and unimplemented blocks (nRF52840 PS, section 6.1)."""

import pytest

from cmsim.errors import RunError
from cmsim.nordic import Event, NordicPeripheral, SharedBlock, Task, Unimplemented
from cmsim.registers import Register
from cmsim.soc import Chip, Row, Soc

BASE = 0x4000_8000
INTEN, INTENSET, INTENCLR, SHORTS = 0x300, 0x304, 0x308, 0x200


class Counter(NordicPeripheral):
    START = Task(0x000)
    STOP = Task(0x004)
    CAPTURE = Task.array(0x040, 3)
    DONE = Event(0x100)
    COMPARE = Event.array(0x140, 2)
    VALUE = Register(0x504)
    undocumented = frozenset({0xE00})
    shortcuts = {0: (DONE, STOP), 1: (COMPARE[1], START)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.log: list[str] = []
        super().__init__(soc, name, base)

    @START
    def _start(self) -> None:
        self.log.append("start")

    @STOP
    def _stop(self) -> None:
        self.log.append("stop")

    @CAPTURE
    def _capture(self, n: int) -> None:
        self.log.append(f"capture {n}")


def make_soc(*rows: Row, strict: bool = False) -> Soc:
    return Soc(Chip("test", "a chip for a test", rows, flash_size=0x1000, ram_size=0x1000), strict=strict)


@pytest.fixture
def counter() -> Counter:
    block = make_soc(Row("COUNTER", BASE, Counter)).blocks["COUNTER"]
    assert isinstance(block, Counter)
    return block


# --- tasks ------------------------------------------------------------------------------------------------------


def test_a_task_runs_on_1_and_reads_0(counter: Counter) -> None:
    counter.write(0x000, 0)
    counter.write(0x000, 2)
    assert counter.log == []
    counter.write(0x000, 1)
    counter.write(0x048, 1)
    assert counter.log == ["start", "capture 2"]
    assert counter.read(0x000) == counter.read(0x048) == 0


def test_trigger_is_what_ppi_does(counter: Counter) -> None:
    counter.trigger(0x004)
    counter.trigger(0x044)
    assert counter.log == ["stop", "capture 1"]
    assert counter.soc.unmodelled == {}
    counter.trigger(0x020)  # no such task
    assert [(u.offset, u.access) for u in counter.soc.unmodelled.values()] == [(0x020, "write")]


# --- events and the interrupt -------------------------------------------------------------------------------------


def test_interrupt_bits_follow_from_offsets() -> None:
    assert Counter.DONE.interrupt_bit == 1
    assert [Counter.COMPARE[n].interrupt_bit for n in range(2)] == [1 << 16, 1 << 17]
    assert Counter.registers[0x144].name == "COMPARE[1]"


def test_the_interrupt_number_follows_from_the_base(counter: Counter) -> None:
    assert counter.irq_number == 8
    assert Counter(counter.soc, "x", 0x4002_A000).irq_number == 42


def test_inten_intenset_intenclr(counter: Counter) -> None:
    counter.write(INTEN, 0x1_0001)
    counter.write(INTENSET, 0x2_0000)
    assert [counter.read(r) for r in (INTEN, INTENSET, INTENCLR)] == [0x3_0001] * 3
    counter.write(INTENCLR, 0x1_0000)
    assert [counter.read(r) for r in (INTEN, INTENSET, INTENCLR)] == [0x2_0001] * 3
    counter.write(INTENSET, 0)
    assert counter.read(INTEN) == 0x2_0001


def test_the_line_is_high_while_an_enabled_event_is_latched(counter: Counter) -> None:
    counter.emit(Counter.DONE)
    assert counter.read(0x100) == 1
    assert not counter.irq.level
    counter.write(INTENSET, 1)  # enabling with the event already there raises at once
    assert counter.irq.level
    counter.write(INTENCLR, 1)
    assert not counter.irq.level
    counter.write(INTENSET, 1 | 1 << 17)
    counter.emit(Counter.COMPARE[1])
    counter.write(0x100, 0)
    assert counter.irq.level  # the other one still holds it
    counter.write(0x144, 0)
    assert not counter.irq.level


def test_software_may_set_an_event_itself(counter: Counter) -> None:
    counter.write(INTENSET, 1)
    counter.write(0x100, 1)
    assert counter.irq.level
    assert counter.log == []


def test_reset_lowers_the_line(counter: Counter) -> None:
    counter.write(INTENSET, 1)
    counter.emit(Counter.DONE)
    counter.reset()
    assert not counter.irq.level
    assert counter.read(0x100) == counter.read(INTEN) == 0


# --- shortcuts and subscribers --------------------------------------------------------------------------------------


def test_shortcuts(counter: Counter) -> None:
    counter.emit(Counter.DONE)
    counter.emit(Counter.COMPARE[1])
    assert counter.log == []
    counter.write(SHORTS, 0x3)
    counter.emit(Counter.COMPARE[0])
    assert counter.log == []
    counter.emit(Counter.DONE)
    counter.emit(Counter.COMPARE[1])
    assert counter.log == ["stop", "start"]


def test_subscribers_hear_emissions_and_not_writes(counter: Counter) -> None:
    heard: list[int] = []
    part = counter.subscribe(0x100, lambda: heard.append(counter.read(0x100)))
    counter.write(0x100, 1)
    counter.emit(Counter.COMPARE[0])
    assert heard == []
    counter.emit(Counter.DONE)
    counter.emit(Counter.DONE)  # latched already, and still an emission
    assert heard == [1, 1]
    part()
    counter.emit(Counter.DONE)
    assert heard == [1, 1]


def test_an_event_is_heard_by_its_own_interrupt_and_by_ppi(counter: Counter) -> None:
    counter.write(INTENSET, 1 << 17)
    assert counter.heard(Counter.COMPARE[1])
    assert not counter.heard(Counter.DONE)
    part = counter.subscribe(0x100, lambda: None)
    assert counter.heard(Counter.DONE)
    part()
    assert not counter.heard(Counter.DONE)


# --- what nothing models -------------------------------------------------------------------------------------------


def test_an_unmodelled_access_is_counted_and_said_once(counter: Counter) -> None:
    lines: list[str] = []
    counter.soc.hooks.log = lines.append
    counter.soc.hooks.pc = lambda: 0x1234
    assert counter.read(0x700) == 0
    counter.read(0x700)
    counter.write(0x700, 1)
    assert lines == [
        "COUNTER+0x700: read at pc 0x00001234 is not modelled",
        "COUNTER+0x700: write at pc 0x00001234 is not modelled",
    ]
    assert [u.count for u in counter.soc.unmodelled.values()] == [2, 1]
    assert counter.soc.failure is None


def test_undocumented_words_are_storage(counter: Counter) -> None:
    counter.write(0xE00, 5)
    assert counter.read(0xE00) == 5
    assert counter.soc.unmodelled == {}


def test_strict_fails_the_run() -> None:
    soc = make_soc(Row("COUNTER", BASE, Counter), strict=True)
    soc.blocks["COUNTER"].read(0x700)
    soc.blocks["COUNTER"].read(0x704)
    assert isinstance(soc.failure, RunError)
    assert str(soc.failure).startswith("--strict: COUNTER+0x700: read")  # the first one


def test_unimplemented_answers_reset_values_and_reports() -> None:
    soc = make_soc(Row("QSPI", 0x4002_9000, lambda soc, name, base: Unimplemented(soc, name, base, {0x524: 0x40480})))
    qspi = soc.blocks["QSPI"]
    qspi.write(0x524, 1)
    assert qspi.read(0x524) == 0x40480
    assert qspi.read(0x600) == 0
    qspi.trigger(0x000)
    qspi.subscribe(0x100, lambda: None)()
    assert qspi.irq_number == 0x29
    assert [(u.offset, u.access, u.count) for u in soc.unmodelled.values()] == [
        (0x524, "write", 1),
        (0x524, "read", 1),
        (0x600, "read", 1),
        (0x000, "write", 1),
    ]


def test_unimplemented_stores_undocumented_words() -> None:
    soc = make_soc(Row("X", BASE, lambda soc, name, base: Unimplemented(soc, name, base, {}, frozenset({0x640}))))
    soc.blocks["X"].write(0x640, 3)
    assert soc.blocks["X"].read(0x640) == 3
    assert soc.unmodelled == {}


# --- shared blocks ---------------------------------------------------------------------------------------------------


class Legacy(NordicPeripheral):
    START = Task(0x000)
    READY = Event(0x108)
    ENABLE = Register(0x500, writable=0xF)
    PSEL = Register(0x508)
    LEGACY = Register(0x51C)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.starts = 0
        super().__init__(soc, name, base)

    @START
    def _start(self) -> None:
        self.starts += 1


class Modern(Legacy):
    END = Event(0x10C)
    POINTER = Register(0x534)


@pytest.fixture
def shared() -> SharedBlock:
    def make(soc: Soc, name: str, base: int) -> SharedBlock:
        return SharedBlock(name, {5: Legacy(soc, "TWI0", base), 6: Modern(soc, "TWIM0", base)})

    block = make_soc(Row("SERIAL0", 0x4000_3000, make)).blocks["SERIAL0"]
    assert isinstance(block, SharedBlock)
    return block


def personalities(shared: SharedBlock) -> tuple[Legacy, Modern]:
    legacy, modern = shared.personalities[5], shared.personalities[6]
    assert isinstance(legacy, Legacy)
    assert isinstance(modern, Modern)
    return legacy, modern


def test_configuration_before_enable_reaches_all_that_have_the_register(shared: SharedBlock) -> None:
    legacy, modern = personalities(shared)
    shared.write(0x508, 7)
    shared.write(0x534, 0x2000_0000)
    assert (legacy.PSEL, modern.PSEL, modern.POINTER) == (7, 7, 0x2000_0000)
    assert shared.read(0x534) == 0x2000_0000
    assert legacy.soc.unmodelled == {}


def test_enable_selects_one(shared: SharedBlock) -> None:
    legacy, modern = personalities(shared)
    shared.write(0x500, 6)
    assert shared.selected is modern
    assert shared.read(0x500) == 6
    shared.write(0x508, 9)
    shared.write(0x000, 1)
    assert (legacy.PSEL, modern.PSEL, legacy.starts, modern.starts) == (0, 9, 0, 1)
    shared.trigger(0x000)
    assert (legacy.starts, modern.starts) == (0, 2)
    shared.write(0x500, 5)
    assert shared.selected is legacy
    assert shared.read(0x500) == 5
    shared.write(0x500, 0)
    assert shared.selected is None
    assert shared.read(0x500) == 0


def test_the_line_is_that_of_the_selected(shared: SharedBlock) -> None:
    legacy, modern = personalities(shared)
    assert shared.irq_number == 3
    legacy.write(INTENSET, Legacy.READY.interrupt_bit)
    shared.write(0x500, 6)
    legacy.emit(Legacy.READY)
    assert not shared.irq.level
    modern.write(INTENSET, Modern.END.interrupt_bit)
    modern.emit(Modern.END)
    assert shared.irq.level
    shared.write(0x10C, 0)
    assert not shared.irq.level
    shared.write(0x500, 5)
    assert shared.irq.level  # what the other one had latched


def test_ppi_hears_every_personality(shared: SharedBlock) -> None:
    legacy, modern = personalities(shared)
    heard: list[str] = []
    part = shared.subscribe(0x108, lambda: heard.append("ready"))
    legacy.emit(Legacy.READY)
    modern.emit(Modern.READY)
    part()
    modern.emit(Modern.READY)
    assert heard == ["ready", "ready"]


def test_an_access_that_the_selected_lacks_is_reported_under_its_name(shared: SharedBlock) -> None:
    legacy, _ = personalities(shared)
    shared.write(0x500, 5)
    shared.read(0x534)
    assert [u.block for u in legacy.soc.unmodelled.values()] == ["TWI0"]


def test_reset_selects_none(shared: SharedBlock) -> None:
    shared.write(0x500, 6)
    shared.write(0x508, 9)
    shared.reset()
    assert shared.selected is None
    assert (shared.read(0x500), shared.read(0x508)) == (0, 0)


def test_the_power_switch_of_a_block_resets_it() -> None:
    block = Soc(Chip("test", "", (Row("EGU0", 0x4001_4000, NordicPeripheral),), 0x1000, 0x1000)).blocks["EGU0"]
    block.write(0x304, 5)
    assert block.read(0xFFC) == 1
    block.write(0xFFC, 0)
    assert (block.read(0xFFC), block.read(0x300)) == (0, 0)
    block.write(0xFFC, 1)
    assert block.read(0xFFC) == 1
