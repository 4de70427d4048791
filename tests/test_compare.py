"""`cmsim compare`: metrics, limits, what cannot be compared, and every output format."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.cli import main
from cmsim.compare import Limit, compare, load_record
from cmsim.errors import UsageError
from cmsim.metrics import essence, functions, operators, totals
from cmsim.report import benchmark_json, compare_markdown, compare_text, junit


def inference(index: int, conv: int) -> dict[str, Any]:
    ops = [("QUANTIZE", 100), ("CONV_2D", conv), ("CONV_2D", 500)]
    return {"index": index, "start_cycle": 10_000 * index, "cycles": conv + 700, "instructions": conv, "stack_peak": 64,
            "operators": [{"index": i, "name": name, "function": f"f{i}", "source": f"k.cc:{i}", "cycles": cycles,
                           "instructions": cycles} for i, (name, cycles) in enumerate(ops)]}


@pytest.fixture
def base() -> dict[str, Any]:
    return {
        "schema": 1, "firmware": {"name": "app.elf", "format": "ELF"}, "board": "nano33ble-sense", "timing": "manual",
        "cycles": 20_000, "instructions": 9_000, "seconds": 0.1, "wall_seconds": 1.0, "console": {},
        "inferences": [inference(0, 1000), inference(1, 1001)],
        "memory": {"flash_used": 4096, "static_ram": 2000, "stack_size": 1024, "stack_peak": 100, "heap_peak": None,
                   "arena_size": 512, "arena_used": 256},
        "profile": {"functions": [{"name": "conv", "exclusive_cycles": 2000, "inclusive_cycles": 2001, "calls": 2},
                                  {"name": "a::b<c::d>", "exclusive_cycles": 7, "inclusive_cycles": 7, "calls": 1}]},
    }


@pytest.fixture
def slow(base: dict[str, Any]) -> dict[str, Any]:
    new = copy.deepcopy(base)
    new["inferences"] = [inference(0, 1500), inference(1, 1501)]
    new["memory"]["stack_peak"] = 108
    new["profile"]["functions"][0]["exclusive_cycles"] = 3000
    new["profile"]["functions"].append(
        {"name": "helper", "exclusive_cycles": 5, "inclusive_cycles": 5, "calls": 1})
    return new


def test_metrics_of_a_record(base: dict[str, Any]) -> None:
    values = totals(base)
    assert values["inference_mean"] == Fraction(3401, 2)
    assert values["inference_max"] == 1701
    assert values["heap_peak"] is None
    assert list(operators(base)) == ["0:QUANTIZE", "1:CONV_2D", "2:CONV_2D"]
    assert operators(base)["1:CONV_2D"] == (Fraction(2001, 2), "f1 at k.cc:1")
    assert functions(base) == {"conv": (2000, ""), "a::b<c::d>": (7, "")}


def test_only_inferences_with_the_last_ones_operators_count(base: dict[str, Any]) -> None:
    base["inferences"][0]["operators"].pop()
    assert operators(base)["1:CONV_2D"][0] == 1001


@pytest.mark.parametrize("text, base, most", [
    ("+1%", 1000, 1010), ("+0.5%", 1000, 1005), ("+0", 7, 7), ("+64", 100, 164), ("4096", 1, 4096), ("-5%", 1000, 950),
    ("-8", 100, 92), ("+0%", 33, 33),
])
def test_limits(text: str, base: int, most: int) -> None:
    assert Limit.parse(text).most(Fraction(base)) == most


@pytest.mark.parametrize("text", ["", "1%", "+", "+1 %%", "a", "+1e3", "--1", "+1%x"])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(UsageError, match="limit"):
        Limit.parse(text)


@given(st.integers(0, 10**12), st.integers(0, 10**4))
def test_a_limit_is_exact(base: int, percent: int) -> None:
    most = Limit.parse(f"+{percent / 100:.2f}%").most(Fraction(base))
    assert most * 10_000 == base * (10_000 + percent)


def test_a_record_is_equal_to_itself(base: dict[str, Any]) -> None:
    same = compare(base, copy.deepcopy(base), {"cycles": "+0", "operators": "+0", "functions": "+0", "stack_peak": "+0"})
    assert same.breaches == [] and same.notes == []
    assert all(same.moved(kind) == [] for kind in ("total", "memory", "operator", "function"))


def test_breaches_name_operator_and_function(base: dict[str, Any], slow: dict[str, Any]) -> None:
    found = compare(base, slow, {"operators": "+1%", "functions": "+10%", "stack_peak": "+8"})
    assert [change.name for change in found.breaches] == ["operators/1:CONV_2D", "functions/conv", "functions/helper"]
    sentence = found.breaches[0].sentence()
    assert sentence == "operators/1:CONV_2D in f1 at k.cc:1: 1,000.5 -> 1,500.5 cycles (+500, +50.0 %; allowed +1%)"
    assert [change.name for change in found.moved("function")] == ["functions/conv", "functions/helper"]


def test_another_function_is_told(base: dict[str, Any], slow: dict[str, Any]) -> None:
    for run in slow["inferences"]:
        run["operators"][1]["function"] = "slow"
    assert compare(base, slow).of("operator")[1].place == "slow at k.cc:1 (before: f1 at k.cc:1)"


def test_the_most_specific_limit_counts(base: dict[str, Any], slow: dict[str, Any]) -> None:
    limits = {"operators": "+0", "operators/CONV_2D": "+60%", "operators/2:CONV_2D": "100"}
    assert [c.name for c in compare(base, slow, limits).breaches] == ["operators/2:CONV_2D"]


@pytest.mark.parametrize("name, message", [
    ("cylces", "no such metric; there are cycles, instructions"), ("operators/SOFTMAX", "no such metric"),
    ("functions/nobody", "no such metric"), ("heap_peak", "limit on heap_peak: not measured in either record"), ("stack/peak", "no such"),
])
def test_unknown_metrics(base: dict[str, Any], name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compare(base, base, {name: "+0"})


def test_a_group_that_the_records_lack(base: dict[str, Any], slow: dict[str, Any]) -> None:
    del slow["profile"]
    assert compare(base, slow).notes == ["only one record holds functions: they are not compared"]
    with pytest.raises(UsageError, match="limit on functions/conv: not measured in the second record"):
        compare(base, slow, {"functions/conv": "+0"})
    with pytest.raises(UsageError, match="limit on functions: not measured in the first record"):
        compare(slow, base, {"functions": "+0"})
    slow["memory"]["heap_peak"] = 8
    with pytest.raises(UsageError, match="limit on heap_peak: not measured in the first record"):
        compare(base, slow, {"heap_peak": "+0"})


def test_a_run_of_another_length_is_told(base: dict[str, Any], slow: dict[str, Any]) -> None:
    slow["inferences"].pop()
    assert compare(base, slow).notes == ["2 and 1 inferences: cycles and instructions differ by that, too"]


def test_what_is_cut_is_told(base: dict[str, Any], slow: dict[str, Any]) -> None:
    for n in range(2000):
        slow["profile"]["functions"].append({"name": f"a_function_with_quite_a_long_name_{n}", "exclusive_cycles": 9 + n})
    comparison = compare(base, slow, {"functions": "+0"})
    assert len(comparison.breaches) == 2002
    comment = compare_markdown.report(comparison)
    assert len(comment) < 65_536
    assert "\n- and 1982 more\n" in comment and "2002 functions changed, the first 20<" in comment
    assert "\nand 1,982 more that changed less\n" in compare_text.report(comparison)


@pytest.mark.parametrize("key, value", [("timing", "instructions"), ("board", "nrf52840dk")])
def test_other_models_are_refused(base: dict[str, Any], slow: dict[str, Any], key: str, value: str) -> None:
    slow[key] = value
    with pytest.raises(UsageError, match=f"{key} .* cannot be compared"):
        compare(base, slow)
    assert len(compare(base, slow, force=True).notes) == 1


def test_other_operators_are_refused(base: dict[str, Any], slow: dict[str, Any]) -> None:
    for run in slow["inferences"]:
        run["operators"][0]["name"] = "PAD"
    with pytest.raises(UsageError, match="only before 0:QUANTIZE, only now 0:PAD"):
        compare(base, slow)
    forced = compare(base, slow, {"operators": "+60%"}, force=True)
    assert [(c.name, c.base, c.new) for c in forced.breaches] == [("operators/0:PAD", None, 100)]


@pytest.fixture
def grown() -> tuple[dict[str, Any], dict[str, Any]]:
    """Two records with what a run may also hold: thread stacks, regions, sections."""
    def record(worker: int, total: int, longest: int, text: int) -> dict[str, Any]:
        stack = [("main stack", 100, None), ("worker_stack", worker, ["thread 1", "thread", "descend"])]
        return {
            "schema": 1, "firmware": {"name": "app.elf"}, "board": "b", "timing": "manual", "cycles": 9, "instructions": 3,
            "inferences": [],
            "memory": {"stack_peak": 100, "heap_peak": 300,
                       "stacks": [{"name": name, "peak": peak, "path": path} for name, peak, path in stack]},
            "regions": [{"name": "filter", "passes": 4, "cycles": {"min": 1, "median": 2, "max": longest, "total": total}},
                        {"name": "never", "passes": 0, "cycles": None}],
            "memory_map": [{"memory": "flash", "areas": [{"name": ".text", "kind": "code", "size": text},
                                                         {"name": ".data", "kind": "initial", "size": 8},
                                                         {"name": ".data", "kind": "data", "size": 4}]},
                           {"memory": "ram", "areas": [{"name": ".bss", "kind": "bss", "size": 999}]}],
        }  # fmt: skip
    return record(64, 400, 110, 1000), record(80, 402, 190, 1024)


def test_stacks_regions_and_sections(grown: tuple[dict[str, Any], dict[str, Any]]) -> None:
    base, new = grown
    compared = {c.name: (c.unit, c.base, c.new) for c in compare(base, new).changes if "/" in c.name}
    assert compared == {
        "stacks/worker_stack": ("bytes", 64, 80),
        "regions/filter:mean": ("cycles", 100, Fraction(201, 2)), "regions/filter:max": ("cycles", 110, 190),
        "flash/.text": ("bytes", 1000, 1024), "flash/.data": ("bytes", 12, 12),
    }  # fmt: skip
    limits = {"stacks": "+0", "regions/filter": "+1%", "flash/.text": "+10"}
    over = compare(base, new, limits).breaches
    assert [c.name for c in over] == ["stacks/worker_stack", "regions/filter:max", "flash/.text"]
    assert over[0].sentence() == "stacks/worker_stack in thread > descend: 64 -> 80 bytes (+16, +25.0 %; allowed +0)"
    assert compare(base, new, {"stacks/worker_stack": "+16", "regions/filter:max": "200"}).breaches == []
    assert [c.sentence() for c in compare(essence(base), essence(new)).changes] == [
        c.sentence() for c in compare(base, new).changes]


def test_every_format_shows_them(grown: tuple[dict[str, Any], dict[str, Any]]) -> None:
    comparison = compare(*grown, {"stacks": "+0", "heap_peak": "+0"})
    lines = [line.split() for line in compare_text.report(comparison).splitlines()]
    assert ["worker_stack", "64", "80", "+16", "+25.0", "%", "over", "+0"] in lines
    assert ["filter:max", "110", "190", "+80", "+72.7", "%"] in lines and ["heap_peak", "300", "300", "+0", "+0.0", "%"] in lines
    markdown = compare_markdown.report(comparison)
    assert "1 stack changed" in markdown and "| `filter:max` | 110 | 190 | +80 | +72.7 % |" in markdown
    suite = ElementTree.fromstring(junit.report(comparison))[0]
    assert {p.get("name"): p.get("value") for p in suite.iter("property")}["stacks/worker_stack"] == "80"
    assert [case.get("name") for case in suite.findall("testcase")] == ["heap_peak", "stacks/worker_stack"]
    rows = {row["name"]: row["value"] for row in json.loads(benchmark_json.github_action_benchmark(comparison))}
    assert (rows["app.elf regions/filter:max"], rows["app.elf stacks/worker_stack"], rows["app.elf heap_peak"]) == (190, 80, 300)
    bmf = json.loads(benchmark_json.bencher(comparison))
    assert bmf["app.elf/regions/filter"] == {"cycles": {"value": 100.5, "upper_value": 190}}
    assert bmf["app.elf/stacks/worker_stack"] == {"stack-peak": {"value": 80}}
    assert bmf["app.elf/flash/.text"] == {"flash-used": {"value": 1024}}
    assert bmf["app.elf"]["heap-peak"] == {"value": 300}


def test_a_new_stack_counts_wholly_and_a_region_that_only_one_record_has_is_told(
    grown: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    base, new = grown
    base["memory"]["stacks"].pop()
    base["regions"] = []
    comparison = compare(base, new, {"stacks": "+0"})
    assert [(c.name, c.base, c.new) for c in comparison.breaches] == [("stacks/worker_stack", None, 80)]
    assert comparison.notes == ["only one record holds regions: they are not compared"]
    with pytest.raises(UsageError, match="limit on regions: not measured in the first record"):
        compare(base, new, {"regions": "+0"})
    with pytest.raises(UsageError, match=r"no such metric; there are .*stacks/worker_stack"):
        compare(base, new, {"stacks/worker": "+0"})


def test_text(base: dict[str, Any], slow: dict[str, Any]) -> None:
    text = compare_text.report(compare(base, slow, {"stack_peak": "+0"}))
    assert "breach: stack_peak: 100 -> 108 bytes (+8, +8.0 %; allowed +0)" in text
    assert any(line.split()[:3] == ["1:CONV_2D", "1,000.5", "1,500.5"] for line in text.splitlines())
    assert "QUANTIZE" not in text
    assert "no limits given" in compare_text.report(compare(base, slow))
    assert "within all limits (1 checked)" in compare_text.report(compare(base, slow, {"cycles": "+0"}))


def test_markdown(base: dict[str, Any], slow: dict[str, Any]) -> None:
    slow["profile"]["functions"][2]["name"] = "a|b"
    text = compare_markdown.report(compare(base, slow, {"stack_peak": "+0"}))
    assert "**1 limit exceeded:**" in text
    assert "| `stack_peak` | 100 | 108 | +8 | +8.0 % over +0 |" in text
    assert "`a\\|b`" in text


def test_junit(base: dict[str, Any], slow: dict[str, Any]) -> None:
    slow["profile"]["functions"][0]["name"] = base["profile"]["functions"][0]["name"] = "<&\x01>"
    suite = ElementTree.fromstring(junit.report(compare(base, slow, {"stack_peak": "+0", "cycles": "+0"})))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    failure = cases["stack_peak"].find("failure")
    assert failure is not None and "operators/1:CONV_2D" in (failure.text or "")
    assert failure.get("type") == "limit"  # strict readers want it, and times
    assert {case.get("time") for case in cases.values()} == {suite.get("time")} == {"0"}
    assert cases["cycles"].find("failure") is None
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert properties["inference_mean"] == "2200.5"


def test_benchmark_formats(base: dict[str, Any], slow: dict[str, Any]) -> None:
    rows = {row["name"]: row for row in json.loads(benchmark_json.github_action_benchmark(compare(base, slow)))}
    assert rows["app.elf operators/1:CONV_2D"]["value"] == 1500.5
    assert rows["app.elf stack_peak"]["unit"] == "bytes"
    assert set(rows["app.elf cycles"]) == {"name", "unit", "value", "extra"}
    bmf = json.loads(benchmark_json.bencher(compare(base, slow)))
    assert bmf["app.elf/inference"]["cycles"] == {"value": 2200.5, "lower_value": 2200, "upper_value": 2201}
    assert bmf["app.elf"]["stack-peak"] == {"value": 108}
    assert bmf["app.elf/1:CONV_2D"]["cycles"]["value"] == 1500.5


def test_other_firmware_is_noted(base: dict[str, Any], slow: dict[str, Any]) -> None:
    other = {**slow, "firmware": {**slow["firmware"], "name": "other.elf"}}
    assert compare(base, other).notes == ["the firmware is 'app.elf' and 'other.elf'"]
    assert compare(base, slow).notes == []


def test_another_version_of_cmsim_is_noted(base: dict[str, Any], slow: dict[str, Any]) -> None:
    older = {**base, "version": "0.1.0"}
    assert compare(older, {**slow, "version": "0.2.0"}).notes == [
        "cmsim 0.1.0 and 0.2.0 wrote the records, figures may differ by that"
    ]
    assert compare(older, {**slow, "version": "0.1.0"}).notes == []
    assert compare({k: v for k, v in base.items() if k != "version"}, older).notes == []
    assert essence(older)["version"] == "0.1.0"


def test_a_baseline_keeps_what_is_compared(base: dict[str, Any], slow: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(essence(base)), encoding="utf-8")
    assert "wall_seconds" not in path.read_text(encoding="utf-8")
    kept = compare(load_record(path), slow).changes
    assert [c.sentence() for c in kept] == [c.sentence() for c in compare(base, slow).changes]


@pytest.mark.parametrize("content, message", [
    ("{", "not JSON"), ("[]", "not a record"), ("{}", "not a record"), ('{"schema": 99}', "schema 99"),
    ("[" * 100_000, "not JSON"), ('{"schema": 1}', "not a whole record of `cmsim run`: it has no "), ('{"schema": 1, "inferences": 3}', "not a whole record"), ("\xff", "not JSON"),
    (None, "cannot read"),
])
def test_bad_files(tmp_path: Path, content: str | None, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    assert main(["compare", str(path), str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_command(base: dict[str, Any], slow: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "base.json", tmp_path / "new.json"]
    for path, record in zip(files, (base, slow), strict=True):
        path.write_text(json.dumps(record), encoding="utf-8")
    command = ["compare", *map(str, files)]
    assert main(command) == 0
    assert main([*command, "--max", "cycles:+1%", "--max", "arena_used:256"]) == 0
    assert main([*command, "--max", "functions/a::b<c::d>:+0"]) == 0
    capsys.readouterr()
    assert main([*command, "--max", "operators:+1%"]) == 1
    assert "over the limit: operators/1:CONV_2D" in capsys.readouterr().err
    assert main([*command, "--max", "nothing:+1%"]) == 2
    assert main([*command, "--max", "cycles:a lot"]) == 2
    capsys.readouterr()
    assert main([*command, "--max", "cycles:+1%", "--max", "cycles:+90%"]) == 2
    assert "--max cycles: given twice" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--max", "cycles"])
    assert stopped.value.code == 2
    for form in ("text", "markdown", "junit", "github-action-benchmark", "bencher"):
        assert main([*command, "--format", form, "--output", str(tmp_path / form)]) == 0
        assert (tmp_path / form).stat().st_size > 100
    assert main([*command, "--output", str(tmp_path / "no" / "where")]) == 2
