"""The shipped person application: frames through the pins byte for byte, decisions, LED, `--model`, errors."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cmsim import Machine
from cmsim.apps import app_path, shipped_picture, with_model
from cmsim.boards import find_board
from cmsim.errors import UsageError

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "firmware/apps/person/person.tflite"
RED, GREEN = 24, 16


def seen(path):
    """What the sensor sends of a shipped picture: 640 x 480 gray, of it the middle, each pixel the mean of 4 x 4."""
    gray = np.asarray(Image.open(path).convert("L"), dtype=int)
    return gray[48:432, 128:512].reshape(96, 4, 96, 4).sum(axis=(1, 3)) // 16


@pytest.fixture(scope="module", params=["person", "no_person"])
def run(request):
    machine = Machine(app_path("person"), camera=shipped_picture(request.param))
    machine.run(until="scores", seconds=3)
    machine.run(seconds=0.01)
    return request.param, machine


def test_the_frame_is_the_picture_byte_for_byte(run):
    name, machine = run
    frame = np.frombuffer(machine.read("g_frame", 96 * 96), np.uint8).reshape(96, 96)
    assert (frame == seen(shipped_picture(name))).all()
    assert machine.record["camera"]["camera"]["bytes_missed"] == 0


def test_the_decision_and_the_led(run):
    name, machine = run
    decision = "person" if name == "person" else "no person"
    assert f"frame 0: {decision}, scores" in machine.console("uart0")
    assert machine.soc.pins[GREEN].level == (name != "person")  # active low
    assert machine.soc.pins[RED].level == (name == "person")


def test_cycles_and_memory_of_an_inference(run):
    record = run[1].record
    assert record["inferences"][0]["cycles"] > 7_000_000 / 4
    assert 50_000 < record["memory"]["arena_used"] < 131_072


def test_without_a_camera_the_application_says_so():
    machine = Machine(app_path("person"))
    machine.run(until="\n", seconds=1)
    assert "error: OV7675 at I2C address 0x21" in machine.console("uart0")


def test_another_model_without_rebuilding(tmp_path):
    content = bytearray(MODEL.read_bytes())
    other = tmp_path / "other.tflite"
    other.write_bytes(content)
    board = find_board("nano33ble-sense")
    image = with_model(app_path("person"), other, board)
    machine = Machine(image, camera=shipped_picture("person"))
    slot = machine.read("g_model_slot", 8)
    address, size = int.from_bytes(slot[:4], "little"), int.from_bytes(slot[4:], "little")
    assert (size, machine.read(address, size)) == (len(content), bytes(content))
    machine.run(until="arena: ", seconds=1)
    content[100:140] = bytes(40)
    other.write_bytes(bytes(content[:64]))
    broken = Machine(with_model(app_path("person"), other, board), camera=shipped_picture("person"))
    broken.run(until="error", seconds=1)
    assert "error" in broken.console("uart0")


def test_wrong_models(tmp_path):
    board = find_board("nano33ble-sense")
    text, large = tmp_path / "a.txt", tmp_path / "large.tflite"
    text.write_text("not a model")
    large.write_bytes(b"\0\0\0\0TFL3" + bytes(1 << 20))
    for firmware, model, message in (("person", text, "not a .tflite"), ("person", large, "does not fit"),
                                     ("person", tmp_path / "none", "cannot be read"), ("gesture", MODEL, "cannot be replaced")):
        with pytest.raises(UsageError, match=message):
            with_model(app_path(firmware), model, board)
    with pytest.raises(UsageError, match="not known"):
        app_path("other")
