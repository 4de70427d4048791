"""How fast QVGA capture through the pins is simulated: simulated seconds a real second.

    python benchmarks/camera.py        (needs arm-none-eabi-as)

A polling loop reads 240 rows of 640 bytes, RGB565, 2.5 frames a second, 64 CPU cycles a byte. Prints one line.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests")]

from support.assembler import assemble  # noqa: E402
from test_camera import CAPTURE  # noqa: E402

from cmsim import Machine  # noqa: E402
from cmsim.kernel import Rate  # noqa: E402

QVGA = ((0x12, 0x14), (0x40, 0xD0), (0x17, 168 >> 3), (0x18, 24 >> 3), (0x32, 0), (0x19, 3), (0x1A, 123), (0x03, 0),
        (0x6B, 0x4A), (0x11, 31))
ROWS, ROW_BYTES = 240, 640
SECONDS = 1.0


def main() -> None:
    source = CAPTURE.replace("EXTRA", "").replace("ldr r6, =20", f"ldr r6, ={ROWS}")
    source = source.replace("ldr r5, =320", f"ldr r5, ={ROW_BYTES}").replace("str r3, [r4], #4", "strb r3, [r4], #1")
    picture = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as directory:
        machine = Machine(assemble(Path(directory), source), camera=picture)
        for register, value in QVGA:
            machine.parts["camera"].sccb.write(register, value)
        machine.soc.pins[27].drive_clock("benchmark", Rate.hertz(16_000_000))
        machine.run(lambda: machine.record["camera"]["camera"]["bytes_read"] == ROWS * ROW_BYTES, seconds=SECONDS)
    said = machine.record["camera"]["camera"]
    print(f"QVGA capture: {machine.seconds:.3f} s simulated in {machine.wall_seconds:.2f} s, "
          f"{machine.seconds / machine.wall_seconds:.3f} of real time; "
          f"{said['bytes_read']:,} of {ROWS * ROW_BYTES:,} bytes read")


if __name__ == "__main__":
    main()
