"""`cmsim model info` and `cmsim model embed` as their user meets them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cmsim.cli import main

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
GESTURE = FIRMWARE / "apps" / "gesture" / "gesture.tflite"


def test_info(capsys):
    assert main(["model", "info", str(GESTURE)]) == 0
    out = capsys.readouterr().out
    assert "MACs         11,728 an inference" in out
    assert "operators    10, of 9 kinds" in out
    assert "input 0      #0 motion: FLOAT32[1,40,1,6], 960 bytes" in out
    assert "  1 CONV_2D (version 3, 8,640 MACs)" in out
    assert "padding VALID, stride_w 1, stride_h 1, activation RELU" in out


def test_info_of_something_else(capsys, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(30))
    assert main(["model", "info", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cmsim: error: ")
    assert "not a TensorFlow Lite model" in err
    assert err.count("\n") == 1


def test_no_action(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["model"])
    assert leaving.value.code == 2
    assert "ACTION" in capsys.readouterr().err


def test_embed(capsys, tmp_path):
    target = tmp_path / "model.cc"
    assert main(["model", "embed", str(GESTURE), "-o", str(target)]) == 0
    source = target.read_text(encoding="ascii")
    array = source[source.index("g_model[] = {") :].partition("{")[2].partition("}")[0]
    assert bytes(int(number) for number in array.replace("\n", "").split(",")[:-1]) == GESTURE.read_bytes()
    assert f"g_model_size = {GESTURE.stat().st_size};" in source
    assert re.findall(r"cmsim::op::(\w+)", source) == [
        "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED", "MAX_POOL_2D", "QUANTIZE",
        "RESHAPE", "SOFTMAX"]
    assert main(["model", "embed", str(GESTURE)]) == 0
    assert capsys.readouterr().out == source


def test_embed_where_nothing_can_be_written(capsys, tmp_path):
    assert main(["model", "embed", str(GESTURE), "-o", str(tmp_path / "no" / "model.cc")]) == 2
    assert "cannot write there" in capsys.readouterr().err


def test_embed_name_that_is_no_identifier(capsys):
    with pytest.raises(SystemExit):
        main(["model", "embed", str(GESTURE), "--name", "a-b"])
    assert "g_a-b is not a C++ identifier" in capsys.readouterr().err


MAIN = """
#include <cstdint>
#include "interpreter/interpreter.h"
{declarations}
alignas(16) static uint8_t arena[8192];
cmsim::Interpreter interpreter(g_net, g_net_size, g_net_operators, arena, sizeof arena);
static_assert(sizeof g_net_operators / sizeof g_net_operators.list[0] == 9, "");
"""


@pytest.mark.skipif(shutil.which("c++") is None, reason="needs a C++ compiler")
def test_embedded_source_compiles(tmp_path):
    source, user = tmp_path / "net.cc", tmp_path / "main.cc"
    assert main(["model", "embed", str(GESTURE), "--name", "net", "-o", str(source)]) == 0
    comment = [line[3:].strip() for line in source.read_text().splitlines() if line.startswith("//  ")]
    user.write_text(MAIN.replace("{declarations}", "\n".join(line for line in comment if "extern" in line)))
    for path in (source, user):
        done = subprocess.run(
            ["c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", str(FIRMWARE), "-c", str(path),
             "-o", str(path.with_suffix(".o"))], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    symbols = subprocess.run(["nm", str(source.with_suffix(".o"))], capture_output=True, text=True, check=True).stdout
    for name in ("g_net", "g_net_size", "g_net_operators"):
        assert re.search(rf"^[0-9a-f]+ [RDB] {name}$", symbols, re.MULTILINE)
