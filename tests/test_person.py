"""The shipped person application: frames through the pins byte for byte, decisions, LED, `--model`, errors.

How good the network is: on the pictures that were held back from training, which nobody chose one by one.
"""

import re
from decimal import Decimal
from importlib import import_module
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cmsim import Machine
from cmsim.apps import app_path, shipped_picture, with_model
from cmsim.boards import find_board
from cmsim.errors import UsageError
from cmsim.report.vcd import VcdRecorder

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "firmware/apps/person"
MODEL = APP / "person.tflite"
RED, GREEN = 24, 16
CHOSEN = (0, 30, 60, 29)
"""Held-back pictures for the camera: the first of each kind (face, patch, other scene), and the last face."""


def seen(path):
    """Of a shipped picture, 640 x 480 gray, the middle: the sensor sends means of 2 x 4, the driver joins two of them."""
    gray = np.asarray(Image.open(path).convert("L"), dtype=int)
    sent = gray[48:432, 128:512].reshape(192, 2, 96, 4).sum(axis=(1, 3)) // 8
    return (sent[::2] + sent[1::2]) // 2


def on_the_array(image):
    """A picture of which the application's frame is `image`, 96 x 96 gray: each pixel is 4 x 4 of the array."""
    shown = np.full((480, 640), 77, np.uint8)
    shown[48:432, 128:512] = np.kron(image, np.ones((4, 4), np.uint8))
    return shown


@pytest.fixture(scope="module")
def held():
    """The pictures that the network was not trained on, and which of them are faces."""
    pytest.importorskip("skimage", reason="the held-back pictures are scikit-image's")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(APP))
        return import_module("pictures").pictures()[1]


@pytest.fixture(scope="module")
def wheel(held):
    """What the TensorFlow Lite Micro wheel makes of them, by the shipped network: int8 [n, 2]."""
    pytest.importorskip("tflite_micro")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(APP))
        return import_module("evaluate").scores(MODEL.read_bytes(), held[0])


@pytest.fixture(scope="module")
def run(held, tmp_path_factory):
    """Held-back pictures in front of the camera, each until it is decided on; the frames seen, and the VCD."""
    images = held[0][list(CHOSEN)]
    frames = []
    machine = Machine(app_path("person"), camera=lambda seconds: on_the_array(images[min(len(frames), len(images) - 1)]))
    machine.on("cmsim::Interpreter::invoke", lambda m: frames.append(m.read("g_frame", 96 * 96)))
    path = tmp_path_factory.mktemp("person") / "run.vcd"
    with VcdRecorder(machine, path):
        machine.run(until=f"frame {len(images) - 1}: ", seconds=6)
        machine.run(seconds=0.01)
    return machine, frames, path


def printed(machine):
    """(decision, score of a person, score of none, cycle of the line's first byte) of each line."""
    lines = re.findall(r"frame (\d+): (person|no person), scores (-?\d+) (-?\d+)", machine.console("uart0"))
    assert [int(line[0]) for line in lines] == list(range(len(lines)))
    return [(decision, int(person), int(none)) for _, decision, person, none in lines]


def test_accuracy_is_what_the_documents_state(held, wheel):
    labels = held[1]
    right = np.argmax(wheel, axis=1) == labels
    stated = re.search(r"held back: (\d+) pictures, .*int8 ([\d.]+)% right \(faces ([\d.]+)%, patches ([\d.]+)%, "
                       r"other scenes ([\d.]+)%\)", (APP / "README.md").read_text())
    groups = (right, right[labels == 1], right[30:60], right[60:])
    assert stated and [f"{len(labels)}", *(f"{100 * group.mean():.1f}" for group in groups)] == list(stated.groups())
    assert f"{100 * right.mean():.1f} %" in (ROOT / "docs/camera.md").read_text()


def test_every_frame_is_the_picture_byte_for_byte(run, held):
    machine, frames, _ = run
    assert [np.frombuffer(frame, np.uint8).reshape(96, 96).tolist() for frame in frames] == held[0][list(CHOSEN)].tolist()
    said = machine.record["camera"]["camera"]
    assert (said["frames_read"], said["bytes_missed"]) == (len(CHOSEN), 0)


def test_scores_are_those_of_the_wheel_and_faces_differ_from_the_rest(run, held, wheel):
    lines = printed(run[0])
    assert [(none, person) for _, person, none in lines] == [tuple(s) for s in wheel[list(CHOSEN)].tolist()]
    assert [decision == "person" for decision, _, _ in lines] == (np.argmax(wheel[list(CHOSEN)], axis=1) == 1).tolist()
    assert {decision for decision, _, _ in lines} == {"person", "no person"}


