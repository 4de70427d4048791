"""Arenas: where they are, what takes them, and the smallest that works, confirmed by building the firmware with it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.assembler import machine
from support.newlib import build

from cmsim import Machine, prebuilt
from cmsim.cli import main
from cmsim.errors import RunError, UsageError
from cmsim.image.cxx_names import arguments
from cmsim.measure.arena_search import ArenaSearch, least
from cmsim.report.html_arena import arenas

BOARD = "nrf52840dk"
PERSISTENT = 20 + 8 + 9 * 12 + 2 * 36 + 8 * 4
"""What tflm.cc takes from the arena's end; alignment adds to it."""
PLANNED = 1100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arena")


def firmware(folder: Path, arena: int, *options: str) -> Path:
    return build(folder, "tflm.cc", options=(f"-DARENA={arena}", *options), name=f"tflm-{arena}{''.join(options)}")


def search(elf: Path, **options: Any) -> ArenaSearch:
    return ArenaSearch(lambda: Machine(elf, BOARD), **options)


def runs(elf: Path) -> bool:
    m = Machine(elf, BOARD)
    assert m.run(seconds=1).reason == "exit"
    return m.exit_status == 0 and m.console("semihosting") == "result 206\n"


@pytest.mark.parametrize("arena, options", [
    (4096, ()), (4096, ("-DOLD",)), (4096, ("-DOWN_ALLOCATOR",)), (800, ()), (1344, ()), (3000, ("-DOFFSET=8",)),
    (1001, ("-DOFFSET=4",)),
], ids=["large", "old constructor", "allocator", "too small", "exact", "not aligned", "too small, not aligned"])
def test_rebuilding_confirms_the_minimum(folder: Path, arena: int, options: tuple[str, ...]) -> None:
    found = search(firmware(folder, arena, *options)).find()
    assert found.bytes is not None
    assert found.given.worked == (arena >= found.bytes)
    assert found.relocated == (arena < found.bytes)
    assert runs(firmware(folder, found.bytes, *options))
    assert not runs(firmware(folder, found.bytes - 16, *options))
    assert found.tries <= 12


def test_use_is_told_by_purpose(folder: Path) -> None:
    m = Machine(firmware(folder, 4096), BOARD)
    m.run(seconds=1)
    (arena,) = m.record["arenas"]
    assert (arena["size"], arena["base"] % 16) == (4096, 0)
    assert arena["function"] == "tflite::MicroInterpreter::MicroInterpreter"
    assert arena["used"] == arena["peak"] == m.record["memory"]["arena_used"]
    assert PLANNED + PERSISTENT <= arena["used"] < PLANNED + PERSISTENT + 16
    assert arena["purposes"]["activations and scratch"] == PLANNED
    assert arena["purposes"]["tensors"] == 9 * 12
    assert sum(arena["purposes"].values()) == arena["used"]
    assert arena["touched"] is None


def test_bytes_that_are_never_written(folder: Path) -> None:
    """The plan's 700 bytes, the input, the output, and everything persistent that has a value."""
    found = search(firmware(folder, 4096)).find(minimum=False)
    touched = found.touched
    assert touched is not None
    assert touched["written"] == 700 + 20 + 8 + 8 * 4
    assert touched["never"] == 4096 - touched["written"]
    assert [row["during"] for row in touched["rows"]] == ["prepare", "begin"]
    assert sum(touched["rows"][1]["changed"]) == pytest.approx(300, abs=12)
    assert found.bytes is None


def test_looking_costs_no_cycle(folder: Path) -> None:
    cycles = set()
    for how in ("plain", "painted", "not measured"):
        m = Machine(firmware(folder, 4096), BOARD, measure=how != "not measured")
        if how == "painted":
            assert m.arenas is not None
            m.arenas.paint()
        m.run(seconds=1)
        cycles.add(m.cycles)
    assert len(cycles) == 1


