"""Reset values other than 0 of the blocks that nothing models (nRF52840 PS v1.8, the register tables of each chapter).

Not modelled: all these blocks; `chip.py` gives each table to an `Unimplemented` block, which answers reads from it.
"""

from __future__ import annotations

from collections.abc import Mapping

DISCONNECTED = 0xFFFF_FFFF
"""Every PSEL register after reset."""

ResetValues = Mapping[int, int]


def disconnected(*offsets: int) -> dict[int, int]:
    """PSEL registers at `offsets`."""
    return dict.fromkeys(offsets, DISCONNECTED)


CC_HOST_RGF = {0x1A60: 0x2}
