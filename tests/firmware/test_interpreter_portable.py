"""The interpreter in somebody else's project: the README's example, CMake's add_subdirectory, the Arduino library folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import FIRMWARE, HostInterpreter

SMALLEST = FIRMWARE / "examples/smallest/smallest.tflite"
ARM = ["arm-none-eabi-g++", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
HARNESS = """
#include <stdio.h>
#include <string.h>
#include "example.cc"
void report(const char* what, const char* text) { printf("%s: %s\\n", what, text); }
void report(const char* what, long number) { printf("%s: %ld\\n", what, number); }
extern "C" {
alignas(16) const uint8_t g_model[] = {@BYTES@};
const uint32_t g_model_size = sizeof g_model;
}
int main() {
    const int8_t values[8] = {100, -100, 50, 25, 0, 1, 2, 3};
    return printf("class %d\\n", classify(values, 8)) < 0;
}
"""
PROJECT = """
cmake_minimum_required(VERSION 3.21)
project(mine LANGUAGES C CXX ASM)
add_subdirectory("@FIRMWARE@" cmsim)
add_executable(mine harness.cc)
target_link_libraries(mine PRIVATE cmsim_interpreter)
"""


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
    return done.stdout


def example() -> str:
    """The C++ of firmware/README.md, without its declarations of functions that the reader has."""
    found = re.search(r"```cpp\n(.*?)```", (FIRMWARE / "README.md").read_text(), re.S)
    assert found
    return found[1]


def write_project(directory: Path) -> None:
    model = ", ".join(map(str, SMALLEST.read_bytes()))
    (directory / "example.cc").write_text("void report(const char*, const char*);\nvoid report(const char*, long);\n" + example())
    (directory / "harness.cc").write_text(HARNESS.replace("@BYTES@", model))
    (directory / "CMakeLists.txt").write_text(PROJECT.replace("@FIRMWARE@", str(FIRMWARE)))


def best_class() -> int:
    interpreter = HostInterpreter(SMALLEST.read_bytes())
    interpreter.set_input(0, np.array([100, -100, 50, 25, 0, 1, 2, 3], np.int8))
    interpreter.invoke()
    return int(interpreter.output(0, np.int8, 4).argmax())


def test_example_of_the_readme_has_about_thirty_lines() -> None:
    assert len(example().splitlines()) <= 40


def test_example_runs_in_a_project_of_its_own(tmp_path: Path) -> None:
    write_project(tmp_path)
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", *generator)
    run("cmake", "--build", tmp_path / "build", "--target", "mine", "--parallel", "2")
    assert run(tmp_path / "build" / "mine") == f"class {best_class()}\n"


def lay_out(directory: Path, kernels: str) -> Path:
    run("cmake", f"-DOUTPUT={directory}", f"-DKERNELS={kernels}", "-P", FIRMWARE / "cmake/arduino.cmake")
    return directory


def test_arduino_library_has_each_operator_once(tmp_path: Path) -> None:
    for kernels in ("dsp", "reference"):
        library = lay_out(tmp_path / kernels, kernels)
        found = Counter(name for file in (library / "src/kernels").rglob("*.cc")
                        for name in re.findall(r"^const Registration op::(\w+)", file.read_text(), re.M))
        assert found["CONV_2D"] == 1
        assert set(found.values()) == {1}
        assert (library / "library.properties").read_text().startswith("name=cmsim\n")


@pytest.mark.skipif(shutil.which(ARM[0]) is None, reason="ARDUINO LIBRARY NOT COMPILED: arm-none-eabi-g++ is not installed")
@pytest.mark.parametrize("kernels", ["dsp", "reference"])
def test_sketch_compiles_with_the_arduino_library(tmp_path: Path, kernels: str) -> None:
    source = lay_out(tmp_path / "cmsim", kernels) / "src"
    sketch = tmp_path / "sketch.cc"
    sketch.write_text('#include <cmsim.h>\nvoid report(const char*, const char*);\nvoid report(const char*, long);\n' + example())
    # What the sketch needs, as the Arduino Mbed core compiles it: C++14, char without a sign, floats in core registers at calls.
    needed = [*sorted((source / "interpreter").glob("*.cc")), source / "kernels/quantization.cc", sketch,
              *sorted((source / "kernels").glob("fully_connected*.cc")), *sorted((source / "kernels/dsp").glob("*.cc"))]
    run(*ARM, "-mfloat-abi=softfp", "-std=gnu++14", "-funsigned-char", "-Os", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra",
        "-Wno-unused-parameter", "-Werror", "-fsyntax-only", "-I", source, *needed)


def test_no_two_kernels_define_a_type_of_the_same_name() -> None:
    """Templates over them, as Context::allocate, would be merged by the linker: one would get the other's size."""
    names: Counter[str] = Counter()
    for file in [*FIRMWARE.glob("interpreter/*"), *FIRMWARE.glob("kernels/*.*"), *FIRMWARE.glob("kernels/dsp/*")]:
        # What stands in an unnamed namespace, which by our style has a line of its own at either end, is nobody else's.
        text = re.sub(r"^namespace \{$.*?^\}  // namespace$", "", file.read_text(), flags=re.M | re.S)
        names.update(re.findall(r"^(?:struct|class|union|enum class) (\w+)(?![\w<])[^;\n]*\{", text, re.M))
    assert [name for name, count in names.items() if count > 1] == []