def test_own_interpreter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The prepared gesture application says itself what it uses, and that is the minimum."""
    file = tmp_path / "arena.json"
    assert main(["arena", "--json", str(file)]) == 0
    shown = capsys.readouterr().out
    record = json.loads(file.read_text())
    arena = record["arena"]
    assert record["minimum"] == arena["used"] == sum(arena["purposes"].values())
    assert record["works"] and not record["relocated"]
    assert arena["touched"]["written"] <= arena["used"]
    assert [row["during"] for row in arena["touched"]["rows"]][:4] == ["prepare", "begin", "QUANTIZE", "CONV_2D"]
    assert f"{record['minimum']:,}  works, 16 less do not" in shown


def test_heat_in_the_record(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    assert main(["run", "--inferences", "1", "--arena-heat", "--json", str(file)]) == 0
    touched = json.loads(file.read_text())["arenas"][0]["touched"]
    assert len(touched["rows"]) == 12
    assert touched["written"] + touched["never"] == 4096


def test_inlined_constructors(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without them the variable is the arena; as many of its bytes are written as with them, the rest stays unknown."""
    whole = firmware(folder, 4096)
    names = subprocess.run(["arm-none-eabi-nm", whole], capture_output=True, text=True, check=True).stdout.split()
    hidden = [name for name in names if name.startswith("_ZN6tflite") and re.search(r"C[12]E|6CreateE", name)]
    elf, file = tmp_path / "inlined.elf", tmp_path / "arena.json"
    subprocess.run(["arm-none-eabi-objcopy", *(f"--strip-symbol={name}" for name in hidden), whole, elf], check=True)
    assert main(["arena", str(elf), "--board", BOARD, "--json", str(file)]) == 0
    record, shown = json.loads(file.read_text()), capsys.readouterr().out
    arena, symbol = record["arena"], Machine(elf, BOARD).image.find(record["arena"]["function"])
    assert (arena["base"], arena["size"]) == (symbol.address, symbol.size) and symbol.size >= 4096
    assert arena["touched"]["written"] == 700 + 20 + 8 + 8 * 4
    assert arena["used"] is record["minimum"] is None and arena["purposes"] == {}
    assert record["works"] and not record["resizable"]
    assert f"which is {symbol.demangled}" in shown and "the smallest size cannot be tried" in shown
    assert main(["info", str(elf)]) == 0
    assert re.search(r"arena +what is written of it: all constructors were inlined", capsys.readouterr().out)


def test_nothing_found_is_told(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no arena found"):
        ArenaSearch(lambda: machine(tmp_path, "main: b .")).find()
    with pytest.raises(UsageError, match="no arena 1: 1 were constructed by tflite::Micro"):
        search(firmware(folder, 4096), index=1).find()
    assert main(["arena", str(firmware(folder, 4096)), "--board", BOARD, "--arena", "2"]) == 2
    assert "no arena 2" in capsys.readouterr().err


def test_firmware_that_never_works_is_told(folder: Path) -> None:
    """More inferences than the firmware does."""
    with pytest.raises(RunError, match="does not work with its own arena"):
        search(firmware(folder, 4096), inferences=2, seconds=1).find()


@pytest.mark.parametrize("truth", [1, 2, 17, 84, 99, 100])
@pytest.mark.parametrize("guess", [0, 1, 60, 84, 99, 100, 120])
def test_least(truth: int, guess: int) -> None:
    asked: list[int] = []

    def works(number: int) -> bool:
        asked.append(number)
        return number >= truth

    assert least(works, 100, guess) == truth
    assert len(asked) == len(set(asked)) <= 20


def test_arguments_of_a_name() -> None:
    assert arguments("f(int, std::map<int, char> const&, void (*)(int, int)) const") == [
        "int", "std::map<int, char> const&", "void (*)(int, int)"]  # fmt: skip
    assert arguments("ns::g()") == arguments("ns::g(void)") == arguments("plain") == []


def test_prebuilt_applications_have_an_arena(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("gesture", "person"):
        assert main(["info", str(prebuilt.path(name))]) == 0
        assert "arena        yes: cmsim::Interpreter::Interpreter" in capsys.readouterr().out


def test_the_page_shows_what_changed(folder: Path) -> None:
    m = Machine(firmware(folder, 4096), BOARD)
    assert m.arenas is not None
    m.arenas.paint()
    m.run(seconds=1)
    page = "".join(arenas(m.record))
    assert "Bytes that changed" in page and ">prepare</b>" in page and "var(--h5)" in page
