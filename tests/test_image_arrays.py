"""Array lengths by address: what compilers write of them, versions 2 to 5 of DWARF, nothing known, damage."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cmsim.image import Image, load, load_bytes

SOURCE = """\
#include <stdint.h>
extern uint32_t pair[3][192];
uint32_t pair[3][192];
static volatile char one[512] = {1};
typedef struct { char bytes[200]; } Item;
const Item items[5] = {{{1}}};
volatile uint32_t plain = 3;
struct Holder { static uint32_t inside[7]; };
uint32_t Holder::inside[7];
extern "C" int main() { return one[0] + pair[1][2] + items[1].bytes[0] + Holder::inside[1] + plain; }
"""
LENGTHS = {"pair": 3, "one": 512, "items": 5, "plain": None, "Holder::inside": 7, "main": None}
COMPILERS = {
    "arm-none-eabi-g++": ["-mcpu=cortex-m4", "-mthumb", "-O0"],
    "clang++": ["--target=arm-none-eabi", "-mcpu=cortex-m4", "-mthumb", "-O0", "-ffreestanding"],
}


def compiled(directory: Path, compiler: str, *flags: str) -> Image:
    if not (shutil.which(compiler) and shutil.which("arm-none-eabi-ld")):
        pytest.skip(f"needs {compiler} and arm-none-eabi-ld")
    (directory / "main.cc").write_text(SOURCE.replace("#include <stdint.h>", "typedef unsigned int uint32_t;"))
    commands = (
        [compiler, *COMPILERS[compiler], *flags, "-c", "main.cc", "-o", "main.o"],
        ["arm-none-eabi-ld", "-e", "main", "-Ttext=0x1000", "-Tdata=0x20000000", "main.o", "-o", "a.elf"],
    )
    for command in commands:
        subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return load(directory / "a.elf")


def lengths(image: Image) -> dict[str, int | None]:
    found = {symbol.demangled: image.array_length(symbol.address) for symbol in image.symbols}
    return {name: found[name] for name in LENGTHS if name in found}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_the_outermost_count(tmp_path: Path, compiler: str, version: int) -> None:
    assert lengths(compiled(tmp_path, compiler, f"-gdwarf-{version}")) == LENGTHS


def test_nothing_is_known_without_debug_information(tmp_path: Path) -> None:
    image = compiled(tmp_path, "arm-none-eabi-g++")
    assert set(lengths(image).values()) == {None}
    assert load_bytes(b"\0" * 64, "raw.bin", base=0).array_length(0) is None


def test_damaged_debug_information_is_not_known(tmp_path: Path) -> None:
    image = compiled(tmp_path, "arm-none-eabi-g++", "-gdwarf-5")
    data = bytearray((tmp_path / "a.elf").read_bytes())
    place = b"\x05\x03" + image.find("pair").address.to_bytes(4, "little")
    at = data.find(place)
    assert at > 0
    for distance in range(1, 20):  # the entry in front of the location, its type among it
        damaged = bytearray(data)
        damaged[at - distance] ^= 0xFF
        length = load_bytes(bytes(damaged), "a.elf").array_length(image.find("pair").address)
        assert length is None or isinstance(length, int)
