"""A native module that was built from other sources is refused in one line that says what to do."""

from __future__ import annotations

import pytest

from cmsim.cortex_m import _hot
from cmsim.cortex_m.native import check_sizes


def test_what_agrees_passes() -> None:
    check_sizes(_hot, {"block": _hot.sizeof_block})


@pytest.mark.parametrize(("name", "native"), [("block", str(_hot.sizeof_block)), ("of_a_newer_version", "None")])
def test_another_size_is_refused(name: str, native: str) -> None:
    with pytest.raises(ImportError, match=rf"struct {name} has 7 bytes here and {native} in .*_hot.*install cmsim again"):
        check_sizes(_hot, {name: 7})
