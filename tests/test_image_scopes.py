"""Compilation units and inlined functions: against arm-none-eabi-addr2line, and on damaged debug information."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.elf import firmware

from cmsim import prebuilt
from cmsim.errors import UsageError
from cmsim.image import Image, load, load_bytes

SOURCE = """\
#include "twice.h"
volatile int other;
namespace {
volatile int sink;
inline int thrice(int x) { sink = 3; return x + twice(x); }
int add(int x) { sink = sink + thrice(x); return sink; }
}
extern "C" int main() {
  int sum = 0;
  for (int i = 0; i < sink; i++) sum += add(i);
  return sum;
}
"""
HEADER = """\
extern volatile int other;
struct Doubler { int of(int x) { other = other + 1; return x * 2; } };
inline int twice(int x) { Doubler d; other = x; return d.of(x); }
"""
needs_compiler = pytest.mark.skipif(not shutil.which("arm-none-eabi-g++"), reason="needs arm-none-eabi-g++")


def compiled(directory: Path, *flags: str) -> Image:
    (directory / "main.cc").write_text(SOURCE)
    (directory / "twice.h").write_text(HEADER)
    base = "-mcpu=cortex-m4 -mthumb -O2 -nostdlib -Wl,-e,main -Wl,-Ttext=0x1000 -Wl,-Tdata=0x20000000"
    command = ["arm-none-eabi-g++", *base.split(), *flags, "main.cc", "-o", "a.elf"]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return load(directory / "a.elf")


@needs_compiler
@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_inlined_functions_innermost_first(tmp_path: Path, version: int) -> None:
    image = compiled(tmp_path, f"-gdwarf-{version}")
    text = next(section for section in image.sections if section.name == ".text")
    chains = {tuple(f.name for f in image.scopes.inlined_at(a)) for a in range(text.address, text.address + text.size, 2)}
    plain = {tuple(name.rpartition("::")[2].partition("(")[0] for name in chain) for chain in chains}
    assert {(), ("add",), ("thrice", "add"), ("twice", "thrice", "add"), ("of", "twice", "thrice", "add")} <= plain
    if version > 2:
        assert ("(anonymous namespace)::add",) in {chain[-1:] for chain in chains}
    unit = image.scopes.unit_at(image.find("main").address)
    assert unit is not None
    assert unit.name == f"{tmp_path}/main.cc"
    assert image.scopes.problems == []


@pytest.mark.skipif(not shutil.which("arm-none-eabi-addr2line"), reason="needs arm-none-eabi-addr2line")
def test_depths_agree_with_addr2line() -> None:
    path = prebuilt.path("gesture")
    image = load(path)
    addresses = [a for f in image.symbols.functions if image.line(f.address) for a in range(f.address, f.address + f.size, 8)]
    command = ["arm-none-eabi-addr2line", "-i", "-f", "-a", "-e", str(path), *map(hex, addresses)]
    depths: list[int] = []
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("0x"):
            depths.append(-2)
        else:
            depths[-1] += 1
    assert [2 * len(image.scopes.inlined_at(a)) for a in addresses] == depths
    assert max(depths) >= 6


def test_without_debug_information_nothing_is_known() -> None:
    image = load_bytes(bytes(firmware().build()), "a.elf")
    assert image.scopes.unit_at(0x1000) is None
    assert image.scopes.inlined_at(0x1000) == []
    assert image.scopes.problems == []


@needs_compiler
def test_a_name_that_is_only_in_the_debug_information(tmp_path: Path) -> None:
    image = compiled(tmp_path, "-g")
    assert image.scopes.mentions("thrice")
    assert not image.scopes.mentions("thric") and not image.scopes.mentions("")
    with pytest.raises(UsageError, match=r"no symbol 'ns::thrice.int.'.*; the debug information knows the name: a"):
        image.find_code("ns::thrice(int)")
    with pytest.raises(UsageError, match=r"no symbol 'ns::main'; similar: main$"):
        image.find_code("ns::main")
    with pytest.raises(UsageError, match=r"no symbol 'thric'; similar: other$"):
        image.find_code("thric")


@needs_compiler
def test_damaged_debug_information_ends_nothing(tmp_path: Path) -> None:
    compiled(tmp_path, "-g")
    elf = (tmp_path / "a.elf").read_bytes()
    dump = ["arm-none-eabi-objdump", "-h", str(tmp_path / "a.elf")]
    sections = {f[1]: f for f in map(str.split, subprocess.run(dump, capture_output=True, text=True, check=True).stdout.splitlines()) if len(f) == 7}
    for name in (".debug_info", ".debug_abbrev"):
        size, offset = int(sections[name][2], 16), int(sections[name][5], 16)
        for at in range(11, size, 7):
            broken = bytearray(elf)
            broken[offset + at] ^= 0xFF
            image = load_bytes(bytes(broken), "a.elf")
            image.scopes.inlined_at(image.find("main").address)
            assert all("\n" not in problem for problem in image.scopes.problems)
