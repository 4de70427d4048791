"""Prices of blocks on disk: a second run of the same image prices nothing that the first one saw.

One file for each image (the digest of what flash holds at the start), version and timing model, in the user's cache
directory, or in `CMSIM_CACHE_DIR`; that variable set to nothing turns it off. In a version under development the code
that prices is part of the key. A file that is damaged, or of another version, is as good as none. Files are replaced as
a whole, with what another process has written in the meantime, so that concurrent runs lose nothing but time.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from ..timing import TimingModel
from .price import Price

VARIABLE = "CMSIM_CACHE_DIR"
FILES = 200
"""More than these, and the ones that were not used for longest go."""
DIGEST = 16
Key = tuple[int, ...]
PRICING = ("analysis", "dataflow", "decode", "hot", "price", "price_cache")
"""The modules of this package whose code decides what a price is; those of cmsim.timing do too."""


def directory() -> Path | None:
    """Where the files lie; None if there are to be none."""
    named = os.environ.get(VARIABLE)
    if named is None:
        return user_cache_path("cmsim") / "blocks"
    return Path(named) if named else None


def _digest(*parts: bytes | bytearray) -> bytes:
    digest = hashlib.blake2b(digest_size=DIGEST)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


@cache
def _version() -> bytes:
    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in PRICING] + sorted((here.parent / "timing").glob("*.py"))
    return _digest(str(sys.implementation.cache_tag).encode(), *(file.read_bytes() for file in files))


class PriceCache:
    """The prices of one image."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._prices = self._load()
        self._fresh: dict[Key, tuple[object, ...]] = {}

    @classmethod
    def of(cls, flash: bytes | bytearray, timing: TimingModel) -> PriceCache | None:
        """The cache for the image in `flash`; None if it is turned off, or `timing` is not one of our models."""
        where = directory()
        if where is None or not type(timing).__module__.startswith("cmsim.timing."):
            return None
        figures = repr(timing) if is_dataclass(timing) else repr(sorted(vars(timing).items()))
        key = _digest(flash, timing.name.encode(), figures.encode(), _version())
        return cls(where / f"{key.hex()}.prices")

    def get(self, key: Key) -> Price | None:
        """What is known under `key`."""
        found = self._prices.get(key) or self._fresh.get(key)
        return None if found is None else Price(*found)  # type: ignore[arg-type]

    def add(self, key: Key, price: Price) -> None:
        """To be written by `save`."""
        self._fresh[key] = tuple(price)

    def save(self) -> None:
        """Write what is new, if anything is. A directory that cannot be written to is no error."""
        if not self._fresh:
            return
        merged = self._load() | self._fresh
        content = marshal.dumps(merged)
        temporary = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(_digest(content) + content)
            temporary.replace(self.path)
            self._prune()
        except OSError:
            return
        self._prices, self._fresh = merged, {}

    def _load(self) -> dict[Key, tuple[object, ...]]:
        try:
            content = self.path.read_bytes()
            os.utime(self.path)
        except OSError:
            return {}
        if content[:DIGEST] != _digest(content[DIGEST:]):
            return {}
        prices: dict[Key, tuple[object, ...]] = marshal.loads(content[DIGEST:])
        return prices

    def _prune(self) -> None:
        files = sorted(self.path.parent.glob("*.prices"), key=lambda file: file.stat().st_mtime)
        for file in files[:-FILES]:
            file.unlink(missing_ok=True)
