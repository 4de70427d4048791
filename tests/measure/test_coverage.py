"""Lines, objects and coverage: sums to the cycle, and counts that the host's gcov confirms."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.assembler import machine
from support.firmware import firmware_elfs, require_tools

from cmsim import Machine, prebuilt, traces
from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.measure.coverage import Coverage, FileCoverage
from cmsim.report.lcov import lcov, write_lcov
from cmsim.timing.explain import straight_runs

__all__ = ["firmware_elfs"]

ELFS = sorted(path.stem for path in (Path(__file__).parents[1] / "firmware" / "src").glob("*.cc"))
SOURCE = """\
volatile int sink;
static int clamp(int x) {
  if (x < 0)
    return 0;
  if (x > 10)
    return 10;
  return x;
}
__attribute__((noinline)) int never(int x) {
  if (x == 3)
    return 4;
  return x;
}
static int thrice(int x) {
  return
    3 * x;
}
int main(void) {
  for (int i = -2;
       i < 20;
       i++)
    sink += clamp(i);
  switch (sink) {
    case 1:
      sink = 2;
      break;
    default:
      sink = 3;
  }
  while (sink < 100)
    sink = thrice(sink);
  if (sink == 99 && never(3))
    sink = 5;
  return 0;
}
#ifdef TABLE
__attribute__((noinline, used)) int table(int n, int x) {
  static const void* const cases[] = {&&first, &&second, &&third};
  goto *cases[n];
first:
  if (x > 3) sink = 1;
  return 1;
second:
  if (x < -3) sink += 1;
third:
  while (x-- > 0) sink += x;
  return 3;
}
#endif
"""
START = """
.syntax unified
.cpu cortex-m4
.thumb
.section .vectors, "a"
.word 0x20040000, start
.rept 14
.word hang
.endr
.text
.thumb_func
.global start
start: bl main
.thumb_func
hang: b hang
"""


def compiled(directory: Path, *flags: str) -> Path:
    require_tools()
    (directory / "program.c").write_text(SOURCE)
    (directory / "start.s").write_text(START)
    layout = "-Wl,-Ttext=0x100 -Wl,--section-start=.vectors=0 -Wl,-Tbss=0x20000000 -Wl,-e,start"
    command = ["arm-none-eabi-gcc", "-g", "-mcpu=cortex-m4", "-mthumb", "-nostdlib", *layout.split(), *flags,
               "start.s", "program.c", "-o", "program.elf"]
    subprocess.run(command, cwd=directory, check=True)
    return directory / "program.elf"


def covered(directory: Path, *flags: str) -> Machine:
    m = Machine(compiled(directory, *flags), "nrf52840dk", coverage=True, lines=True, timing="manual")
    m.run(seconds=1e-3)
    return m


def of_program(m: Machine) -> FileCoverage:
    assert m.coverage is not None
    return next(file for path, file in m.coverage.files.items() if path.endswith("program.c"))


def gcov(directory: Path) -> dict[int, int]:
    """What the host's compiler counts for the same source."""
    subprocess.run(["gcc", "-O0", "--coverage", "program.c", "-o", "host"], cwd=directory, check=True)
    subprocess.run([directory / "host"], cwd=directory, check=True)
    subprocess.run(["gcov", "host-program.gcda"], cwd=directory, check=True, capture_output=True)
    found = {}
    for text in (directory / "program.c.gcov").read_text().splitlines():
        count, line, _ = text.split(":", 2)
        if int(line) and count.strip() != "-":
            found[int(line)] = int(count.strip().rstrip("*").replace("#####", "0"))
    return found


@pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("gcov")), reason="needs the host's gcc and gcov")
def test_lines_run_as_often_as_gcov_says(tmp_path: Path) -> None:
    m = covered(tmp_path, "-O0")
    lines = of_program(m).lines
    counted = gcov(tmp_path)
    labels = {line for line in counted if line not in lines}  # BREAK and DEFAULT, which have no code of their own here
    assert labels <= {24, 25, 26, 27}
    assert {line: lines[line] for line in counted.keys() - labels} == {k: v for k, v in counted.items() if k not in labels}
    assert sum(runs == 0 for runs in lines.values()) >= 6


def test_both_ways_of_branches(tmp_path: Path) -> None:
    branches = of_program(covered(tmp_path, "-O0")).branches
    (negative,), (large,) = branches[3], branches[5]
    assert sorted((negative.taken, negative.not_taken)) == [2, 20]  # type: ignore[type-var]
    assert sorted((large.taken, large.not_taken)) == [9, 11]  # type: ignore[type-var]
    (loop,) = branches[20]
    assert sorted((loop.taken, loop.not_taken)) == [1, 22]  # type: ignore[type-var]
    (unreached,) = branches[10]
    assert (unreached.taken, unreached.not_taken) == (None, None)


