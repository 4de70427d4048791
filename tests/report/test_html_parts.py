"""The pieces of the page: names, times, means, flame graph, timeline, memory map, arena."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmsim.report.duration import byte_scale, duration, marks, time_scale
from cmsim.report.html_arena import arenas
from cmsim.report.html_flame import NARROWEST, flame, frames, functions, heat
from cmsim.report.html_heap import drift, heap
from cmsim.report.html_inferences import operators
from cmsim.report.html_levels import levels
from cmsim.report.html_measures import coverage, energy, latencies, regions, stacks
from cmsim.report.html_memory import memory_map
from cmsim.report.html_page import Bar, Row, kilobytes, percent, table
from cmsim.report.html_timeline import Span, _at_most, thin, timeline
from cmsim.report.means import mean_inference
from cmsim.report.short_names import short_name

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "short"), [
    ("main", "main"),
    ("(sleep)", "(sleep)"),
    ("exception SysTick", "exception SysTick"),
    ("0x00001234", "0x00001234"),
    ("", ""),
    ("void ns::a::f<ns::X, int>(int)", "a::f<X, …>"),
    ("ns::(anonymous namespace)::f(int)", "ns::f"),
    ("a::b(int)::'lambda0'(char)::operator()(char) const", "b::λ"),
    ("bool ns::S::operator<(int) const", "S::operator<"),
    ("a::operator()(int)", "a::operator()"),
    ("operator new(unsigned int)", "operator new"),
    ("std::vector<int>::push_back(int&&)", "vector<int>::push_back"),
    ("f<ns::AVeryLongArgumentIndeed>(int)", "f"),
])
def test_short_names(name, short):
    assert short_name(name) == short


@unhurried
@given(st.text(max_size=60))
def test_short_name_of_anything(name):
    short_name(name)


@pytest.mark.parametrize(("cycles", "text"), [
    (0, "0 s"), (1, "15.62 ns"), (64, "1.000 µs"), (377_337, "5.896 ms"), (64_000_000, "1.000 s"), (6400, "100.0 µs"),
    (64_000_000 * 86_400, "86,400 s")])
def test_durations(cycles, text):
    assert duration(cycles) == text


def test_marks_are_round_and_alike():
    assert [text for _, text in marks(0, 802_552_310, 8)] == ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s"]
    assert [text for _, text in marks(-3000, 377_337, 8)] == [f"{n} ms" for n in range(6)]
    assert [text for _, text in marks(0, 107_741_193, 8)][:3] == ["0.0 s", "0.5 s", "1.0 s"]


@unhurried
@given(st.integers(-(10**9), 10**13), st.integers(1, 10**13), st.integers(2, 20))
def test_marks_lie_within(first, length, most):
    found = marks(first, first + length, most)
    assert len(found) <= most + 1
    assert all(first - 1 <= cycle <= first + length + 1 for cycle, _ in found)
    assert len({text for _, text in found}) == len(found)


@pytest.mark.parametrize(("top", "texts"), [
    (0, ["0", "1 ns"]), (1, ["0", "5 ns", "10 ns", "15 ns", "20 ns"]), (64, ["0", "0.5 µs", "1.0 µs"]),
    (85_832, ["0", "0.5 ms", "1.0 ms", "1.5 ms"]), (12_425_165, ["0", "50 ms", "100 ms", "150 ms", "200 ms"])])
def test_scales_of_time(top, texts):
    assert [text for _, text in time_scale(top)] == texts


@given(st.integers(0, 1 << 50))
def test_scales_reach_the_top_in_a_few_steps(top):
    times, sizes = [at for at, _ in time_scale(top)], byte_scale(top)
    assert times[-1] >= top > times[-2] - 1e-6 or top == 0
    assert sizes[-1] >= top > sizes[-2] or top == 0
    assert max(len(times), len(sizes)) <= 5
    assert times[0] == sizes[0] == 0


def test_sizes_and_shares():
    assert [kilobytes(size) for size in (0, 1023, 1024, 46_464, 1 << 20)] == ["0 B", "1023 B", "1 KB", "45.4 KB", "1 MB"]
    assert percent(1, 3) == "33.3 %"
    assert percent(1, 0) == ""


def test_bars_stay_within_their_cell():
    text = table(("a", "b"), [Row(["x", Bar(3, 4, "3")]), Row(["y", Bar(9, 4, "9")]), Row(["z", Bar(-1, 4, "-1")])])
    assert re.findall(r"--part:([\d.]+)%", text) == ["75.00", "100.00", "0.00"]


# --- inferences -------------------------------------------------------------------------------------------------------


def run(index, cycles, names=("A", "B")):
    cost = {"cycles_low": cycles - 1, "cycles_high": cycles + 1, "cycles_excluding_interrupts": cycles, "instructions": 7}
    return {"index": index, "cycles": cycles, **cost,
            "operators": [{"index": n, "name": name, "function": None, "source": None, "cycles": cycles // 4,
                           **cost} for n, name in enumerate(names)]}


def test_mean_of_those_with_the_same_operators():
    mean = mean_inference([run(0, 4000, ("A",)), run(1, 1000), run(2, 3000)])
    assert mean is not None
    assert (mean.inferences, mean.cost.cycles, mean.cost.cycles_low) == (2, 2000, 1999)
    assert [operator.cost.cycles for operator in mean.operators] == [500, 500]
    assert mean.overhead == 1000
    assert mean_inference([]) is None


def test_sources_have_a_column_where_there_are_any():
    plain, known = run(0, 4000), run(0, 4000)
    known["operators"][1]["source"] = "kernels/conv_2d.cc:39"
    headings = [re.findall(r"<th[^>]*>([^<]*)</th>", "".join(operators({"inferences": [one]}))) for one in (plain, known)]
    assert "source" not in headings[0]
    assert headings[1] == [*headings[0], "source"]


# --- flame graph ------------------------------------------------------------------------------------------------------


def tree(*rows):
    """(name, parent, own cycles) of each call path."""
    inclusive = [own for _, _, own in rows]
    for n in range(len(rows) - 1, -1, -1):
        if rows[n][1] is not None:
            inclusive[rows[n][1]] += inclusive[n]
    return {"profile": {"lost_transfers": 0, "functions": [], "call_tree": [
        {"function": name, "parent": parent, "exclusive_cycles": own, "inclusive_cycles": inclusive[n], "calls": n,
         "instructions": 0} for n, (name, parent, own) in enumerate(rows)]}}


TREE = tree(("main stack", None, 0), ("main", 0, 100), ("f", 1, 300), ("(sleep)", 1, 9000), ("interrupt 6", None, 50),
            ("g", 4, 550), ("h", 5, 0))


def test_frames_count_sleep_apart():
    top = frames(TREE)
    assert (top.awake, top.total) == (1000, 10_000)
    interrupt, main_stack = top.children
    assert (interrupt.name, interrupt.awake) == ("interrupt 6", 600)
    main = main_stack.children[0]
    assert (main.own, main.awake, main.total) == (100, 400, 9400)
    assert [child.name for child in main.children] == ["f", "(sleep)"]


def boxes(lines):
    text = "".join(lines)
    return [(float(left), float(width), int(top)) for left, width, top in
            re.findall(r'<b class="[^"]*" style="left:([\d.]+)%;width:([\d.]+)%;top:(\d+)px"', text)]


def test_boxes_lie_below_their_callers():
    found = boxes(flame(TREE))
    assert len(found) == 6  # neither sleep nor what took no cycles
    assert found[0] == (0, 100, 0)
    for left, width, top in found[1:]:
        assert any(above <= left + 0.01 and left + width <= above + wide + 0.01
                   for above, wide, level in found if level == top - 22)
    assert sum(width for _, width, top in found if top == 22) == pytest.approx(100)


def test_data_of_the_script_is_the_tree():
    text = "".join(flame(TREE))
    data = json.loads(re.search(r'class="flame-data">(.*?)</script>', text, re.DOTALL)[1])
    rows = [data["nodes"][at : at + 5] for at in range(0, len(data["nodes"]), 5)]
    assert len(rows) == len(data["calls"]) == 8
    assert sum(row[2] for row in rows) == rows[0][4] == 10_000
    assert rows[0][3] == 1000
    assert all(row[0] < n for n, row in enumerate(rows))
    assert {name[-1] for name in data["names"]} == {"everything", "main stack", "main", "f", "(sleep)", "interrupt 6", "g", "h"}


def test_functions_have_size_and_source_where_they_are_known():
    row = {"name": "f", "exclusive_cycles": 64, "inclusive_cycles": 64, "calls": 2, "address": 1, "size": None, "source": None}
    lines = {"profile": {"functions": [row], "call_tree": []}}
    assert ">a call</th></tr>" in "".join(functions(lines))
    lines["profile"]["functions"] = [row, {**row, "name": "g", "address": 2, "size": 20, "source": "/a/b/c.cc:7"}]
    text = "".join(functions(lines))
    assert '<th scope="col" class="left">source</th></tr>' in text and "g, /a/b/c.cc:7" in text
    assert cells([text])[-2:] == ["20 B", "c.cc:7"]


def test_threads_have_their_stacks():
    known = {"kind": "thread", "name": "thread 1", "aliases": ["idle_stack"], "events": []}
    one = {**tree(("thread 1", None, 5), ("f", 0, 5)), "timeline": {"tracks": [known, {**known, "name": "x", "aliases": []}]}}
    assert [child.name for child in frames(one).children] == ["thread 1: idle_stack"]
    assert ">thread 1: idle_stack</b>" in "".join(flame(one))


def test_lost_calls_are_told():
    lossy = tree(("main stack", None, 5))
    lossy["profile"]["lost_transfers"] = 3
    assert "3 calls or returns were not followed" in "".join(flame(lossy))
    assert list(flame({})) == []


@unhurried
@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_heat(own, hottest):
    assert 0 <= heat(min(own, hottest), hottest) <= 5


def test_narrow_frames_are_left_to_the_script():
    many = tree(("main stack", None, 0), *((f"f{n}", 0, 1) for n in range(5000)))
    assert all(width >= NARROWEST for _, width, _ in boxes(flame(many)))


# --- timeline ---------------------------------------------------------------------------------------------------------

SPANS = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 500)), max_size=60).map(
    lambda pairs: [Span(at, length, "x") for at, length in _placed(pairs)])


def _placed(pairs):
    at = 0
    for gap, length in pairs:
        at += gap
        yield at, length
        at += length


@unhurried
@given(SPANS, st.integers(1, 2000))
def test_thinning_keeps_count_and_busy_time(spans, distance):
    found = thin(spans, distance)
    assert sum(span.many for span in found) == len(spans)
    assert sum(span.on for span in found) == sum(span.cycles for span in spans)
    assert [span.cycle for span in found] == sorted(span.cycle for span in found)
    assert {s for s in spans if s.cycles >= distance} <= set(found)
    for one, next_one in zip(found, found[1:], strict=False):
        assert one.cycle + one.cycles <= next_one.cycle


def test_thinning_spares_what_is_kept():
    spans = [Span(100 * n, 10, "x") for n in range(10_000)]
    found = _at_most(spans, 500, (500_000, 502_000))
    assert len(found) <= 500
    kept = [span for span in found if 500_000 <= span.cycle <= 502_000]
    assert len(kept) >= 20
    assert all(span.many == 1 for span in kept)


def recorded(*tracks, complete=True):
    return {"inferences": [], "timeline": {"start": 0, "end": 64_000, "complete": complete, "tracks": [
        {"kind": kind, "name": name, "aliases": list(aliases), "events": [list(event) for event in events]}
        for kind, name, aliases, events in tracks]}}


def test_pins_show_when_they_are_high():
    text = "".join(timeline(recorded(("pin", "P0.13", ("LED",), [(0, 6400, "low"), (6400, 57600, "high")]))))
    assert text.count("left:10.00%;width:90.00%") == 1
    data = json.loads(re.search(r'id="timeline-data">(.*?)</script>', text)[1])
    assert data["pin P0.13"]["spans"] == [6400, 57600, 0]
    assert "P0.13" in text
    assert "LED" in text


def test_an_instant_is_a_mark():
    text = "".join(timeline(recorded(("sensor", "imu", (), [(32_000, 0, "accel")]))))
    assert '<i class="at" style="left:50.00%;width:0.00%">' in text


def test_events_that_had_not_ended_and_full_recordings():
    text = "".join(timeline(recorded(("dma", "UARTE0 TXD", (), [(0, 64_000, "transfer", False)]), complete=False)))
    assert "reached its limit of events" in text
    assert list(timeline({"inferences": []})) == []


def test_summary_counts_what_was_drawn():
    text = "".join(timeline(recorded(("interrupt", "interrupt 6", ("GPIOTE",), [(0, 640, "h"), (6400, 1280, "h")]))))
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", text)
    assert cells == ["interrupt 6", "interrupt", "GPIOTE", "2", "30.0 µs", "3.0 %", "15.0 µs", "20.0 µs"]


# --- memory -----------------------------------------------------------------------------------------------------------

MAP = {"memory_map": [{"memory": "ram", "base": 0x2000_0000, "size": 0x1000, "largest": [], "areas": [
    {"name": ".data", "kind": "data", "address": 0x2000_0000, "size": 0x100, "used": None},
    {"name": "arena", "kind": "arena", "address": 0x2000_0100, "size": 0x300, "used": 0x180},
    {"name": "stack", "kind": "stack", "address": 0x2000_0E00, "size": 0x200, "used": 0x80}]}]}


def test_memory_is_drawn_to_scale():
    text = "".join(memory_map(MAP))
    whole = re.search(r'class="strip whole".*?</div>', text, re.DOTALL)[0]
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", whole)]
    assert widths == [6.25, 18.75, 62.5, 12.5]
    assert re.findall(r"flex:(\d+) 1 0", text) == ["256", "768", "512"]
    assert text.count('class="gap"') == 1
    assert re.findall(r"--used:([\d.]+)%", text) == ["50.00", "25.00"]
    cells = re.findall(r"<td[^>]*>(?:<i[^>]*></i>)?([^<]*)</td>", text)
    assert cells[5:10] == ["arena", "tensor arena", "768", "0x20000100", "384 (50.0 %)"]
    assert "1.5 KB of 4 KB laid out" in text
    assert list(memory_map({})) == []


ARENA = {"base": 0x2000_0000, "size": 1000, "used": 600, "peak": 700, "purposes": {"tensors": 200, "plan": 400},
         "touched": None}


def test_arena_shows_what_it_holds():
    text = "".join(arenas({"arenas": [ARENA], "arena_plan": [], "inferences": []}))
    assert "600 of 1,000 bytes used (60.0 %), 700 at the peak" in text
    assert re.findall(r"flex:(\d+) 1 0", text) == ["400", "200", "400"]
    assert list(arenas({})) == []
    assert list(arenas({"arenas": [{**ARENA, "used": None}]})) == []


def test_arena_plan_and_accesses():
    touched = {"written": 6, "never": 7, "column_bytes": 4, "rows": [
        {"during": "prepare", "cycle": 64, "changed": [0, 4, 4]}, {"during": "begin", "cycle": 70, "changed": [0, 0, 0]},
        {"during": "PAD", "cycle": 72, "changed": [0, 0, 0]}, {"during": "<CONV>", "cycle": 128, "changed": [1, 0, 0]},
        {"during": "afterwards", "cycle": 129, "changed": [1, 0, 0]}]}
    block = {"place": 0, "bytes": 400, "first": 0, "last": 1, "tensor": 3, "subgraph": 0}
    text = "".join(arenas({"arenas": [{**ARENA, "touched": touched}], "arena_plan": [block], "inferences": [run(0, 100)]}))
    assert "6 bytes were written, 7 never" in text
    assert re.findall("<b title[^>]*>(.*?)</b>", text) == ["prepare", "1 &lt;CONV&gt;", "afterwards"]
    assert '<div class="ends"><span>0x20000000</span><span>0x' in text
    assert "prepare: 8 bytes changed until 1.00 \u00b5s" in text
    assert "var(--card) 0.00% 33.33%,var(--h5) 33.33% 100.00%" in text
    picture = ElementTree.fromstring(re.search(r"<svg class=\"plan\".*?</svg>", text, re.DOTALL)[0])
    assert next(title.text for title in picture.iter("title")).startswith("tensor 3")


def test_heap_over_time():
    record = {"cycles": 1000, "inferences": [], "memory": {"stack_size": 256},
              "heap": {"history": [[100, 64, 32], [500, 128, 0]]}}
    text = "".join(levels(record))
    assert "At most 128 bytes" in text
    assert 'd="M100.0 50.0' in text
    assert re.findall("<span>(.*?)</span>", text) == ["128 B", "96 B", "64 B", "32 B", "0"]
    assert re.findall('<s style="left:(.*?)%">(.*?)</s>', text)[:2] == [("0.000", "0 \u00b5s"), ("12.800", "2 \u00b5s")]
    assert list(levels({**record, "heap": None})) == []


def test_heap_in_numbers_leaks_and_drift():
    frame = {"function": "ns::f(<int>)", "address": 0x100, "source": "/a/b/f.cc:7"}
    site = {**frame, "bytes": 48, "blocks": 2, "stack": [{**frame, "function": None, "source": None}]}
    found = {"allocations": 3, "failed": 1, "live": 48, "blocks": 2, "peak": 64, "fragmentation": 0.25, "reserved": 4096,
             "largest_free": 512, "leaks": {"bytes": 96, "blocks": 4, "sites": [site] * 30},
             "no_allocation_after": {"point": "<ready>", "violation": {"size": 8, "cycle": 64, "stack": [frame]}}}
    text = "".join(heap({"heap": found}))
    assert "Allocated after &lt;ready&gt;:</span> 8 bytes, at 1.000 µs: ns::f (f.cc:7)" in text
    assert "<dt>fragmentation</dt><dd>25.0 %</dd>" in text and "48 bytes in 2 blocks" in text
    assert "Leaks: 96 bytes in 4 blocks" in text and "10 more places" in text
    assert cells([text])[:4] == ["ns::f (f.cc:7)", "48", "2", "0x00000100"]
    none = {**found, "leaks": {"bytes": 0, "blocks": 0, "sites": []}, "no_allocation_after": None}
    assert "Nothing was allocated between the two points and stayed" in "".join(heap({"heap": none}))
    assert list(heap({"heap": None})) == list(heap({"heap": {**none, "allocations": 0, "failed": 0, "leaks": None}})) == []
    change = {"first": 100.4, "last": 164.0, "change": 63.6, "least": 90, "most": 170}
    record = {"drift": {"inferences": 8, "cycles": change, "stack_peak": None, "heap_live": None}}
    assert cells(drift(record)) == ["cycles of an inference", "100", "164", "+63.6", "90 to 170"]
    assert list(drift({})) == []


def test_stack_over_time():
    runs = [{"start_cycle": 100 * n, "stack_peak": peak} for n, peak in enumerate((40, 80, None, 20))]
    record = {"cycles": 1000, "inferences": runs, "memory": {"stack_size": 4096}, "heap": None}
    text = "".join(levels(record))
    assert "At most 80 bytes, of 4 KB that there is room for" in text
    assert 'd="M0.0 58.3L100.0 58.3L100.0 16.7L300.0 16.7L300.0 79.2L1000 79.2"' in text  # of 96 bytes
    history = {**record, "inferences": [], "memory": {"stack_size": 4096, "stack_history": [[0, 20], [500, 80]]}}
    assert 'd="M0.0 79.2L500.0 79.2L500.0 16.7L1000 16.7"' in "".join(levels(history))
    many = [{"start_cycle": n, "stack_peak": n % 7} for n in range(50_000)]
    assert len("".join(levels({**record, "inferences": many, "cycles": 50_000}))) < 100_000


# --- what else was asked for ------------------------------------------------------------------------------------------


def cells(lines):
    return re.findall(r"<td[^>]*>([^<]*)</td>", "".join(lines))


def test_regions_and_latencies():
    statistics = {"min": 10, "median": 20.5, "max": 40, "total": 640}
    record = {"regions": [{"name": "fft", "passes": 3, "cycles": statistics, "instructions": {"total": 99}},
                          {"name": "never", "passes": 0, "cycles": None, "instructions": None}],
              "latencies": [{"latency": "a,b", "count": 2, "min": 64, "median": 640, "max": 6400, "max_at": 64_000_000}]}
    assert cells(regions(record)) == ["fft", "3", "640", "10.0 µs", "10", "20", "40", "99", "never", "0", *[""] * 6]
    assert cells(latencies(record)) == ["a,b", "2", "1.000 µs", "10.00 µs", "100.0 µs", "1.000 s"]
    assert list(regions({})) == list(latencies({})) == []


def test_stacks_tell_who_and_how_much_is_left():
    over = {"cycle": 1, "pc": 0x100, "sp": 0x2000_0FF0, "function": "f", "path": None, "into": "buffer"}
    row = {"name": "main stack", "base": 0x2000_2000, "limit": 0x2000_1000, "size": 4096, "peak": 1024, "free": 3072,
           "path": ["main", "ns::f(int)"], "overflow": None}
    thread = {**row, "name": "worker", "peak": 4112, "free": -16, "path": None, "overflow": over}
    text = "".join(stacks({"memory": {"stacks": [row, thread]}}))
    assert cells([text]) == ["main stack", "1,024", "4,096", "25.0 %", "3,072", "worker", "4,112", "4,096", "100.4 %", "-16"]
    assert "main stack at its deepest: main → ns::f" in text
    assert "worker (4,096 bytes) overflows by 16 bytes into buffer at pc 0x00000100 in f" in text
    assert re.findall(r"--part:([\d.]+)%", text) == ["25.00", "100.00"]  # of its own size
    assert "<details>" not in text
    assert "<details>" in "".join(stacks({"memory": {"stacks": 5 * [row]}}))
    assert list(stacks({"memory": {}})) == []


def test_coverage_and_charge():
    record = {"coverage": {"lines": 10, "lines_run": 5, "branches": 0, "branches_run": 0, "functions": 4, "functions_run": 3,
                           "never": [{"name": "g(int)", "address": 0x100, "size": 20}], "never_bytes": 20}}
    text = "".join(coverage(record))
    assert cells([text])[:4] == ["lines", "50.0 %", "5", "10"]
    assert cells([text])[-3:] == ["g", "20", "0x00000100"]
    bounds = {"typical": 3.0, "lowest": 2.0, "highest": 4.0}
    part = {"symbol": "ICPU0", "conditions": "CPU", "seconds": 0.5, "microamperes": bounds, "microcoulombs": 3.0}
    charge = {"volts": 3, "microcoulombs": bounds, "average_microamperes": bounds, "inference_microcoulombs": None,
              "inference_microjoules": None, "parts": [part], "without_figures": ["SPIM2"]}
    text = "".join(energy({"energy": charge}))
    assert cells([text])[:5] == ["ICPU0: CPU", "3.00", "100.0 %", "3.00", "0.5000 s"]
    assert "of the run: 3.00 µC (2.00 to 4.00)" in text
    assert "SPIM2" in text
    assert list(coverage({})) == list(energy({})) == []
