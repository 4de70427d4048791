"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from cmsim.cortex_m.price_cache import VARIABLE

settings.register_profile("cmsim", deadline=None)  # a machine that is busy with other work fails no test
settings.load_profile("cmsim")


@pytest.fixture(scope="session", autouse=True)
def _own_price_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither read nor write the user's cache; the workers of one session share theirs."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(shared / "prices"))
        yield
