"""The line of a camera in the report of a run."""

import pytest

from cmsim.report.text_camera import camera_lines

SAID = {"frames": 3, "frames_read": 2, "bytes_read": 153_600, "bytes_missed": 0, "pclk_hz": 1e6}


def test_a_run_without_camera_has_no_line() -> None:
    assert camera_lines({}) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "camera: 153,600 bytes of 2 frames were read, none missed"),
        ({"frames_read": 1, "bytes_missed": 1280}, "camera: 153,600 bytes of a frame were read, 1,280 missed"),
        ({"frames_read": 0}, "camera: nothing was read of 3 frames"),
        ({"frames": 0, "frames_read": 0, "pclk_hz": None}, "camera: nothing was read: it has no clock at XCLK"),
    ],
)
def test_what_came_of_it(change: dict[str, float | None], line: str) -> None:
    assert camera_lines({"camera": {"camera": SAID | change}}) == [line]