def test_functions_that_never_ran(tmp_path: Path) -> None:
    m = covered(tmp_path, "-O0")
    assert m.coverage is not None
    assert [symbol.name for symbol in m.coverage.never] == ["never"]
    assert {f.name: f.runs for f in of_program(m).functions} == {"clamp": 22, "never": 0, "thrice": 4, "main": 1}
    record = m.record["coverage"]
    never = m.image.find("never")
    assert record["never"] == [{"name": "never", "address": never.address, "size": never.size}]
    assert (record["never_bytes"], record["functions"] - record["functions_run"]) == (never.size, 1)


def test_branches_that_only_a_table_of_addresses_leads_to(tmp_path: Path) -> None:
    """No case runs, and nothing says where they begin but the lines; their branches are there all the same."""
    m = covered(tmp_path, "-O1", "-DTABLE")
    text = subprocess.run(["arm-none-eabi-objdump", "-d", tmp_path / "program.elf"], capture_output=True, text=True,
                          check=True).stdout
    listed = {int(at, 16) for at in re.findall(r"^ +([0-9a-f]+):\t[0-9a-f ]+\t(?:cbn?z|b(?:eq|ne|gt|lt|ge|le|hi|ls|cs|cc))\b",
                                               text, re.MULTILINE)}  # fmt: skip
    branches = {b.address: b for rows in of_program(m).branches.values() for b in rows}
    assert set(branches) == listed
    table = m.image.find("table")
    within = [at for at in branches if table.address <= at < table.address + table.size]
    assert len(within) >= 2
    assert all(branches[at].taken is None for at in within)
    followed = straight_runs(m.read(table.address, table.size), table.address)
    assert not any(i.address in within for run in followed for i in run)


