"""examples/ci as a user would have it: its suite, its baseline gate, and the commands of its pipelines."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
from support.plugin import environment, run_pytest

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "ci"
NETWORK = ("Install", "Comment")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone of a repository with the example as its only commit, built; on a branch."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    shutil.copytree(EXAMPLE, origin, ignore=shutil.ignore_patterns("build", "__pycache__", ".pytest_cache"))
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=origin, check=True)
    subprocess.run(["git", "clone", "-q", str(origin), str(clone)], check=True)
    shell(clone, "git checkout -q -b change && python build.py")
    return clone


def shell(where: Path, script: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """As a runner does it: stops at the first command that fails."""
    done = subprocess.run(["bash", "-e", "-c", script], cwd=where, env={**environment(), "BASE": "main"},
                          capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{script}\n{done.stdout}{done.stderr}"
    return done


def test_the_committed_baseline_holds(repository: Path) -> None:
    code, output = run_pytest(repository, "-n", "2")
    assert code == 0, f"{output}\nIf costs have changed: cd examples/ci && python build.py && pytest --cmsim-update"


def test_gate(repository: Path) -> None:
    baseline = repository / "tests" / "baselines" / "test_gesture.test_cost.json"
    assert run_pytest(repository, "-n", "2", "--cmsim-update")[0] == 0
    record = json.loads(baseline.read_bytes())
    for inference in record["inferences"]:
        inference["operators"][3]["cycles"] -= 5000
    baseline.write_text(json.dumps(record), encoding="utf-8")
    code, output = run_pytest(repository, "-n", "2")
    assert code == 1
    assert "operators/3:DEPTHWISE_CONV_2D" in output and "allowed +2%" in output
    assert run_pytest(repository, "-n", "2", "--cmsim-update")[0] == 0
    assert run_pytest(repository, "-n", "2")[0] == 0


def github_steps() -> dict[str, str]:
    """Name -> script of the workflow's `run: |` steps."""
    text = (EXAMPLE / ".github" / "workflows" / "firmware.yml").read_text(encoding="utf-8")
    found = {}
    for step in re.split(r"\n      - ", text)[1:]:
        name, _, script = step.partition("        run: |\n")
        if script:
            if name.startswith("name: Test"):
                assert "if: ${{ !cancelled() }}" in name  # also where the comparison has failed
            if name.startswith("name: Comment"):  # in a fork's pull request the step would fail
                assert "if: ${{ !cancelled() && github.event.pull_request.head.repo.full_name == github.repository" in name
            found[name.partition("\n")[0].removeprefix("name: ")] = textwrap.dedent(script)
    return found


def gitlab_script() -> list[str]:
    """The lines of `script:`."""
    text = (EXAMPLE / ".gitlab-ci.yml").read_text(encoding="utf-8")
    block = re.search(r"\n  script:\n((?:    - .*\n)+)", text)
    assert block is not None
    return [line.removeprefix("    - ") for line in block[1].splitlines()]


def test_commands_of_the_github_workflow(repository: Path) -> None:
    steps = github_steps()
    assert list(steps) == ["Install", "Build", "Measure", "Measure the base branch", "Compare", "Test", "Comment"]
    run_pytest(repository, "--cmsim-update")  # the gate has a test of its own
    for name, script in steps.items():
        if name not in NETWORK:
            shell(repository, script)
    comment = (repository / "build" / "compare.md").read_text(encoding="utf-8")
    assert comment.startswith("### cmsim: `gesture.elf` on nano33ble-sense\n\nWithin all limits.")
    assert (repository / "build" / "tests.xml").is_file()


def test_commands_of_the_gitlab_template(repository: Path) -> None:
    run_pytest(repository, "--cmsim-update")
    shell(repository, "\n".join(gitlab_script()))
    assert 'failures="0"' in (repository / "build" / "compare.xml").read_text(encoding="utf-8")


def test_what_is_too_slow_is_told_whole_and_fails_the_job(repository: Path) -> None:
    """Tests that fail do not keep the comparison from being made, nor the other way round."""
    stored = repository / "tests" / "baselines" / "test_gesture.test_cost.json"
    record = json.loads(stored.read_bytes())
    record["memory"]["stack_peak"] -= 8
    stored.write_text(json.dumps(record), encoding="utf-8")
    limited = [line.replace("stack_peak:+0", "stack_peak:-8") for line in gitlab_script()]
    shell(repository, "\n".join(limited), code=1)
    assert "**1 limit exceeded:**" in (repository / "build" / "compare.md").read_text(encoding="utf-8")
    assert 'failures="1"' in (repository / "build" / "compare.xml").read_text(encoding="utf-8")
    assert 'failures="1"' in (repository / "build" / "tests.xml").read_text(encoding="utf-8")