def test_the_led_follows_in_the_vcd(run):
    """By a reader that has nothing in common with the writer."""
    vcdvcd = pytest.importorskip("vcdvcd")
    machine, _, path = run
    vcd = vcdvcd.VCDVCD(str(path))
    assert vcd.timescale["timescale"] == Decimal("1E-12")
    lines = [inference["start_cycle"] + inference["cycles"] for inference in machine.record["inferences"]]
    for (decision, _, _), end in zip(printed(machine), lines, strict=True):
        soon = (end + 64_000) * 15_625  # a millisecond later
        assert (vcd["board.LEDG"][soon], vcd["board.LEDR"][soon]) == (("0", "1") if decision == "person" else ("1", "0"))
    green = [value for _, value in vcd["pins.P0_16"].tv][2:]  # after reset's level and the first "off"
    decided = ["0" if decision == "person" else "1" for decision, _, _ in printed(machine)]
    assert green == [value for value, _ in groupby(["1", *decided])][1:]
    assert [value for _, value in vcd["pins.P0_04"].tv] == ["x"]  # PCLK: not recorded
    assert len([value for _, value in vcd["pins.P0_05"].tv if value == "1"]) >= 96 * len(CHOSEN)  # HREF: a row each


@pytest.mark.parametrize("name", ["person", "no_person"])
def test_the_shipped_pictures(name):
    """Chosen because they come out right: what they show is the way from file to LED, not how good the network is."""
    machine = Machine(app_path("person"), camera=shipped_picture(name))
    machine.run(until="scores", seconds=3)
    machine.run(seconds=0.01)
    frame = np.frombuffer(machine.read("g_frame", 96 * 96), np.uint8).reshape(96, 96)
    assert (frame == seen(shipped_picture(name))).all()
    decision = "person" if name == "person" else "no person"
    assert f"frame 0: {decision}, scores" in machine.console("uart0")
    assert machine.soc.pins[GREEN].level == (name != "person")  # active low
    assert machine.soc.pins[RED].level == (name == "person")


def test_cycles_and_memory_of_an_inference(run):
    record = run[0].record
    assert len(record["inferences"]) == len(CHOSEN)
    assert all(inference["cycles"] > 7_000_000 / 4 for inference in record["inferences"])
    assert 50_000 < record["memory"]["arena_used"] < 131_072


def test_without_a_camera_the_application_says_so():
    machine = Machine(app_path("person"))
    machine.run(until="\n", seconds=1)
    assert "error: OV7675 at I2C address 0x21" in machine.console("uart0")


def test_another_part_at_the_address_is_told_apart(monkeypatch):
    machine = Machine(app_path("person"), camera=shipped_picture("person"))
    monkeypatch.setattr(machine.parts["camera"].sccb.registers[0x0B], "reset", 0x21)
    machine.run(until="\n", seconds=1)
    assert "error: OV7675 PID and VER are 0x7621, not 0x7673" in machine.console("uart0")


def test_an_xclk_that_stops_is_told_as_no_frame():
    machine = Machine(app_path("person"), camera=shipped_picture("person"))
    assert machine.run(until="frame 0", seconds=3).reason == "text"
    machine.soc.blocks["I2S"].write(0x500, 0)  # ENABLE: its master clock is the camera's
    machine.run(until="error", seconds=3)
    machine.run(seconds=0.01)
    assert "error: OV7675: no frame comes" in machine.console("uart0")


def test_a_model_of_another_shape_is_refused():
    gesture = ROOT / "firmware/apps/gesture/gesture.tflite"
    image = with_model(app_path("person"), gesture, find_board("nano33ble-sense"))
    machine = Machine(image, camera=shipped_picture("person"))
    machine.run(until="error", seconds=1)
    machine.run(seconds=0.01)
    assert "the model's input is not 96 x 96 x 1, or its output not 2 scores" in machine.console("uart0")


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
    for firmware, model, message in (("person", text, "not a TensorFlow Lite model"), ("person", large, "does not fit"),
                                     ("person", tmp_path / "none", "cannot be read"), ("gesture", MODEL, "cannot be replaced")):
        with pytest.raises(UsageError, match=message):
            with_model(app_path(firmware), model, board)
    with pytest.raises(UsageError, match="not known"):
        app_path("other")
