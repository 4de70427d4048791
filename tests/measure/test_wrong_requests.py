"""Measurements that cannot be made: one clear line, the right exit code, or a note where the run itself is fine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cmsim import prebuilt
from cmsim.cli import main

GESTURE = prebuilt.path("gesture")
SHORT = ("--seconds", "0.005")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The gesture application: whole, without debug information, without symbols, as bytes."""
    where = tmp_path_factory.mktemp("images")
    found = {"whole": GESTURE}
    for name, command in (("no-lines", ("strip", "-g")), ("no-symbols", ("strip",)), ("bytes", ("objcopy", "-O", "binary"))):
        found[name] = where / f"{name}.{'bin' if name == 'bytes' else 'elf'}"
        tool, *options = command
        files = [GESTURE, found[name]] if tool == "objcopy" else ["-o", found[name], GESTURE]
        subprocess.run([f"arm-none-eabi-{tool}", *options, *map(str, files)], check=True)
    return found


REFUSED = {
    "region of nobody": ("whole", ("run", "--region", "x=nobody..main"), "--region 'x=nobody..main'"),
    "region without symbols": ("no-symbols", ("run", "--region", "x=main..main"), "the image has no symbols"),
    "region by line without lines": ("no-lines", ("run", "--region", "x=main.cc:10..main"), "(compile with -g)"),
    "region at a peripheral": ("whole", ("run", "--region", "x=0x40000000..main"), "no code can run there"),
    "latency of nothing known": ("whole", ("run", "--latency", "moon,inference"), "write it as FROM,TO"),
    "latency of one": ("whole", ("run", "--latency", "inference"), "write it as FROM,TO"),
    "leaks without a heap": ("whole", ("run", "--leaks", "main..x"), "no allocator found"),
    "heat without an arena": ("no-symbols", ("run", "--arena-heat"), "--arena-heat: "),
    "arena without symbols": ("no-symbols", ("arena",), "no arena found"),
    "arena that was not made": ("whole", ("arena",), "no arena 0: 0 were constructed"),
    "arena below none": ("whole", ("arena", "--arena", "-1"), "'-1' is not a number from 0 on"),
    "inferences without symbols": ("no-symbols", ("run", "--inferences", "1"), "name it with --inference-function"),
    "profile by nothing": ("whole", ("profile", "--by", "mood"), "invalid choice: 'mood'"),
    "export of nothing": ("whole", ("profile", "--export", "mood=file"), "is not FORMAT=FILE"),
    "flash by library": ("whole", ("flash", "--by", "library"), "give its map with --map"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(images: dict[str, Path], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    image, (command, *options), message = REFUSED[name]
    try:
        code = main([command, str(images[image]), *options, *(SHORT if command != "flash" else ())])
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    told = capsys.readouterr().err
    assert (code, told.count("\n")) == (2, 1), told
    assert told.startswith("cmsim: error: ") and message in told


NOTED = {
    "profile without symbols": ("no-symbols", ("profile",), "0x00000"),
    "lines without lines": ("no-lines", ("profile", "--by", "line"), "compile with -g for lines and objects"),
    "objects without lines": ("no-lines", ("profile", "--by", "object"), "compile with -g for lines and objects"),
    "inlined without lines": ("no-lines", ("profile", "--by", "inlined"), "compile with -g for lines and objects"),
    "operators before an inference": ("whole", ("profile", "--by", "operator"), "no operators: no inference was completed"),
    "soak without an inference": ("whole", ("run", "--soak"), "drift: no inference and no heap to follow"),
    "latency of what never came": ("whole", ("run", "--latency", "pin:P9.99=low,inference"), "pin:P9.99=low never happened"),
    "both sides": ("whole", ("run", "--latency", "operator=NOBODY,inference"), "inference never happened; inference had no events"),
}


@pytest.mark.parametrize("name", NOTED)
def test_noted(images: dict[str, Path], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    image, (command, *options), note = NOTED[name]
    assert main([command, str(images[image]), *options, *SHORT]) == 0
    assert note in capsys.readouterr().out


def test_coverage_without_lines(images: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(images["no-symbols"]), "--coverage", str(tmp_path / "c.info"), *SHORT]) == 0
    assert "coverage: the image has no debug information; compile with -g" in capsys.readouterr().out


def test_bytes_have_a_profile_too(images: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profile", str(images["bytes"]), "--base", "0", *SHORT]) == 0
    assert "0x00000" in capsys.readouterr().out
