"""The page of a run: its figures are the record's, it needs nothing, and no text of the firmware's can change it."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re

import pytest
from support.html import Page

import cmsim
from cmsim import prebuilt, traces
from cmsim.cli import main
from cmsim.report.duration import duration
from cmsim.report.html_page import kilobytes
from cmsim.report.html_report import SECTIONS, page
from cmsim.report.means import mean_inference

EVIL = '</script><script>alert("x")</script>\'"><img src=x onerror=alert(1)>&amp;\u2028'
LARGEST = 3_000_000


@pytest.fixture(scope="module")
def measured():
    machine = cmsim.Machine(prebuilt.path("gesture"), imu=traces.path("walk"), profile=True, timeline=True)
    machine.run(inferences=9, seconds=40)
    return machine.record


@pytest.fixture
def record(measured):
    return copy.deepcopy(measured)


def fault(**changes):
    stack = [{"address": address, "function": name, "source": source, "guessed": False}
             for address, name, source in ((0x1234, "f", None), (0x108, "main", "main.cc:7"))]
    return {"exception": "HardFault", "cause": "UNDEFINSTR", "pc": 0x1234, "address": None, "cycle": 99, "cfsr": None,
            "hfsr": None, "registers": None, "stack": stack, "likely": "a wild pointer", **changes}


def headings(text: str) -> list[str]:
    return re.findall(r'<section id="(\w+)">', text)


def test_needs_nothing_and_lets_no_other_script_run(measured):
    text = page(measured)
    found = Page(text)
    assert "://" not in text
    assert "url(" not in text
    assert {"link", "img", "iframe", "object", "form"}.isdisjoint(found.seen)
    assert found.values("src") == []
    assert all(target.startswith("#") for target in found.values("href"))
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    policy = next(value for value in found.values("content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    running = [content for attributes, content in found.scripts if "type" not in attributes]
    assert len(running) == 2
    for content in running:
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_links_lead_to_the_sections(measured):
    text = page(measured)
    found = Page(text)
    assert found.values("href") == [f"#{name}" for name in headings(text)]
    assert len(set(found.values("id"))) == len(found.values("id"))
    assert found.seen.count("h1") == 1
    assert found.seen.count("h2") == len(headings(text))


def test_every_section_of_a_full_record(measured):
    names = [name for name, _, _ in SECTIONS]
    absent = ("faults", "coverage", "regions", "latencies", "energy", "heap", "drift")
    assert headings(page(measured)) == [name for name in names if name not in absent]


def test_same_record_same_bytes(record):
    text = page(record)
    record["wall_seconds"] = 12345.0
    assert page(record) == text
    assert page(json.loads(json.dumps(record))) == text


def test_inferences_are_those_of_the_record(measured):
    found = Page(page(measured))
    for run in measured["inferences"]:
        row = [str(run["index"]), f"{run['cycles']:,}", duration(run["cycles"])]
        at = next(n for n in range(len(found.cells)) if found.cells[n : n + 3] == row)
        rest = found.cells[at + 3 : at + 8]
        assert rest == [f"{run['start_cycle'] / 64e6:.4f} s", f"{run['cycles_low']:,}", f"{run['cycles_high']:,}",
                        f"{run['instructions']:,}", f"{run['stack_peak']:,} B"]
        assert f"inference {run['index']}: {run['cycles']:,} cycles" in " ".join(found.values("title"))


def test_operators_are_the_mean_of_the_record(measured):
    found = Page(page(measured))
    runs = measured["inferences"]
    for number, operator in enumerate(runs[-1]["operators"]):
        mean = round(sum(run["operators"][number]["cycles"] for run in runs) / len(runs))
        at = found.cells.index(f"{operator['index']} {operator['name']}")
        assert found.cells[at + 2] == f"{mean:,}"
    mean = mean_inference(runs)
    assert mean is not None
    assert abs(sum(o.cost.cycles for o in mean.operators) + mean.overhead - mean.cost.cycles) == 0
    at = found.cells.index("one inference")
    assert found.cells[at + 2] == f"{mean.cost.cycles:,}"
    assert found.cells[at + 1] == "100.0 %"


def test_cards_tell_time_and_memory(measured):
    text = Page(page(measured)).text
    memory = measured["memory"]
    assert f"{measured['cycles']:,} cycles" in text
    assert f"{measured['cycles_low']:,} or as many as {measured['cycles_high']:,}" in text
    assert f"{kilobytes(memory['flash_used'])}flash, of 1 MB" in text
    assert f"{kilobytes(memory['stack_peak'])}stack at its deepest, of 8 KB" in text
    assert f"{kilobytes(memory['arena_used'])}arena used, of 4 KB" in text


def test_functions_are_those_of_the_record(measured):
    found = Page(page(measured))
    awake = [row for row in measured["profile"]["functions"] if row["name"] != "(sleep)"]
    for row in awake[:12]:
        assert any(title.startswith(row["name"][:400]) for title in found.values("title"))
        at = found.cells.index(f"{row['exclusive_cycles']:,}")
        assert found.cells[at + 2 : at + 4] == [f"{row['inclusive_cycles']:,}", f"{row['calls']:,}"]


def test_console_is_shown_as_it_was(measured):
    text = Page(page(measured)).text
    assert measured["console"]["uart0"] in text


def test_control_characters_are_shown_not_sent(record):
    record["console"] = {"uart0": "\x1b[31mred\r\nnext\x07"}
    text = page(record)
    assert "␛[31mred\nnext␇" in text


def test_a_long_console_loses_its_middle(record):
    record["console"] = {"uart0": "".join(f"line {n}\n" for n in range(200_000))}
    text = page(record)
    assert "line 0\n" in text
    assert "line 199999\n" in text
    assert "characters left out" in text
    assert len(text.encode()) < 1_000_000


def test_unmodelled_accesses_and_faults(record):
    assert "Every access of the firmware was answered by a model." in page(record)
    record["unmodelled"] = [{"block": "QSPI", "offset": 0x300, "access": "read", "count": 1234, "pc": 0x108}]
    record["faults"] = [fault()]
    record["stop"] = {"reason": "lockup", "detail": "in main"}
    text = page(record)
    found = Page(text)
    at = found.cells.index("QSPI")
    assert found.cells[at : at + 5] == ["QSPI", "0x300", "read", "1,234", "0x00000108"]
    assert headings(text)[0] == "faults"
    assert "cycle 99: HardFault UNDEFINSTR at pc 0x00001234" in found.text
    assert "called from pc 0x00000108 in main (main.cc:7)" in found.text
    assert "likely: a wild pointer" in found.text
    assert "Stopped: lockup" in found.text


def test_what_is_absent_is_left_out(record):
    for key in ("profile", "timeline", "memory_map", "arenas", "arena_plan"):
        del record[key]
    record["memory"]["stacks"] = record["memory"]["stack_history"] = []
    record["inferences"], record["console"] = [], {}
    assert headings(page(record)) == ["unmodelled"]
    Page(page(record))


def test_hostile_text_stays_text(record):
    clean = Page(page(record))
    record["firmware"]["name"] = record["board"] = record["stop"]["detail"] = EVIL
    record["console"] = {EVIL: EVIL, "uart0": EVIL}
    record["unmodelled"] = [{"block": EVIL, "offset": 0, "access": EVIL, "count": 1, "pc": 0}]
    record["faults"] = [fault(exception=EVIL, cause=EVIL, likely=EVIL)]
    record["fatal"] = [{"function": EVIL, "text": EVIL, "cycle": 1, "stack": []}]
    record["memory"]["stacks"][0].update(name=EVIL, path=[EVIL])
    record["regions"] = [{"name": EVIL, "passes": 0, "cycles": None, "instructions": None}]
    record["latencies"] = [{"latency": EVIL, "count": 0, "min": None, "median": None, "max": None, "max_at": None}]
    for run in record["inferences"]:
        for operator in run["operators"]:
            operator["name"] = operator["function"] = operator["source"] = EVIL
    for row in (*record["profile"]["functions"], *record["profile"]["call_tree"]):
        row["name" if "name" in row else "function"] = EVIL
    for track in record["timeline"]["tracks"]:
        track["name"], track["aliases"] = EVIL, [EVIL]
        for event in track["events"]:
            event[2] = EVIL
    for memory in record["memory_map"]:
        for row in (*memory["areas"], *memory["largest"]):
            row["name"] = EVIL
    record["arenas"][0]["purposes"] = {EVIL: 100}
    text = page(record)
    found = Page(text)
    assert found.seen.count("script") == clean.seen.count("script")
    assert "img" not in found.seen
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert found.text.count('<script>alert("x")</script>') > 5
    for attributes, content in found.scripts:
        if attributes.get("type") == "application/json":
            assert EVIL[:9] not in content
            assert EVIL in json.dumps(json.loads(content), ensure_ascii=False).replace('\\"', '"')


def test_a_huge_record_stays_small(record):
    long = "ns::" + "x" * 2000
    tree = [{"function": "main stack", "parent": None, "exclusive_cycles": 0, "inclusive_cycles": 10**9,
             "instructions": 0, "calls": 1}]
    tree += [{"function": f"{long}{n}", "parent": n // 3, "exclusive_cycles": n % 97, "inclusive_cycles": 10**8 // (n + 1),
              "instructions": n, "calls": n} for n in range(40_000)]
    record["profile"]["call_tree"] = tree
    record["profile"]["functions"] = [
        {"name": f"{long}{n}", "exclusive_cycles": n, "inclusive_cycles": n, "calls": 1, "instructions": 1, "address": n,
         "size": 4} for n in range(40_000, 0, -1)]
    record["timeline"]["end"] = record["cycles"] = 10**12
    record["timeline"]["tracks"] = [
        {"kind": "interrupt", "name": f"interrupt {t}", "aliases": [],
         "events": [[n * 100_000 + t, 500 * (n % 7), f"{long}{n % 5000}"] for n in range(40_000)]} for t in range(25)]
    record["inferences"] = [{**record["inferences"][0], "index": n} for n in range(5000)]
    record["console"] = {f"itm{n}": "y" * 400_000 for n in range(3)}
    record["unmodelled"] = [{"block": "QSPI", "offset": n, "access": "read", "count": 1, "pc": n} for n in range(5000)]
    record["faults"] = [fault(cycle=n) for n in range(5000)]
    text = page(record)
    assert len(text.encode()) < LARGEST
    assert "call paths with the fewest cycles are not drawn" in text
    assert "4,600 in the middle left out" in text
    assert "4,800 more." in text
    assert "The first 200 of 5,000 faults as a table" in text


def test_command_writes_the_page(tmp_path, capsys):
    path, record = tmp_path / "run.html", tmp_path / "run.json"
    command = [str(prebuilt.path("gesture")), "--imu", str(traces.path("walk")), "--inferences", "1", "--html", str(path),
               "--json", str(record)]
    assert main(["profile", *command]) == 0
    text = path.read_text(encoding="utf-8")
    assert {"calls", "timeline", "memory"} <= set(headings(text))
    assert text == page(json.loads(record.read_text(encoding="utf-8")))
    assert main(["run", *command]) == 0
    assert "calls" not in headings(path.read_text(encoding="utf-8"))
    assert "timeline" in headings(path.read_text(encoding="utf-8"))


def test_command_says_what_it_cannot_write(tmp_path, capsys):
    command = ["run", str(prebuilt.path("gesture")), "--seconds", "1", "--html", str(tmp_path / "missing" / "run.html")]
    assert main(command) == 2
    assert "cannot write there" in capsys.readouterr().err
