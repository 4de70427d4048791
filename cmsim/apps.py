"""The applications that ship with cmsim, and putting another model into one."""

from __future__ import annotations

from pathlib import Path

from .errors import UsageError
from .image import Image, Region, Segment
from .image.model import Contents
from .soc import Board

APPS = ("gesture", "person")
SLOT = "g_model_slot"
"""Symbol of two words in flash: address and size of the model that replaces the built-in one."""
TFLITE_IDENTIFIER = b"TFL3"
MODEL_ALIGNMENT = 16


def app_path(name: str) -> Path:
    """The ELF of the shipped application; UsageError lists them."""
    from . import prebuilt  # noqa: PLC0415 - packaged from firmware/prebuilt

    if name not in APPS:
        raise UsageError(f"--app {name}: not known; choose one of {', '.join(APPS)}")
    try:
        path: Path = prebuilt.path(name)
    except KeyError as error:
        raise UsageError(f"{error.args[0]}; reinstall cmsim, or name a firmware file") from None
    return path


def shipped_picture(name: str) -> Path:
    """A picture for the camera that ships with cmsim: "person" or "no_person"."""
    from . import traces  # noqa: PLC0415 - packaged from traces/

    return Path(traces.__path__[0]) / "pictures" / f"{name}.png"


def with_model(firmware: Path, model: Path, board: Board, base: int | None = None) -> Image:
    """The firmware with `model` (a `.tflite` file) behind it in flash and its place written to `g_model_slot`."""
    from .boards import load_image  # noqa: PLC0415 - `cmsim --version` needs none of it

    chip = board.chip
    image = load_image(board, firmware, base)
    try:
        content = model.read_bytes()
    except OSError as error:
        raise UsageError(f"{model}: cannot be read: {error.strerror or error}") from None
    if content[4:8] != TFLITE_IDENTIFIER:
        raise UsageError(f"{model}: not a TensorFlow Lite model")
    try:
        slot = image.find(SLOT).address
    except UsageError:
        raise UsageError(f"--model: {firmware.name} has no {SLOT}; its model cannot be replaced") from None
    flash_end = chip.flash_base + chip.flash_size
    end = max(s.end for s in image.segments if s.address < flash_end)
    address = end + -end % MODEL_ALIGNMENT
    if address + len(content) > flash_end:
        over = address + len(content) - flash_end
        raise UsageError(f"{model}: does not fit behind {firmware.name}: {over:,} bytes too many")
    words = address.to_bytes(4, "little") + len(content).to_bytes(4, "little")
    segments = [*(_patched(s, slot, words) for s in image.segments), Segment(address, content)]
    contents = Contents(
        tuple(sorted(segments, key=lambda s: s.address)), sections=image.sections, entry=image.entry
    )
    changed = Image(image.path, image.format, contents, tuple(Region(*region) for region in chip.regions))
    changed.symbols = image.symbols
    return changed


def _patched(segment: Segment, address: int, data: bytes) -> Segment:
    offset = address - segment.address
    if not (offset >= 0 and offset + len(data) <= len(segment.data)):
        return segment
    return Segment(segment.address, segment.data[:offset] + data + segment.data[offset + len(data) :])
