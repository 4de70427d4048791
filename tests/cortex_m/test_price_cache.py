"""Prices on disk: the second run of an image prices nothing, and nothing else is different."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cmsim import Machine, prebuilt
from cmsim.cortex_m import blocks, price_cache
from cmsim.cortex_m.blocks import BlockTable, CodeMemory
from cmsim.cortex_m.price_cache import FILES, VARIABLE, PriceCache
from cmsim.timing import Code, Instructions, Manual, TimingModel
from cmsim.timing.silicon import Silicon

MOVS_BX = b"\x01\x20\x70\x47"  # movs r0, #1; bx lr
LDR_BX = b"\x00\x48\x70\x47"  # ldr r0, [pc]; bx lr


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Addresses of the blocks that were priced by reckoning."""
    addresses: list[int] = []

    def price(code: bytes, address: int, *rest: Any) -> Any:
        addresses.append(address)
        return reckon(code, address, *rest)

    reckon = blocks.price
    monkeypatch.setattr(blocks, "price", price)
    return addresses


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def table(flash: bytes, timing: TimingModel | None = None) -> BlockTable:
    memories = CodeMemory(0, bytearray(flash.ljust(256, b"\xff")), False), CodeMemory(0x2000_0000, bytearray(256), True)
    return BlockTable(memories, timing or Manual(), cached=True)


def learn(flash: bytes, timing: TimingModel | None = None) -> bytes:
    """Learn the first four bytes as a block, write what is new, and tell the slot."""
    learnt = table(flash, timing)
    learnt.learn(0, 4)
    slot = learnt._rooms[0].table[0].copy()
    slot["detail"] = 0  # an address
    learnt.save_prices()
    return bytes(slot.tobytes())


def test_what_was_priced_once_is_not_priced_again(priced: list[int]) -> None:
    assert learn(MOVS_BX) == learn(MOVS_BX)
    assert priced == [0]


def test_a_machine_prices_nothing_the_second_time_and_tells_the_same(priced: list[int]) -> None:
    def run() -> dict[str, Any]:
        machine = Machine(prebuilt.path("gesture"))
        machine.run(inferences=1)
        machine.cpu.blocks.save_prices()
        record = dict(machine.record)
        del record["wall_seconds"]
        return record

    first = run()
    assert len(priced) > 500
    priced.clear()
    assert run() == first
    assert priced == []


def test_another_image_model_or_place_is_priced_by_itself(priced: list[int]) -> None:
    for flash, timing in (
        (MOVS_BX, Manual()), (MOVS_BX + b"\1", Manual()), (MOVS_BX, Instructions()), (MOVS_BX, Silicon()),
    ):  # fmt: skip
        learn(flash, timing)
    assert len(priced) == 4
    cached = table(MOVS_BX, Silicon())
    cached.flash_code = Code.FLASH_CACHED
    cached.learn(0, 4)
    assert len(priced) == 5


def test_who_waits_inside_a_block_changes_its_price(priced: list[int]) -> None:
    learn(MOVS_BX)
    watched = table(MOVS_BX)
    watched.watch(2)
    assert watched.learn(0, 4)  # a hook is asked for first
    assert priced == [0, 0]


def test_flash_that_was_written_is_priced_anew(priced: list[int]) -> None:
    """The literal of a block may lie anywhere, so that no price is trusted from then on."""
    learn(LDR_BX)
    written = table(LDR_BX)
    written.learn(0, 4)
    written.code_changed(128, 4)
    written.learn(0, 4)
    assert priced == [0, 0]


def test_code_in_ram_is_never_kept(priced: list[int]) -> None:
    for _ in range(2):
        learnt = table(MOVS_BX)
        learnt.memories[1].data[:4] = MOVS_BX
        learnt.learn(0x2000_0000, 4)
    assert priced == [0x2000_0000] * 2


def test_two_processes_keep_what_both_priced() -> None:
    one, other = (PriceCache.of(MOVS_BX, Manual()) for _ in range(2))
    assert one is not None and other is not None
    learn(LDR_BX)
    price = next(iter(_entries(LDR_BX)))
    one.add((1,), price)
    other.add((2,), price)
    one.save()
    other.save()
    third = PriceCache.of(MOVS_BX, Manual())
    assert third is not None and third.get((1,)) == third.get((2,)) == price


def _entries(flash: bytes) -> list[blocks.Price]:
    found = PriceCache.of(table(flash).memories[0].data, Manual())
    assert found is not None
    return [blocks.Price(*entry) for entry in found._prices.values()]  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c[:40] + b"?" + c[41:], lambda c: b"", lambda c: b"x"])
def test_a_damaged_file_is_as_good_as_none(damage: Any, directory: Path, priced: list[int]) -> None:
    slot = learn(MOVS_BX)
    (file,) = directory.glob("*.prices")
    file.write_bytes(damage(file.read_bytes()))
    assert learn(MOVS_BX) == slot
    assert priced == [0, 0]
    assert learn(MOVS_BX) == slot
    assert priced == [0, 0]


def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert PriceCache.of(MOVS_BX, Manual()) is None


def test_by_default_it_is_in_the_users_cache_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert price_cache.directory() == tmp_path / "cmsim" / "blocks"


def test_a_place_that_cannot_be_written_to_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    learn(MOVS_BX)
    assert (tmp_path / "file").read_bytes() == b""


def test_a_model_that_is_not_ours_is_not_kept() -> None:
    class Mine(Instructions):
        pass

    assert PriceCache.of(MOVS_BX, Mine()) is None


def test_the_oldest_files_go(directory: Path) -> None:
    directory.mkdir()
    for n in range(FILES + 5):
        file = directory / f"{n}.prices"
        file.write_bytes(b"")
        os.utime(file, (n, n))
    learn(MOVS_BX)
    left = {file.name for file in directory.glob("*.prices")}
    assert len(left) == FILES
    assert not left & {f"{n}.prices" for n in range(6)}
