"""What `numpy.load` raises, without pickles, for a file that is damaged or none of NumPy's."""

from __future__ import annotations

import zipfile
import zlib

ERRORS = (OSError, ValueError, EOFError, MemoryError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""MemoryError: a header that claims a huge array. RuntimeError: an archive that is encrypted, or packed in a way that
Python does not know."""


def why(error: BaseException) -> str:
    """One line; NumPy takes whatever it does not know for pickled, and offers to load it all the same."""
    return "it is no array of numbers in NumPy's format" if "pickle" in str(error) else str(error) or "it is damaged"