def test_functions_without_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elf, file = compiled(tmp_path, "-O0"), tmp_path / "program.info"
    subprocess.run(["arm-none-eabi-strip", "-g", elf], check=True)
    assert main(["run", str(elf), "--board", "nrf52840dk", "--seconds", "0.001", "--coverage", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "compile with -g for lines and branches" in shown
    assert re.search(r"^functions +\d+ +\d+ +[\d.]+ %$", shown, re.MULTILINE)
    assert re.search(r"\d+  never\b", shown)


def test_cycles_by_line_object_and_inlined_function(tmp_path: Path) -> None:
    m = covered(tmp_path, "-O1")
    record = m.record
    check_sums(m)
    units = {row["object"].rpartition("/")[2]: row["cycles"] for row in record["objects"]}
    assert units.keys() == {"program.c", "start.s"} or units.keys() == {"program.c", "(no debug information)"}
    rows = [row for row in record["lines"] if row["file"]]
    assert {row["function"] for row in rows} >= {"main", "clamp"}
    clamp = next(row for row in record["inlined"] if row["function"] == "clamp")
    assert clamp["into"] == "main"
    assert clamp["cycles"] == sum(row["cycles"] for row in rows if row["function"] == "clamp") > 22


def test_a_refill_belongs_to_the_line_of_the_branch(tmp_path: Path) -> None:
    """A loop of one instruction a line: a taken branch costs 1 and the refill, the others 1."""
    m = machine(tmp_path, """
        .file 1 "loop.s"
        .loc 1 1
        main: movs r0, #100
        .balign 4
        .loc 1 2
        loop: subs r0, #1
        .loc 1 3
              bne loop
        .loc 1 4
        end:  b end
    """, functions=["main"], lines=True, timing="manual")  # fmt: skip
    m.run(seconds=1e-5)
    rows = {row["line"]: row for row in m.record["lines"]}
    assert rows[2]["runs"] == rows[3]["runs"] == 100
    assert rows[2]["cycles"] == 100
    assert rows[3]["cycles"] == 100 + 99 * 1  # the manual's table has a refill of 1 cycle
    check_sums(m)


def check_sums(m: Machine) -> None:
    record = m.record
    assert sum(row["cycles"] for row in record["lines"]) == m.cycles
    assert sum(row["cycles"] for row in record["objects"]) == m.cycles
    assert "(unattributed)" not in {row["function"] for row in record["lines"]}


@pytest.mark.parametrize("name", ELFS)
def test_every_cycle_has_a_line(firmware_elfs: Path, name: str) -> None:
    m = Machine(firmware_elfs / f"{name}.elf", "nrf52840dk", lines=True)
    m.run(seconds=0.05)
    check_sums(m)


def test_an_application_with_everything_on() -> None:
    plain = Machine(prebuilt.path("gesture"), imu=traces.path("walk"))
    m = Machine(prebuilt.path("gesture"), imu=traces.path("walk"), lines=True, coverage=True, profile=True, timeline=True)
    for one in (plain, m):
        one.run(inferences=1, seconds=10)
    assert (m.cycles, m.instructions) == (plain.cycles, plain.instructions)
    check_sums(m)
    record = m.record
    assert not {"lines", "objects", "inlined", "coverage"} & plain.record.keys()
    assert plain.coverage is None
    functions = {row["name"]: row["exclusive_cycles"] for row in record["profile"]["functions"]}
    asleep = next(row["cycles"] for row in record["lines"] if row["function"] == "(sleep)")
    assert asleep == functions["(sleep)"]
    assert 0.3 < record["coverage"]["lines_run"] / record["coverage"]["lines"] < 1


def test_a_reset_ends_no_count(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: nop\nend: b end", functions=["main"], coverage=True, lines=True)
    for _ in range(2):
        m.run(seconds=1e-5)
        m.reset()
    check_sums(m)
    assert m.counted is not None
    runs = {ran.block.address: ran.runs for ran in m.counted.counter.blocks()}
    assert runs[m.image.find("main").address] == 2


# --- LCOV -------------------------------------------------------------------------------------------------------------


def read_lcov(text: str) -> dict[str, dict[str, Any]]:
    """A reader of tracefiles that checks their sums."""
    found: dict[str, dict[str, Any]] = {}
    for record in text.partition("\n")[2].split("end_of_record\n")[:-1]:
        lines = record.splitlines()
        rows: dict[str, list[str]] = {}
        for line in lines:
            key, _, value = line.partition(":")
            rows.setdefault(key, []).append(value)
        das = [tuple(map(int, value.split(","))) for value in rows.get("DA", [])]
        brdas = [value.split(",") for value in rows.get("BRDA", [])]
        assert rows["LF"] == [str(len(das))]
        assert rows["LH"] == [str(sum(runs > 0 for _, runs in das))]
        assert rows["BRF"] == [str(len(brdas))]
        assert rows["BRH"] == [str(sum(b[3] not in "-0" for b in brdas))]
        calls = [value.split(",", 1) for value in rows.get("FNDA", [])]
        assert rows["FNF"] == [str(len(calls))]
        assert rows["FNH"] == [str(sum(int(runs) > 0 for runs, _ in calls))]
        assert {v.split(",", 1)[1] for v in rows.get("FN", [])} == {name for _, name in calls}
        (path,) = rows["SF"]
        found[path] = {"lines": dict(das), "functions": {name: int(runs) for runs, name in calls}, "branches": brdas}
    return found


def test_lcov(tmp_path: Path) -> None:
    m = covered(tmp_path, "-O0")
    assert m.coverage is not None
    write_lcov(m.coverage, tmp_path / "program.info", "a test-1")
    text = (tmp_path / "program.info").read_text()
    assert text == lcov(m.coverage, "a test-1")
    assert text.startswith("TN:a_test_1\nSF:")
    read = read_lcov(text)
    file = read[f"{tmp_path}/program.c"]
    assert file["lines"] == of_program(m).lines
    assert file["functions"]["never"] == 0
    assert file["functions"]["clamp"] == 22
    assert ["10", "0", "0", "-"] in file["branches"]


def test_lcov_of_nothing(tmp_path: Path) -> None:
    assert lcov(Coverage(), "x") == "TN:x\n"
    with pytest.raises(UsageError, match="cannot write there"):
        write_lcov(Coverage(), tmp_path / "missing" / "file")


# --- by the commands --------------------------------------------------------------------------------------------------


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elf, file = compiled(tmp_path, "-O1"), tmp_path / "program.info"
    assert main(["run", str(elf), "--board", "nrf52840dk", "--seconds", "0.001", "--coverage", str(file)]) == 0
    shown = capsys.readouterr().out
    for what in ("lines", "branches", "functions"):
        assert re.search(rf"^{what} +\d+ +\d+ +[\d.]+ %$", shown, re.MULTILINE)
    assert re.search(r"\d+  never\b", shown)
    assert read_lcov(file.read_text())
    for by, expected in (("line", "program.c:"), ("object", "program.c"), ("inlined", "clamp in main")):
        assert main(["profile", str(elf), "--board", "nrf52840dk", "--seconds", "0.001", "--by", by]) == 0
        assert expected in capsys.readouterr().out
    missing = tmp_path / "missing" / "file"
    assert main(["run", str(elf), "--board", "nrf52840dk", "--coverage", str(missing)]) == 2
    assert "cannot write there" in capsys.readouterr().err
