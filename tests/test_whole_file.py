from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cmsim import prebuilt
from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.whole_file import write_whole


def test_new_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_whole(path, "é\n")
    assert path.read_bytes() == b"\xc3\xa9\n"
    path.chmod(0o640)
    write_whole(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("of value")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"from cmsim.whole_file import write_whole; write_whole({str(path)!r}, bytes(5000))"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=False)
    assert f"UsageError: {path}: cannot write there: File too large" in done.stderr
    assert path.read_text() == "of value"
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "target", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(target)
    write_whole(link, "text")
    assert link.is_symlink()
    assert target.read_text() == "text"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="no /dev/stdout")
def test_standard_output_that_is_a_pipe() -> None:
    code = "from cmsim.whole_file import write_whole; write_whole('/dev/stdout', 'text')"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("text", "")


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"x/y: cannot write there: No such file or directory"):
        write_whole(tmp_path / "x/y", "")


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    path = tmp_path / "app.elf"
    path.write_bytes(prebuilt.path("gesture").read_bytes())
    return path


@pytest.mark.parametrize("option", ["--json", "--html", "--vcd", "--coverage"])
def test_firmware_is_not_overwritten(option: str, firmware: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = firmware.read_bytes()
    assert main(["run", str(firmware), option, str(firmware.parent / "../" / firmware.parent.name / "app.elf")]) == 2
    assert f"{option} would overwrite what is read as firmware; name another file" in capsys.readouterr().err
    assert firmware.read_bytes() == before


def test_text_that_is_no_file_name(firmware: Path) -> None:
    json = firmware.parent / "record.json"
    assert main(["run", str(firmware), "--seconds", "0.01", "--input", "x" * 5000 + "@1ms", "--json", str(json)]) == 0
    assert json.exists()


def test_two_outputs_are_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out"
    assert main(["profile", "--json", str(path), "--export", f"csv={path}"]) == 2
    assert capsys.readouterr().err == (
        f"cmsim: error: {path}: --json and --export csv would both be written there; name two files\n"
    )
    assert not path.exists()


def test_records_and_traces_are_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "base.json"
    record.write_text("{}")
    assert main(["compare", str(record), str(record), "--output", str(record)]) == 2
    assert "--output would overwrite what is read as base" in capsys.readouterr().err
    assert main(["run", "--sensor", f"barometer={record}", "--json", str(record)]) == 2
    assert "--json would overwrite a trace of --sensor" in capsys.readouterr().err
    assert record.read_text() == "{}"


@pytest.mark.parametrize("command", [["flash", "--json"], ["arena", "--json"], ["bench", "no.tflite", "--json"],
                                     ["profile", "--export"], ["run", "--vcd"]])  # fmt: skip
def test_what_cannot_be_written_is_told_first(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "no" / "file"
    assert main([*command, f"csv={file}" if command[-1] == "--export" else str(file)]) == 2
    assert capsys.readouterr().err == f"cmsim: error: {file}: cannot write there: No such file or directory\n"
