"""Stands for your build: puts the firmware to be tested at build/gesture.elf, and a recorded motion beside it.

Yours would call CMake, arduino-cli or west. This takes the gesture application and a trace that come with cmsim, and
needs no compiler.
"""

import shutil
from pathlib import Path

from cmsim import prebuilt, traces

build = Path(__file__).parent / "build"
build.mkdir(exist_ok=True)
shutil.copy(prebuilt.path("gesture"), build / "gesture.elf")
shutil.copy(traces.path("walk"), build / "walk.csv")
