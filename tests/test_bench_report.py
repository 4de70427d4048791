"""A bench record as text, as a page, and its memory plan as a picture."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.html import Page

from cmsim.bench import Options, bench
from cmsim.report.html_bench import page
from cmsim.report.svg_plan import HEIGHT, WIDTH, plan, short
from cmsim.report.text_bench import energy_text, flash_text, output_text, report, significant

GESTURE = Path(__file__).resolve().parents[1] / "firmware" / "apps" / "gesture" / "gesture.tflite"


@pytest.fixture(scope="module")
def measured():
    return bench([str(GESTURE)], Options(kernels="reference"))


@pytest.fixture
def record(measured):
    return copy.deepcopy(measured)


def test_page_is_complete_and_needs_nothing(record):
    text = page(record)
    found = Page(text)
    assert {"script", "link", "img", "iframe"}.isdisjoint(found.seen)
    assert {"src", "href", "onclick"}.isdisjoint(name for name, _ in found.attributes)
    assert "://" not in text
    assert "(prefers-color-scheme: dark)" in text
    assert '<meta name="viewport"' in text
    model = record["models"][0]
    for row in model["operators"]:
        assert f"{row['cycles']:,}" in found.cells
        assert f"{100 * row['share']:.1f} %" in found.cells
    assert "100.0 %" in found.cells


def test_longest_bar_fills_its_cell(record):
    bars = [float(part) for part in re.findall(r"--part:([\d.]+)%", page(record))]
    assert max(bars) == 100
    assert all(0 <= bar <= 100 for bar in bars)
    assert len(bars) == len(record["models"][0]["operators"]) + 1


def test_names_are_escaped(record):
    evil = '<script>alert("x")</script>'
    model = record["models"][0]
    model["model"]["name"] = model["plan"][0]["name"] = model["outputs"][0]["name"] = evil
    model["operators"][0]["name"] = model["input"] = evil
    model["operators"][0]["inputs"] = ['"><b>']
    assert "script" not in Page(page(record)).seen
    assert "b" not in Page(page({**record, "models": [{"model": {"name": evil}, "error": evil}]})).seen


def test_page_of_several_models(record):
    other = copy.deepcopy(record["models"][0])
    other["model"]["name"] = "other.tflite"
    broken = {"model": {"name": "broken.tflite"}, "error": "broken.tflite: it is broken", "exit_code": 2}
    text = page({**record, "models": [*record["models"], other, broken]})
    found = Page(text)
    assert found.seen.count("svg") == 2
    assert found.seen.count("table") == 3
    assert "broken.tflite: it is broken" in text
    assert "cycles of CONV_2D" in found.cells


def test_page_of_a_model_without_macs_or_check(record):
    model = record["models"][0]
    model["cycles_per_mac"] = None
    model["check"] = {"tensors": 3, "equal": False, "difference": {"text": "tensor 3 differs"}}
    assert "FAILED: tensor 3 differs" in page(record)


def rectangles(model) -> list[tuple[str, str, float, float, float, float]]:
    """(class, title, x, y, width, height) of each block in the picture."""
    root = ElementTree.fromstring(plan(model))
    found = []
    for group in root.iter("g"):
        rect, title = group.find("rect"), group.find("title")
        assert rect is not None
        assert title is not None
        found.append((group.get("class"), title.text, *(float(rect.get(k)) for k in ("x", "y", "width", "height"))))
    return found


def test_plan_shows_every_block_to_scale(record):
    model = record["models"][0]
    boxes = rectangles(model)
    kept = [name for name, size in model["arena"]["use"].items() if size and name != "activations"]
    assert len(boxes) == len(model["plan"]) + len(kept)
    for _, _, x, y, width, height in boxes:
        assert x >= 0
        assert y >= 0
        assert x + width <= WIDTH + 0.1
        assert y + height <= HEIGHT + 0.1
    by_name = {block["name"]: box for block, box in zip(model["plan"], boxes, strict=False)}
    motion, conv = by_name["motion"], by_name["conv"]
    assert motion[0] == "ends"
    assert conv[0] == "activation"
    assert motion[5] / conv[5] == pytest.approx(960 / 288, rel=0.01)
    # conv is used by operators 1 and 2, so it is twice as wide as the input, which only operator 0 uses
    assert conv[4] / motion[4] == pytest.approx(2, rel=0.01)
    assert conv[2] == pytest.approx(motion[2] + motion[4], abs=0.1)
    # addresses go upwards
    assert motion[3] + motion[5] == pytest.approx(conv[3] + conv[5], abs=0.1)
    assert conv[1] == "tensor 2 conv: 288 bytes at 0 to 287, from 1 CONV_2D to 2 MAX_POOL_2D"
    top = min(box[3] for box in boxes)
    lowest_kept = max(box[3] + box[5] for box in boxes if box[0] == "kept")
    highest_activation = min(box[3] for box in boxes if box[0] != "kept")
    assert top == pytest.approx(8, abs=0.1)
    assert lowest_kept <= highest_activation + 0.1


def test_plan_without_operators_in_one_row(record):
    model = record["models"][0]
    model["steps"] = None
    model["plan"][0].update(last=None, tensor=None, name="scratch")
    boxes = rectangles(model)
    assert boxes[0][0] == "scratch"
    assert boxes[0][1].startswith("scratch memory: 960 bytes")
    assert boxes[0][1].endswith("from step 0 for good")


def test_plan_of_nothing(record):
    model = record["models"][0]
    model["plan"], model["steps"] = [], []
    model["arena"] = {"used": 0, "use": {"activations": 0}}
    assert rectangles(model) == []


def test_long_names_are_cut():
    assert short("MobilenetV1/Logits/AvgPool_1a/AvgPool;extra") == "AvgPool_1a/AvgPool"
    assert len(short("x" * 100)) == 40


def test_text(record):
    text = report(record)
    model = record["models"][0]
    assert re.search(r"^1  CONV_2D +40x1x6 > 36x1x8 +8,640 +[\d,]+ +[\d.]+ % +[\d.]+ +[\d.]+$", text, re.MULTILINE)
    assert f"{model['cycles']:,} an inference" in text
    assert "probabilities: " in text
    assert "input        random, seed 0" in text


def test_text_of_failures_only(record):
    assert report({**record, "models": [{"model": {"name": "x"}, "error": "e", "exit_code": 1}]}) == ""


def test_side_by_side_notes(record):
    model = record["models"][0]
    model["flash"].update(total=2 << 20, fits=False)
    model["check"] = {"tensors": 3, "equal": False, "difference": {"text": "tensor 3 differs"}}
    text = report({**record, "models": [model, {"model": {"name": "x"}, "error": "e", "exit_code": 1}]})
    assert "gesture.tflite: flash: 2,097,152 bytes" in text
    assert "1,048,576 more than the 1,048,576 of the chip" in " ".join(text.split())
    assert "gesture.tflite: check: FAILED: tensor 3 differs" in text


@pytest.mark.parametrize(("value", "text"), [
    (0, "0.000"), (0.0998, "0.100"), (0.998, "0.998"), (9.876, "9.88"), (49.82, "49.8"), (123.4, "123"),
    (16753.0, "16,753")])
def test_significant_digits(value, text):
    assert significant(value) == text


def test_energy_in_the_unit_that_suits():
    assert energy_text({"typical": 49.82, "lowest": 42.3, "highest": 95.1}) == "49.8 µJ an inference (42.3 to 95.1)"
    assert energy_text({"typical": 1900, "lowest": 900, "highest": 3600}) == "1.90 mJ an inference (0.900 to 3.60)"


def test_outputs_in_words():
    quantised = {"name": "y", "scale": 0.5, "zero_point": -128, "values": [-128, -126], "type": "INT8", "shape": [2]}
    assert output_text(quantised) == "y: 0, 1"
    assert output_text({**quantised, "scale": None, "values": [1.5, None]}) == "y: 1.5, not finite"
    assert output_text({**quantised, "values": [-128] * 12}).endswith("0, 2 more")
    assert output_text({**quantised, "values": None}) == "y: INT8[2]"


def test_flash_that_fits():
    flash = {"model": 1, "kernels": 2, "interpreter": 3, "total": 6, "fits": True}
    assert flash_text(flash, 600) == "6 bytes: model 1, kernels 2, interpreter 3; 1.0 % of 600"


def keys(value) -> set[str]:
    """All keys of a record, at any depth."""
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in keys(item)}
    return {key for item in value for key in keys(item)} if isinstance(value, list) else set()


def test_every_key_is_documented(record):
    text = (Path(__file__).resolve().parents[1] / "docs" / "bench.md").read_text(encoding="utf-8")
    documented = {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", code)}
    assert keys(record) - documented == set()
