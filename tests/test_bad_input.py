"""Each bad input ends in one clear line and the right exit code: 2 for what cannot be used, 1 for a run that failed."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.thumb import Program, hello

from cmsim import prebuilt, traces
from cmsim.cli import main
from cmsim.image import load

GESTURE = prebuilt.path("gesture")
MODEL = Path(__file__).resolve().parents[1] / "firmware/apps/gesture/gesture.tflite"
TITLES = "time [s], accel x [g], accel y [g], accel z [g]\n"

Complain = Callable[..., str]


@pytest.fixture
def complain(capsys: pytest.CaptureFixture[str]) -> Complain:
    """Run a command that must fail with `code`; its one line of complaint without the prefix."""

    def run(code: int, *arguments: str | Path) -> str:
        try:
            result = main([str(argument) for argument in arguments])
        except SystemExit as leaving:
            result = int(leaving.code or 0)
        err = capsys.readouterr().err
        assert result == code, err
        assert err.startswith("cmsim: error: ")
        assert err.count("\n") == 1
        return err.removeprefix("cmsim: error: ").rstrip("\n")

    return run


def without_vector_table() -> bytes:
    content = bytearray(hello().elf())
    start = content.index(b"\x00\x00\x04\x20")
    content[start : start + 8] = bytes(8)
    return bytes(content)


FIRMWARE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "the file is empty"),
    "text": (lambda: b"int main() {}\n", "does not begin like one"),
    "truncated": (lambda: hello().elf()[:100], "truncated ELF"),
    "another machine": (lambda: hello().elf(machine=62), "ELF for x86-64"),
    "big-endian": (lambda: hello().elf(order=2), "big-endian), but a Cortex-M needs"),
    "64 bits": (lambda: hello().elf(class_=2), "64-bit"),
    "outside flash": (lambda: hello().elf(base=0x20_0000), "segment 0x00200000-0x002000ff (.isr_vector) lies outside"),
    "no vector table": (without_vector_table, "no vector table"),
}


@pytest.mark.parametrize("name", FIRMWARE)
def test_firmware(name: str, complain: Complain, tmp_path: Path) -> None:
    content, message = FIRMWARE[name]
    file = tmp_path / "app.elf"
    file.write_bytes(content())
    said = complain(2, "run", file)
    assert said.startswith(f"{file}: ")
    assert message in said


def test_firmware_that_cannot_be_read(complain: Complain, tmp_path: Path) -> None:
    assert complain(2, "run", tmp_path / "no.elf").endswith("No such file or directory")
    assert complain(2, "run", tmp_path).endswith("Is a directory")
    assert complain(2, "info", tmp_path / "no.elf").endswith("No such file or directory")


def test_raw_binary(complain: Complain, tmp_path: Path) -> None:
    file = tmp_path / "app.bin"
    file.write_bytes(bytes(1000))
    assert "give the address of its first byte with --base" in complain(2, "run", file)
    assert "lies outside the memory map" in complain(2, "run", file, "--base", "0x200000")
    assert "no vector table" in complain(2, "run", file, "--base", "0")


TRACES = {
    "column": ("time [s], accel x [g]\n0,1\n", "missing column 'accel y [g]', 'accel z [g]'"),
    "time": ("accel x [g], accel y [g], accel z [g]\n0,0,1\n", "missing column 'time [s]'"),
    "unit": ("time [s], accel x [parsec]\n0,1\n", "unknown unit 'parsec' for accel x"),
    "no unit": ("time, accel x\n0,1\n", "column 'time' does not name its unit: write it as 'time [s]'"),
    "quantity": ("time [s], taste [g]\n0,1\n", "unknown quantity 'taste'"),
    "misspelt": ("time [s], acel_x [g]\n0,1\n", "unknown quantity 'acel_x': similar: accel x"),
    "one moment": (TITLES + "0,0,0,1\n", "lasts 0 s, so that the run would end before it begins"),
    "not a number": (TITLES + "0,1,2,nan\n", "column 4 (accel z) is nan"),
    "backwards": (TITLES + "1,0,0,1\n0,0,0,1\n", "time runs backwards: 0 s after 1 s"),
    "twice": (TITLES + "1,0,0,1\n1,0,0,1\n", "1 s"),
    "short row": (TITLES + "1,0,0\n", "3 values where the header has 4 columns"),
    "no samples": (TITLES, "only a header, no samples"),
    "nothing": ("", "empty file"),
}


@pytest.mark.parametrize("name", TRACES)
def test_trace(name: str, complain: Complain, tmp_path: Path) -> None:
    content, message = TRACES[name]
    file = tmp_path / "trace.csv"
    file.write_text(content)
    said = complain(2, "run", "--imu", file)
    assert said.startswith(str(file))
    assert message in said


def test_trace_that_cannot_be_read(complain: Complain, tmp_path: Path) -> None:
    assert "no such file" in complain(2, "run", "--imu", tmp_path / "no.csv")
    assert "not a file" in complain(2, "run", "--imu", tmp_path)
    assert "the name must end in .csv, .npz, .parquet" in complain(2, "run", "--imu", GESTURE)
    (tmp_path / "directory.csv").mkdir()
    assert "not a file" in complain(2, "run", "--imu", tmp_path / "directory.csv")


OPTIONS = {
    "board": (("--board", "zx81"), "board 'zx81' is not known; known boards: microbit-v2, nano33ble-sense, nrf52840dk"),
    "timing": (("--timing", "fast"), "--timing fast: not known; choose one of silicon, manual, cortex-m3, instructions"),
    "seconds": (("--seconds", "-1"), "'-1' is not a number of seconds above 0"),
    "seconds nan": (("--seconds", "nan"), "'nan' is not a number of seconds above 0"),
    "too long": (("--seconds", "1e30"), "'1e30' is not a number of seconds above 0 and below 1e+09"),
    "volts": (("--adc", "A0=1200"), "--adc A0: 1200 V: a pin stands -0.3 to 3.9 V"),
    "no volts": (("--adc", "A0=high"), "--adc 'A0=high': neither volts nor a trace's file"),
    "pin": (("--adc", "A9=1"), "pin 'A9' is not on board nano33ble-sense; known: A0, A1"),
    "inferences": (("--inferences", "0"), "'0' is not a positive number"),
    "no inferences": (("--inferences", "1"), "no inference function found; name it with --inference-function"),
    "function": (("--inference-function", "classify"), "no symbol 'classify'"),
    "text": (("--until", ""), "the text is empty"),
    "base": (("--base", "0"), "a base address is for raw binaries"),
    "vector": (("--vector", "0x80"), "no vector table at 0x00000080"),
    "not an address": (("--vector", "main"), "'main' is not an address such as 0x26000"),
    "far address": (("--vector", "0x100000000"), "not within the 32-bit address space"),
    "imu end": (("--imu-end", "never"), "invalid choice: 'never'"),
    "seed": (("--seed", "x"), "invalid int value: 'x'"),
    "unknown": (("--nonsense",), "unrecognized arguments: --nonsense"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_option(name: str, complain: Complain, tmp_path: Path) -> None:
    options, message = OPTIONS[name]
    assert message in complain(2, "run", hello().write(tmp_path / "app.elf"), *options)


@pytest.mark.parametrize("options", [
    ("run", "--inference-function", "g_model"),
    ("run", "--region", "a=g_model..main"),
    ("run", "--region", "a=main..return of g_model"),
    ("timing", "explain", "--function", "g_model"),
], ids=" ".join)  # fmt: skip
def test_data_where_code_is_meant(options: tuple[str, ...], complain: Complain) -> None:
    assert "g_model is data, not code: name a function or an address" in complain(2, *options)


def test_first_point_of_a_region_is_complained_of_first(complain: Complain) -> None:
    assert complain(2, "run", "--region", "a=mian..no").endswith("no symbol 'mian'; similar: main")


def test_firmware_where_a_model_is_meant_and_the_other_way_round(complain: Complain) -> None:
    assert complain(2, "bench", GESTURE).endswith("not a TensorFlow Lite model but an ELF file: `cmsim run` takes it")
    assert complain(2, "run", "--app", "person", "--model", GESTURE).endswith("not a TensorFlow Lite model")
    assert "this is a model, not firmware: `cmsim bench` runs it" in complain(2, "run", MODEL)


def test_arena_that_there_is_no_ram_for(complain: Complain) -> None:
    assert "--arena 1,000,000: the program leaves 253,920 bytes of RAM" in complain(2, "bench", MODEL, "--arena", "1000000")


def test_log_that_is_none(complain: Complain, tmp_path: Path) -> None:
    log = tmp_path / "board.log"
    log.write_text("boot\nnop 1.2.3\n")
    assert complain(2, "timing", "calibrate", "--microbench", GESTURE, log) == (
        f"{log}: line 2: nop: '1.2.3' is not a number of cycles; record the log again"
    )


def test_uf2_of_another_board(complain: Complain, tmp_path: Path) -> None:
    file = tmp_path / "app.uf2"
    file.write_bytes(struct.pack("<8I476sI", 0x0A324655, 0x9E5D5157, 0x2000, 0, 256, 0, 1, 0x621E937A, b"", 0x0AB16F30))
    assert complain(2, "run", file).endswith("UF2 for nRF52833, not for nRF52840: take the file for this chip")
    assert "no vector table" in complain(2, "run", file, "--board", "microbit-v2")


def test_command(complain: Complain) -> None:
    assert "COMMAND" in complain(2)
    assert "invalid choice: 'fly'" in complain(2, "fly")
    assert complain(2, "run", "--jsn=a") == (
        "unrecognized arguments: --jsn=a; did you mean --json? (see cmsim run --help)"
    )
    assert complain(2, "timing", "explain", "--function=f", "x", "y").endswith(
        "unrecognized arguments: y (see cmsim timing explain --help)"
    )


def test_record_that_cannot_be_written_is_told_before_the_run(complain: Complain, tmp_path: Path) -> None:
    endless = Program().spin().write(tmp_path / "endless.elf")
    nowhere = tmp_path / "no/record.json"
    assert "cannot write there: No such file" in complain(2, "run", endless, "--json", nowhere)
    assert "cannot write there: Is a directory" in complain(2, "run", endless, "--json", tmp_path)


def test_bad_option_leaves_no_empty_record(complain: Complain, tmp_path: Path) -> None:
    elf, file = hello().write(tmp_path / "app.elf"), tmp_path / "r.json"
    complain(2, "run", elf, "--inferences", "1", "--json", file)
    assert not file.exists()


# --- models that the shipped application cannot run ----------------------------------------------------------


def with_model(change: Callable[[bytearray], None]) -> bytes:
    """The gesture ELF with another model in the place of its own."""
    content, model = GESTURE.read_bytes(), MODEL.read_bytes()
    start = content.index(model)
    changed = bytearray(model)
    change(changed)
    assert len(changed) == len(model)
    return content[:start] + bytes(changed) + content[start + len(model) :]


def truncate(model: bytearray) -> None:
    model[2000:] = bytes(len(model) - 2000)


def not_a_model(model: bytearray) -> None:
    model[:] = bytes(len(model))


def with_unknown_operator(model: bytearray) -> None:
    """SOFTMAX (25) of the operator codes becomes SVDF (27): field 0 (int8) and field 3 (int32) of the table."""
    import tflite  # noqa: PLC0415

    codes = tflite.Model.GetRootAs(bytes(model)).OperatorCodes
    for index in range(tflite.Model.GetRootAs(bytes(model)).OperatorCodesLength()):
        table = codes(index)._tab
        if codes(index).BuiltinCode() != tflite.BuiltinOperator.SOFTMAX:
            continue
        for field, layout in ((4, "<b"), (10, "<i")):
            offset = table.Offset(field)
            if offset:
                struct.pack_into(layout, model, table.Pos + offset, tflite.BuiltinOperator.SVDF)
        return
    raise AssertionError("no SOFTMAX")


MODELS = {
    "truncated": (truncate, "error: model is damaged or not a .tflite file"),
    "zeros": (not_a_model, "error: model is damaged or not a .tflite file: no TFL3 flatbuffer"),
    "operator": (with_unknown_operator, "SVDF"),
}


@pytest.mark.parametrize("name", MODELS)
def test_model(name: str, complain: Complain, tmp_path: Path) -> None:
    change, message = MODELS[name]
    file = tmp_path / "app.elf"
    file.write_bytes(with_model(change))
    said = complain(1, "run", file, "--imu", traces.path("walk"))
    assert said.startswith("app.elf: idle (asleep at ")
    assert "before the trace ended; the firmware's last line: 'error: " in said
    assert message in said


def test_arena_too_small(complain: Complain, tmp_path: Path) -> None:
    """`mov.w rN, #4096` in main, which is the arena's size, becomes 2048."""
    content = GESTURE.read_bytes()
    main_ = load(GESTURE).find("main")
    code = load(GESTURE).read(main_.address, main_.size)
    assert code is not None
    smaller = re.sub(rb"\x4f\xf4\x80([\x50-\x5f])", lambda m: b"\x4f\xf4\x00" + bytes((m[1][0] + 0x10,)), code)
    assert smaller != code
    file = tmp_path / "app.elf"
    file.write_bytes(content.replace(code, smaller))
    said = complain(1, "run", file, "--imu", traces.path("walk"))
    missing = re.search(r"error: arena is too small, (\d+) bytes are missing", said)
    assert missing is not None
    assert 0 < int(missing[1]) < 2048


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc")
def test_directory_that_may_not_be_written(complain: Complain, tmp_path: Path) -> None:
    """/proc takes no new files, not even from root."""
    elf = hello().write(tmp_path / "app.elf")
    said = complain(2, "run", elf, "--json", "/proc/record.json")
    assert "cannot write there" in said


def test_no_traceback_from_the_installed_command(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("cmsim")
    done = subprocess.run((command, "run", tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"cmsim: error: {tmp_path}: cannot read the firmware file: Is a directory\n"
