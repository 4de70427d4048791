"""What came of the cameras of a run, a line for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def camera_lines(record: Mapping[str, Any]) -> list[str]:
    """Of the record's `camera` section; none in a run without one."""
    return [f"{name}: {_said(said)}" for name, said in record.get("camera", {}).items()]


def _said(said: Mapping[str, Any]) -> str:
    if said["frames_read"]:
        missed = f"{said['bytes_missed']:,}" if said["bytes_missed"] else "none"
        frames = "a frame" if said["frames_read"] == 1 else f"{said['frames_read']:,} frames"
        return f"{said['bytes_read']:,} bytes of {frames} were read, {missed} missed"
    if said["pclk_hz"] is None:
        return "nothing was read: it has no clock at XCLK"
    return f"nothing was read of {said['frames']:,} frames"
