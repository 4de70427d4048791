"""Whether the native modules are of the same version as the Python that mirrors their structures."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType


def check_sizes(module: ModuleType, here: Mapping[str, int]) -> None:
    """Compare the sizes of structures in bytes, by their names in C, with `module`'s. ImportError if one differs."""
    for name, size in here.items():
        native = getattr(module, f"sizeof_{name}", None)
        if size != native:
            raise ImportError(
                f"cmsim: struct {name} has {size} bytes here and {native} in {module.__name__}, which was built from"
                " other sources: install cmsim again (pip install .)"
            )
