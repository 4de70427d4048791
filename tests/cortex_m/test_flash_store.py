from __future__ import annotations

import pytest

from cmsim.cortex_m import state as st
from cmsim.cortex_m.decode import decode
from cmsim.cortex_m.flash_store import FlashStore
from cmsim.soc import Chip, Soc

FLASH = 0x8000


class Registers:
    """Core register n holds 0x100 * n + n, S register n holds 0x5000 + n; nothing of Unicorn."""

    def __init__(self) -> None:
        self.values = {st.CORE[n]: 0x101 * n for n in range(16)} | {st.S[n]: 0x5000 + n for n in range(32)}
        self.core = self

    def read(self, register: int | None = None) -> list[int] | int:
        return [self.values[n] for n in st.CORE] if register is None else self.values[register]

    def write(self, register: int, value: int) -> None:
        self.values[register] = value


class Bench:
    def __init__(self) -> None:
        self.soc = Soc(Chip("test", "Test", (), 0x10000, 0x1000))
        self.programmed: list[tuple[int, int]] = []
        self.writable = True
        self.soc.program_flash = self.program
        self.registers = Registers()
        self.store = FlashStore(self.registers, self.soc)  # type: ignore[arg-type]

    def program(self, address: int, value: int) -> bool:
        if self.writable:
            self.programmed.append((address, value))
        return self.writable

    def run(self, *halfwords: int, address: int = FLASH) -> bool:
        code = b"".join(h.to_bytes(2, "little") for h in halfwords)
        return self.store.perform(next(decode(code, 0x100)), address)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("halfwords", "values"),
    [
        ((0x600A,), [0x202]),  # str r2, [r1]
        ((0x508A,), [0x202]),  # str r2, [r1, r2]
        ((0x9301,), [0x303]),  # str r3, [sp, #4]
        ((0xF8C1, 0xC004), [0xC0C]),  # str.w r12, [r1, #4]
        ((0xE9C1, 0x2302), [0x202, 0x303]),  # strd r2, r3, [r1, #8]
        ((0xC10C,), [0x202, 0x303]),  # stm r1!, {r2, r3}
        ((0xE881, 0x5004), [0x202, 0xC0C, 0xE0E]),  # stm.w r1, {r2, r12, lr}
        ((0xEDC1, 0x0A00), [0x5001]),  # vstr s1, [r1]
        ((0xED81, 0x1B00), [0x5002, 0x5003]),  # vstr d1, [r1]
        ((0xEC81, 0x2A03), [0x5004, 0x5005, 0x5006]),  # vstm r1, {s4-s6}
    ],
)
def test_words_are_programmed_in_order(bench: Bench, halfwords: tuple[int, ...], values: list[int]) -> None:
    assert bench.run(*halfwords)
    assert bench.programmed == [(FLASH + 4 * n, value) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("halfwords", "after"),
    [((0xC10C,), 0x101 + 8), ((0xF841, 0x2B04), 0x101 + 4), ((0xF841, 0x2904), 0x101 - 4), ((0x600A,), 0x101)],
)
def test_writeback(bench: Bench, halfwords: tuple[int, ...], after: int) -> None:
    assert bench.run(*halfwords)
    assert bench.registers.values[st.CORE[1]] == after


@pytest.mark.parametrize("halfword", [0x700A, 0x800A])  # strb, strh
def test_narrow_stores_are_refused(bench: Bench, halfword: int) -> None:
    assert not bench.run(halfword)
    assert bench.programmed == []


def test_unaligned_words_are_refused(bench: Bench) -> None:
    assert not bench.run(0x600A, address=FLASH + 2)


def test_flash_that_is_not_open_refuses_and_leaves_the_base(bench: Bench) -> None:
    bench.writable = False
    assert not bench.run(0xC10C)
    assert bench.registers.values[st.CORE[1]] == 0x101
