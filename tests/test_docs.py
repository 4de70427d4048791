"""What the documents say is so: links lead somewhere, examples run, the picture shows what is printed today."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cmsim.cli import main

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))
import picture

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [path for folder in (".", "docs", "examples", "firmware", "peripherals", "tests", "traces")
             for path in sorted((ROOT / folder).glob("*.md" if folder == "." else "**/*.md"))
             if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        assert (document.parent / path).is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (document.parent / path).read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings], target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(document: Path) -> None:
    directories = "cmsim|peripherals|firmware|tests|docs|benchmarks|traces"
    for name in re.findall(rf"`((?:{directories})/[\w./]*)`", document.read_text(encoding="utf-8")):
        assert (ROOT / name).exists() or (document.parent / name).exists(), name


def test_python_examples_run(tmp_path: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(examples) == 2
    (tmp_path / "recording.txt").write_text("0 0.1 0.2 9.8\n10 0.1 0.3 9.7\n20 0.2 0.2 9.9\n")
    for example in examples:
        command = (sys.executable, "-c", example)
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "inferences " in done.stdout
    assert (tmp_path / "recording.csv").read_text().startswith("time [s], accel x [g], accel y [g], accel z [g]\n")


def test_options_that_are_named_exist(capsys: pytest.CaptureFixture[str]) -> None:
    help_texts = ""
    for command in (["run"], ["info"], ["profile"], ["compare"], ["timing", "explain"], ["arena"], ["flash"], ["bench"]):
        with pytest.raises(SystemExit):
            main([*command, "--help"])
        help_texts += capsys.readouterr().out
    text = README.replace("--no-install-recommends", "")
    for option in set(re.findall(r"(--[a-z][a-z-]+)", text)):
        assert option in help_texts, option


def test_commands_for_a_fresh_machine_are_where_ci_looks_for_them() -> None:
    for name in ("install", "test"):
        block = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", README, re.DOTALL)
        assert block is not None
        assert all(line.startswith("    ") for line in block[1].splitlines())
        assert f"command_of {name}" in (ROOT / ".ci/run").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", ["firmware/README.md", "docs/timing.md"])
def test_firmware_is_configured_as_documented(document: str, tmp_path: Path) -> None:
    commands = re.findall(r"^    (cmake -S firmware .*)$", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 1
    command = commands[0].replace("-B build", f"-B {tmp_path}").split()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "arm-none-eabi" in (tmp_path / "CMakeCache.txt").read_text(encoding="utf-8")


def test_picture_shows_what_cmsim_run_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 0
    drawn = picture.draw(capsys.readouterr().out)
    assert drawn == picture.PICTURE.read_text(encoding="utf-8"), "run python docs/picture.py"
