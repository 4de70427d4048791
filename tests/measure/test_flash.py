"""What takes the flash: every table adds up, with and without the linker's map."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.newlib import build

from cmsim import Machine, prebuilt
from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.image import load
from cmsim.image.linker_map import load_map
from cmsim.measure.flash import KINDS, NO_FILE, NO_SYMBOL, PROGRAM, usage


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flash")
    return build(folder, "heap.c", options=(f"-Wl,-Map={folder / 'app.map'}",))


def table(elf: Path, kind: str, mapped: bool = True) -> dict[str, int]:
    return dict(usage(load(elf), kind, load_map(elf.with_suffix(".map")) if mapped else None))


@pytest.mark.parametrize("kind", KINDS)
def test_each_table_is_the_whole_image(elf: Path, kind: str) -> None:
    assert sum(table(elf, kind).values()) == load(elf).flash_used


@pytest.mark.parametrize("name", ["gesture", "person", "bench-dsp"])
@pytest.mark.parametrize("kind", KINDS[:4])
def test_shipped_images_too(name: str, kind: str) -> None:
    image = load(prebuilt.path(name))
    rows = usage(image, kind)
    assert sum(size for _, size in rows) == image.flash_used
    assert [size for _, size in rows] == sorted((size for _, size in rows), reverse=True)


def test_functions_of_one_name_are_rows_of_their_own() -> None:
    image = load(prebuilt.path("gesture"))
    alike = [s for s in image.symbols.functions if s.demangled.startswith("cmsim::(anonymous namespace)::invoke(")]
    rows = dict(usage(image, "function"))
    found = {name: size for name, size in rows.items() if name.endswith(": " + alike[0].demangled)}
    assert sorted(found.values()) == sorted(s.size for s in alike)
    assert any(name.startswith("depthwise_conv_2d.cc: cmsim::") for name in found)


def test_symbols_have_their_sizes(elf: Path) -> None:
    image, rows = load(elf), table(elf, "symbol")
    for name in ("_malloc_r", "_free_r", "leaky", "vectors"):
        assert rows[name] == image.find(name).size, name
    assert 0 < rows[NO_SYMBOL] < image.flash_used / 5


def test_libraries_come_from_the_map(elf: Path) -> None:
    rows = table(elf, "library")
    assert rows["libg_nano.a"] > rows[PROGRAM] > 500
    objects = table(elf, "object")
    assert any("libg_nano.a(" in name and "malloc" in name for name in objects)
    assert any(name.endswith(".o") and "heap.c" in name for name in objects)
    assert rows.get(NO_FILE, 0) < 200  # what the linker aligns


def test_debug_information_takes_no_flash(elf: Path) -> None:
    """The map places debug sections from address 0 on, as the code is: the objects' sizes are those of their code."""
    image, linker_map = load(elf), load_map(elf.with_suffix(".map"))
    for symbol in image.symbols.functions:
        if symbol.size and symbol.section == ".text":
            piece, end = linker_map.at(".text", symbol.address)
            assert piece is not None and piece.output == ".text" and not piece.section.startswith(".debug"), symbol
            assert piece.address <= symbol.address and symbol.address + symbol.size <= end, symbol
    rows, sizes = table(elf, "object"), table(elf, "symbol")
    heap = next(size for name, size in rows.items() if name.startswith("libg_nano.a(") and "nano-mallocr" in name)
    assert heap >= sizes["_malloc_r"]


def test_the_map_of_another_link_is_refused(elf: Path) -> None:
    folder = elf.parent
    other = build(folder, "heap.c", options=(f"-Wl,-Map={folder / 'other.map'}", "-DMORE"), nano=False, name="other")
    with pytest.raises(UsageError, match=r"the map is of another link: in it \.text has .* bytes at 0x00000000, in"):
        usage(load(elf), "library", load_map(other.with_suffix(".map")))


def test_without_a_map_objects_are_compilation_units(elf: Path) -> None:
    rows = table(elf, "object", mapped=False)
    assert any(name.endswith("newlib/heap.c") for name in rows)
    with pytest.raises(UsageError, match="--map"):
        table(elf, "library", mapped=False)


def test_link_time_optimisation_keeps_the_sources_apart(tmp_path: Path) -> None:
    """It makes one unit and one object file of all; the functions' files are known all the same."""
    file = tmp_path / "lto.map"
    whole = build(tmp_path, "sessions.cc", options=("-flto", f"-Wl,-Map={file}"), name="lto")
    image = load(whole)
    for rows in (dict(usage(image, "object")), dict(usage(image, "object", load_map(file)))):
        assert sum(rows.values()) == image.flash_used
        ours = sum(size for name, size in rows.items() if name.endswith("newlib/sessions.cc"))
        assert ours >= image.find("main").size > 20
        assert not any("<artificial>" in name for name in rows)
    m = Machine(whole, "nrf52840dk", lines=True)
    m.run(seconds=1)
    assert any(row["object"].endswith("newlib/sessions.cc") and row["cycles"] > 1000 for row in m.record["objects"])


def test_the_map_has_names_of_any_length(elf: Path) -> None:
    pieces = load_map(elf.with_suffix(".map")).pieces
    main_ = next(piece for piece in pieces if piece.section == ".text.startup.main")
    assert main_.address == load(elf).find("main").address
    assert all(piece.size for piece in pieces)


@pytest.mark.parametrize("text", ["", "Linker script and memory map\n\nnothing", "VMA LMA Size Align Out In Symbol\n"])
def test_what_is_no_map(tmp_path: Path, text: str) -> None:
    file = tmp_path / "app.map"
    file.write_text(text)
    with pytest.raises(UsageError, match="no map of GNU ld"):
        load_map(file)


def test_command_line(elf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "flash.json"
    assert main(["flash", str(elf), "--map", str(elf.with_suffix(".map")), "--by", "library", "--json", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "libg_nano.a" in shown
    tables = json.loads(file.read_text())
    assert {kind: sum(row["bytes"] for row in tables[kind]) for kind in KINDS} == dict.fromkeys(KINDS, tables["flash_used"])
    assert main(["flash", "--top", "3"]) == 0
    assert "more" in capsys.readouterr().out
    assert main(["flash", "--by", "library"]) == 2
    assert "--map" in capsys.readouterr().err


def test_an_image_without_sections_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "a.bin"
    raw.write_bytes(bytes(64))
    assert main(["flash", str(raw), "--base", "0"]) == 2
    assert "has no sections" in capsys.readouterr().err
