"""A chip of just the blocks that a test needs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cmsim.soc import Chip, Row, Soc

MakeSoc = Callable[..., Soc]


@pytest.fixture
def make_soc() -> MakeSoc:
    """`make_soc(Row(...), ...)`: a small chip brought to life, without a CPU."""

    def make(*rows: Row, seed: int = 0, strict: bool = False) -> Soc:
        chip = Chip("test", "a chip for a test", rows, flash_size=0x10000, ram_size=0x10000)
        return Soc(chip, seed=seed, strict=strict)

    return make
