"""How fast capture through the pins is simulated, simulated seconds for a second of CPU time (the goal is 0.1).

    python benchmarks/camera.py        (needs arm-none-eabi-as)

A loop that polls the pins, as sketches do, reads one frame: QVGA (320 x 240) and QQVGA (160 x 120), RGB565 (every byte
is kept) and gray (YUYV, every other byte). The sensor is set for 2.5 frames a second, PCLK 2 MHz or, divided for the
small pictures, 1 MHz. Then the capture of the person application: 96 x 96 gray, by the driver in firmware/. Prints a
line for each.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests")]

from support.assembler import assemble  # noqa: E402
from test_camera import CAPTURE  # noqa: E402

from cmsim import Machine, prebuilt  # noqa: E402
from cmsim.kernel import Rate  # noqa: E402

CLOCK = ((0x6B, 0x4A), (0x11, 15))
SIZES = {
    "QVGA": (320, 240, ((0x17, 168 >> 3), (0x18, 24 >> 3), (0x32, 0), (0x19, 3), (0x1A, 123), (0x03, 0)), 0x10),
    "QQVGA": (160, 120, ((0x0C, 0x04), (0x3E, 0x1A), (0x17, 158 >> 3), (0x18, 14 >> 3),
                         (0x32, 6 << 3 | 6), (0x19, 14 >> 2), (0x1A, 494 >> 2), (0x03, 0x0A)), 0x00),
}
FORMATS = {"RGB565": (0x04, (0x40, 0xD0)), "gray": (0x00, (0x3A, 0x04))}
GRAY = """
    subs r5, #1
7:  ldr r2, [r0, #0x510]
    lsls r2, r2, #27
    bmi 7b
8:  ldr r2, [r0, #0x510]
    lsls r2, r2, #27
    bpl 8b
"""
"""Waits for the byte that gray does without."""
PICTURE = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def capture(directory: Path, size: str, form: str) -> None:
    """One frame by a loop in assembler."""
    width, height, window, resolution = SIZES[size]
    colour, order = FORMATS[form]
    source = CAPTURE.replace("EXTRA", "").replace("ldr r6, =20", f"ldr r6, ={height}")
    source = source.replace("ldr r5, =320", f"ldr r5, ={2 * width}").replace("str r3, [r4], #4", "strb r3, [r4], #1")
    if form == "gray":
        source = source.replace("    subs r5, #1\n    bne byte", GRAY + "    subs r5, #1\n    bne byte")
    machine = Machine(assemble(directory, source, functions=["done"]), camera=PICTURE)
    for register, value in (*CLOCK, *window, (0x12, resolution | colour), order):
        machine.parts["camera"].sccb.write(register, value)
    machine.soc.pins[27].drive_clock("benchmark", Rate.hertz(16_000_000))
    seconds, wall = until(machine, "done")
    said = machine.record["camera"]["camera"]
    assert said["bytes_read"] == width * height * (2 if form == "RGB565" else 1)
    show(f"{size} {form}", seconds, wall, f"{said['bytes_read']:,} bytes")


def person() -> None:
    """One frame by the driver of the person application."""
    machine = Machine(prebuilt.path("person"), camera=PICTURE)
    until(machine, "cmsim::Interpreter::invoke")  # with the second frame, what was to be learnt is known
    until(machine, "ov7675::capture")
    before = machine.record["camera"]["camera"]["bytes_read"]
    seconds, wall = until(machine, "cmsim::Interpreter::invoke")
    read = machine.record["camera"]["camera"]["bytes_read"] - before
    show("person, 96 x 96 gray", seconds, wall, f"{read:,} bytes")


def until(machine: Machine, function: str) -> tuple[float, float]:
    """Simulated and real seconds until the function is called."""
    reached: list[float] = []
    machine.on(function, lambda m: reached.append(m.seconds))
    began, wall = machine.seconds, time.thread_time()
    machine.run(lambda: bool(reached), seconds=1)
    return reached[0] - began, time.thread_time() - wall


def show(what: str, seconds: float, wall: float, detail: str) -> None:
    """A line of the result."""
    print(f"{what:22} {seconds:.3f} s simulated in {wall:.2f} s, {seconds / wall:.2f} x real time; {detail}")


def main() -> None:
    """All of them."""
    with tempfile.TemporaryDirectory() as directory:
        for size in SIZES:
            for form in FORMATS:
                capture(Path(directory), size, form)
    person()


if __name__ == "__main__":
    main()
