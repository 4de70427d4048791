"""A run's camera: joins what `--camera` names to the board's camera parts, and reports what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .stimuli.images import load_images

if TYPE_CHECKING:
    from .parts import Part
    from .soc import Board


def attach_camera(parts: Mapping[str, Part], board: Board, pictures: Any) -> None:
    """Let every part of `board` that takes the stimulus "camera" look at `pictures` (see `load_images`)."""
    source = load_images(pictures)
    cameras: list[Any] = [parts[row.name] for row in board.parts if row.stimulus == "camera"]
    if not cameras:
        raise UsageError(f"--camera: board {board.name} has no camera")
    for camera in cameras:
        camera.source = source


def camera_record(parts: Mapping[str, Part]) -> dict[str, Any]:
    """`{"camera": {name: statistics}}`, or nothing in a run without camera (docs/camera.md)."""
    found = {name: part.statistics() for name, part in parts.items() if hasattr(part, "statistics")}
    return {"camera": found} if found else {}
