"""Source lines: against arm-none-eabi-addr2line where the compiler is installed, and on damaged debug information."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from support.elf import ALLOC, EXEC, ElfWriter, Sec, firmware

from cmsim.image import Image, LineTable, SourceLine, load, load_bytes

SOURCE = """\
#include "twice.h"
volatile int sink;
__attribute__((noinline)) int dropped(int x) { return x * 3; }
__attribute__((noinline)) int kept(int x) {
  for (int i = 0; i < x; i++)
    sink += twice(i);
  return sink;
}
extern "C" int main() {
  return kept(4) +
         twice(2);
}
"""
HEADER = """\
__attribute__((noinline)) inline int twice(int x) {
  return x
    + x;
}
"""
needs_compiler = pytest.mark.skipif(not shutil.which("arm-none-eabi-g++"), reason="needs arm-none-eabi-g++")


def compiled(directory: Path, *flags: str) -> Image:
    (directory / "src").mkdir()
    (directory / "include").mkdir()
    (directory / "src" / "main.cc").write_text(SOURCE)
    (directory / "include" / "twice.h").write_text(HEADER)
    base = "-mcpu=cortex-m4 -mthumb -O1 -ffunction-sections -nostdlib -Iinclude -Wl,--gc-sections -Wl,-e,main"
    layout = "-Wl,-Ttext=0x1000 -Wl,-Tdata=0x20000000"
    command = ["arm-none-eabi-g++", *base.split(), *layout.split(), *flags, "src/main.cc", "-o", "a.elf"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return load(directory / "a.elf")


@needs_compiler
@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_lines_agree_with_addr2line(tmp_path: Path, version: int) -> None:
    image = compiled(tmp_path, f"-gdwarf-{version}")
    text = next(section for section in image.sections if section.name == ".text")
    addresses = list(range(text.address, text.address + text.size, 2))
    listed = subprocess.run(
        ["arm-none-eabi-addr2line", "-e", tmp_path / "a.elf", *map(hex, addresses)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    expected = [None if re.search(r":[?0]$", line) else re.sub(r" \(.*", "", line) for line in listed]
    found = [image.line(address) for address in addresses]
    assert [line and str(line) for line in found] == expected
    assert image.lines.problems == ()
    files = {line.file for line in found if line}
    assert files == {f"{tmp_path}/src/main.cc", f"{tmp_path}/include/twice.h"}
    main = image.find("main").address
    assert image.line(main) == SourceLine(f"{tmp_path}/src/main.cc", 9)
    assert image.line(main | 1) == image.line(main)


@needs_compiler
def test_code_that_the_linker_dropped_hides_nothing(tmp_path: Path) -> None:
    image = compiled(tmp_path, "-g")
    assert "_Z7droppedi" not in image.symbols.by_name
    assert 3 not in {line.line for _, line in image.lines if line and line.file.endswith("main.cc")}
    assert image.line(0) is None
    assert image.line(0xFFFF_FFFE) is None


@needs_compiler
def test_mapped_paths_stay_as_the_compiler_wrote_them(tmp_path: Path) -> None:
    image = compiled(tmp_path, "-g", f"-ffile-prefix-map={tmp_path}=/project")
    line = image.line(image.find("main").address)
    assert line == SourceLine("/project/src/main.cc", 9)


@needs_compiler
def test_no_debug_information(tmp_path: Path) -> None:
    image = compiled(tmp_path, "-g0")
    assert image.line(image.find("main").address) is None
    assert len(image.lines) == 0


@needs_compiler
def test_damaged_debug_information_is_told_and_harmless(tmp_path: Path) -> None:
    compiled(tmp_path, "-g")
    data = bytearray((tmp_path / "a.elf").read_bytes())
    section = next(s for s in _raw_sections(bytes(data)) if s[0] == ".debug_line")
    data[section[1] + 4] = 0x7F  # the version of the line program
    image = load_bytes(bytes(data), "a.elf")
    assert image.line(image.find("main").address) is None
    assert len(image.lines.problems) >= 1


def _raw_sections(data: bytes) -> list[tuple[str, int, int]]:
    offset, size, count, names = struct.unpack_from("<I10xHHH", data, 32)
    assert size == 40
    headers = [struct.unpack_from("<10I", data, offset + 40 * i) for i in range(count)]
    strings = headers[names][4]
    return [(data[strings + h[0] : data.index(b"\0", strings + h[0])].decode(), h[4], h[5]) for h in headers]


def test_garbage_instead_of_debug_information() -> None:
    elf = firmware()
    elf.sections += [Sec(name, 0, b"\xff\x07" * 20, 0) for name in (".debug_info", ".debug_abbrev", ".debug_line")]
    image = load_bytes(elf.build(), "a.elf")
    assert image.line(0x100) is None
    assert image.lines.problems


def uleb(*values: int) -> bytes:
    assert all(value < 128 for value in values)
    return bytes(values)


def line_program(*sequences: bytes) -> bytes:
    """DWARF 2, one directory "dir", files "dir/one.c" and "two.c"."""
    opcodes = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1])
    names = b"dir\0\0" + b"one.c\0" + uleb(1, 0, 0) + b"two.c\0" + uleb(0, 0, 0) + b"\0"
    rest = bytes([2, 1, 0xFB, 14, 10]) + opcodes + names
    body = struct.pack("<HI", 2, len(rest)) + rest + b"".join(sequences)
    return struct.pack("<I", len(body)) + body


def sequence(address: int, *rows: tuple[int, int, int], length: int) -> bytes:
    """Rows (offset, file, line); lines must rise."""
    code = b"\0\x05\x02" + struct.pack("<I", address)
    at, line = 0, 1
    for offset, file, row_line in rows:
        code += b"\x02" + uleb((offset - at) // 2) + b"\x04" + uleb(file)
        code += b"\x03" + bytes([(row_line - line) & 0x7F]) + b"\x01"
        at, line = offset, row_line
    return code + b"\x02" + uleb((length - at) // 2) + b"\0\x01\x01"


def with_lines(*sequences: bytes) -> Image:
    abbreviations = bytes([1, 0x11, 0, 0x10, 0x06, 0x1B, 0x08, 0, 0, 0])
    unit = struct.pack("<HIB", 2, 0, 4) + b"\x01" + struct.pack("<I", 0) + b"/build\0"
    elf = ElfWriter(
        [
            Sec(".text", 0x1000, bytes(256), ALLOC | EXEC),
            Sec(".debug_info", 0, struct.pack("<I", len(unit)) + unit, 0),
            Sec(".debug_abbrev", 0, abbreviations, 0),
            Sec(".debug_line", 0, line_program(*sequences), 0),
        ]
    )
    return load_bytes(elf.build(), "a.elf")


def test_hand_made_line_program() -> None:
    image = with_lines(
        sequence(0x1010, (0, 1, 5), (4, 2, 9), (8, 2, 0), length=12),
        sequence(0x1000, (0, 1, 3), (0, 1, 4), length=16),
        sequence(0, (0, 1, 40), length=0x40),
        sequence(0xFFFF_FFF0, (0, 1, 50), length=8),
    )
    assert image.lines.problems == ()
    assert list(image.lines) == [
        (0x1000, SourceLine("/build/dir/one.c", 4)),
        (0x1010, SourceLine("/build/dir/one.c", 5)),
        (0x1014, SourceLine("/build/two.c", 9)),
        (0x1018, None),
        (0x101C, None),
    ]
    assert image.line(0x1017) == SourceLine("/build/two.c", 9)
    assert image.line(0xFFE) is None
    assert image.line(0x10F0) is None


def test_two_programs_for_the_same_code() -> None:
    image = with_lines(sequence(0x1000, (0, 1, 3), length=8), sequence(0x1000, (0, 2, 7), (10, 2, 8), length=16))
    assert image.line(0x1000) == SourceLine("/build/dir/one.c", 3)
    assert image.line(0x100A) == SourceLine("/build/two.c", 8)


def test_empty_table() -> None:
    table = LineTable()
    assert table.at(0) is None
    assert (len(table), list(table), table.problems) == (0, [], ())
