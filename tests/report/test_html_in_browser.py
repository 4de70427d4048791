"""The page in a real browser: no sideways scrolling, no errors, zoom by pointer and keyboard, paper, pictures."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))
import chromium
import screenshots

from cmsim.report.html_report import page

pytestmark = pytest.mark.skipif(
    chromium.find() is None, reason="no browser: install Debian's chromium to look at the report as a person would"
)


@pytest.fixture(scope="module")
def browser():
    with chromium.Chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    files = {}
    for name in screenshots.APPLICATIONS:
        files[name] = folder / f"{name}.html"
        files[name].write_text(page(screenshots.record(name)), encoding="utf-8")
    return files


@pytest.mark.parametrize("name", screenshots.APPLICATIONS)
@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_fits_the_window(browser, pages, name, width):
    browser.open(pages[name], width, phone=width < 500)
    browser.settle()
    assert browser.errors == []
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    beyond = browser.evaluate(
        "[...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, .lane, .flame, .strip, .view, svg')"
        f" && e.getBoundingClientRect().right > {width} + 0.5).map((e) => e.tagName + '.' + e.className)")
    assert beyond == []


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast(browser, pages, dark):
    browser.open(pages["gesture"], 1200, dark=dark)
    browser.settle()
    worst = browser.evaluate("""(() => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const parse = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data]; };
      const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((v) => { v /= 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
      const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
        if (c[3] > 250) return c; } return [255, 255, 255]; };
      let worst = [99, ''];
      for (const e of document.querySelectorAll('body *')) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
        if (['SCRIPT', 'STYLE', 'text', 'title'].includes(e.tagName)) continue;
        const a = light(parse(getComputedStyle(e).color)), b = light(ground(e));
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < worst[0]) worst = [ratio, e.tagName + ' ' + e.className + ' ' + e.textContent.slice(0, 40)];
      }
      return worst;
    })()""")
    assert worst[0] >= 4.5, worst


def test_sections_can_be_reached_from_everywhere(browser, pages):
    browser.open(pages["person"], 1200)
    for name in ("calls", "console", "operators"):
        browser.evaluate(f"document.querySelector('nav a[href=\"#{name}\"]').click()")
        browser.settle()
        bar, title = browser.evaluate(f"[document.querySelector('nav'), document.querySelector('#{name} h2')]"
                                      ".map((e) => e.getBoundingClientRect()).map((b) => [b.top, b.bottom])")
        assert bar[0] == 0
        assert bar[1] <= title[0] < 900


def test_labels_of_the_axis_do_not_touch(browser, pages):
    for width in (390, 1200):
        browser.open(pages["person"], width, phone=width < 500)
        browser.settle()
        gaps = browser.evaluate(
            "[...document.querySelectorAll('.time .axis')].flatMap((axis) => { const boxes = [...axis.children]"
            ".filter((s) => s.textContent).map((s) => { const range = document.createRange(); range.selectNodeContents(s);"
            " return range.getBoundingClientRect(); });"
            " return boxes.slice(1).map((box, n) => box.left - boxes[n].right); })")
        assert gaps
        assert min(gaps) >= 6


FRAME = """[...document.querySelectorAll('.flame b')].find((b) => { const part = b.clientWidth / b.parentNode.clientWidth;
    return b.textContent && part > 0.05 && part < 0.95; })"""
"""A frame with a name that is neither the root nor tiny."""


def test_flame_graph_zooms_by_click_and_by_keyboard(browser, pages):
    browser.open(pages["gesture"], 1200)
    browser.settle()
    name, before = browser.evaluate(f"[{FRAME}.textContent, {FRAME}.clientWidth]")
    browser.evaluate(f"{FRAME}.click()")
    whole = browser.evaluate("document.querySelector('.flame').clientWidth")
    assert before < 0.95 * whole
    wide = f"[...document.querySelectorAll('.flame b')].find((b) => b.textContent === {json.dumps(name)}).clientWidth"
    assert browser.evaluate(wide) == pytest.approx(whole, abs=1)
    info = "document.querySelector('.flame-figure .info').textContent"
    assert f"of {name}" in browser.evaluate(info)
    browser.evaluate("document.querySelector('.flame b').dispatchEvent(new PointerEvent('pointermove', {bubbles: true}))")
    assert browser.evaluate(info).startswith("everything ")  # of which the frame is a part, not the other way round
    assert f"of {name}" not in browser.evaluate(info)
    press = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: '{}', bubbles: true}}))"
    browser.evaluate(press.format("Escape"))
    assert browser.evaluate(wide) == pytest.approx(before, abs=1)
    assert browser.evaluate("document.activeElement.textContent") == "everything"
    for _ in range(3):
        browser.evaluate(press.format("ArrowDown"))
    assert browser.evaluate("document.activeElement.textContent") == "main"
    browser.evaluate(press.format("ArrowUp"))
    assert browser.evaluate("document.activeElement.textContent") == "Reset_Handler"
    assert browser.evaluate("document.querySelectorAll('.flame b[tabindex=\"0\"]').length") == 1
    assert browser.errors == []


def test_flame_graph_from_below_shows_who_called(browser, pages):
    record = screenshots.record("gesture")
    own = {row["name"]: row["exclusive_cycles"] for row in record["profile"]["functions"]}
    browser.open(pages["gesture"], 1200)
    browser.evaluate("document.querySelector('[data-do=callers]').click()")
    browser.settle()
    second = "[...document.querySelectorAll('.flame b')].filter((b) => b.style.top === '22px').map((b) => b.node)"
    shown = browser.evaluate(f"Object.fromEntries({second}.map((n) => [n.whole, n.awake]))")
    assert len(shown) > 20
    assert {name: own.get(name) for name in ("main", "cmsim_gemm_4", "memset")} == {
        name: shown[name] for name in ("main", "cmsim_gemm_4", "memset")}
    assert browser.evaluate("document.querySelector('.flame b').node.awake") == sum(
        row["exclusive_cycles"] for row in record["profile"]["functions"] if row["name"] != "(sleep)")
    browser.evaluate("[...document.querySelectorAll('.flame b')].find((b) => b.textContent === 'cmsim_gemm_4').click()")
    callers = "[...document.querySelectorAll('.flame b')].map((b) => b.textContent)"
    assert browser.evaluate(callers)[:4] == ["every function", "cmsim_gemm_4", "dsp::gemm", "dsp::multiply_some"]
    browser.evaluate("document.querySelector('[data-do=callers]').click()")
    assert browser.evaluate(callers)[:3] == ["everything", "main stack", "Reset_Handler"]
    assert browser.errors == []


def test_a_deep_flame_graph_scrolls_within_itself(browser, tmp_path):
    record = json.loads(json.dumps(screenshots.record("gesture")))
    deepest = len(record["profile"]["call_tree"])
    record["profile"]["call_tree"] += [
        {"parent": deepest + n - 1 if n else 1, "function": f"level{n}", "address": n, "size": 2, "calls": 1,
         "exclusive_cycles": 0, "inclusive_cycles": 10**7, "instructions": 1} for n in range(100)]
    record["profile"]["call_tree"][-1]["exclusive_cycles"] = 10**7
    file = tmp_path / "deep.html"
    file.write_text(page(record), encoding="utf-8")
    browser.open(file, 1200, 900)
    browser.settle()
    assert browser.evaluate("document.querySelector('.flame').clientHeight") == 540
    at = "document.querySelector('.flame').scrollTop"
    browser.evaluate("[...document.querySelectorAll('.flame b')].find((b) => b.node.name === 'level90').click()")
    assert browser.evaluate(at) > 1000
    browser.evaluate("document.querySelector('[data-do=reset]').click()")
    assert browser.evaluate(at) == 0


def test_flame_graph_finds_and_shows_sleep(browser, pages):
    browser.open(pages["gesture"], 1200)
    browser.evaluate("(() => { const s = document.querySelector('input[type=search]'); s.value = 'RESET_HANDLER';"
                     " s.dispatchEvent(new Event('input')); })()")
    assert browser.evaluate("document.querySelectorAll('.flame b.hit').length") == 1
    assert "is in 100.0 %" in browser.evaluate("document.querySelector('.flame-figure .info').textContent")
    browser.evaluate("document.querySelector('[data-do=sleep]').click()")
    browser.settle()
    assert browser.evaluate("[...document.querySelectorAll('.flame b')].some((b) => b.textContent === '(sleep)')")


def test_timeline_zooms_and_moves(browser, pages):
    browser.open(pages["gesture"], 1200)
    browser.settle()
    texts = "[...document.querySelector('.time .axis').children].map((s) => s.textContent).filter(Boolean)"
    before = browser.evaluate(texts)
    click = "document.querySelector('.time [data-do={}]').click()"
    for _ in range(3):
        browser.evaluate(click.format("in"))
    browser.settle()
    zoomed = browser.evaluate(texts)
    assert zoomed != before
    assert all(text.endswith(" s") for text in zoomed)
    browser.evaluate(click.format("on"))
    browser.settle()
    assert browser.evaluate(texts) != zoomed
    browser.evaluate(click.format("reset"))
    browser.settle()
    assert browser.evaluate(texts) == before
    browser.evaluate("document.querySelectorAll('.time')[1].querySelector('.lane.operator i').dispatchEvent("
                     "new PointerEvent('pointerover', {bubbles: true}))")
    assert "0:QUANTIZE" in browser.evaluate("document.querySelectorAll('.time')[1].querySelector('.info').textContent")
    assert browser.errors == []


def test_without_scripts_everything_is_there(browser, pages):
    browser.open(pages["gesture"], 1200, scripts=False)
    assert browser.evaluate("document.querySelectorAll('.flame b').length") > 20
    assert browser.evaluate("document.querySelectorAll('.time .lane i').length") > 50
    assert browser.evaluate("document.querySelector('.tools').hidden")
    assert browser.evaluate("document.documentElement.scrollWidth") == 1200


def test_only_names_stay_when_a_table_is_scrolled(browser, pages):
    browser.open(pages["gesture"], 390, phone=True)
    columns = browser.evaluate(
        "[...document.querySelectorAll('table.side')].map((t) => [...t.rows[1].cells].map((c) => getComputedStyle(c).position))")
    assert all(row == ["sticky"] + ["static"] * (len(row) - 1) for row in columns)


def test_what_is_pointed_at_is_told_within_the_window(browser, pages):
    browser.open(pages["gesture"], 1200, 320)  # the timeline is taller than that
    browser.evaluate("document.querySelector('.time .view').scrollIntoView()")
    middle = browser.evaluate("(() => { const b = document.querySelector('.time .lane i').getBoundingClientRect();"
                              " return [b.x + b.width / 2, b.y + b.height / 2]; })()")
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=middle[0], y=middle[1])
    browser.settle()
    bottom = browser.evaluate("document.querySelector('.time .info').getBoundingClientRect().bottom")
    assert "sleep" in browser.evaluate("document.querySelector('.time .info').textContent")
    assert bottom <= 321
    assert browser.evaluate("document.querySelector('.time').getBoundingClientRect().bottom") > 400


def test_prints(browser, pages):
    """Nothing transparent fades (PDF viewers draw that black), and no cell covers the lines of its table."""
    browser.open(pages["gesture"], 1000, media="print")
    styles = browser.evaluate(
        "[...document.querySelectorAll('td, .heat i, .plot, .strip i')].map((e) => getComputedStyle(e)).map((s) =>"
        " [s.backgroundImage, s.position, s.backgroundColor])")
    assert any("linear-gradient" in image for image, _, _ in styles)
    assert not [image for image, _, _ in styles if "rgba(0, 0, 0, 0)" in image]
    assert {position for _, position, _ in styles} <= {"static", "relative"}
    assert browser.evaluate("getComputedStyle(document.querySelector('.tools')).display") == "none"
    browser.open(pages["gesture"], 1000, dark=True)
    assert browser.pdf().startswith(b"%PDF")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("name", screenshots.APPLICATIONS)
def test_pictures_of_the_documents(browser, pages, name, tmp_path):
    """docs/screenshots.py draws them; fonts differ from machine to machine, what is on them does not."""
    screenshots.draw(browser, pages[name], name, tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    kept = sorted(path.name for path in screenshots.FOLDER.glob(f"{name}-*.png"))
    assert made == kept, "run python docs/screenshots.py"
    for file in made:
        picture = Image.open(io.BytesIO((tmp_path / file).read_bytes()))
        committed = Image.open(screenshots.FOLDER / file)
        assert abs(picture.width - committed.width) <= 2
        assert abs(picture.height - committed.height) < 0.3 * committed.height  # firmware is built anew now and then
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 20
