"""Ctrl-C while firmware runs.

Python's own handler would raise KeyboardInterrupt wherever the interpreter happens to be, often within a function that
native code has called, where an exception is lost and the value that was asked for with it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible(halt: Callable[[], None]) -> Iterator[list[int]]:
    """While it lasts, Ctrl-C fills the list and calls `halt`; a second one raises KeyboardInterrupt at once.

    It leaves alone the handler of a program that has its own, and does nothing in other threads than the main one.
    """
    interrupted: list[int] = []

    def handler(number: int, frame: FrameType | None) -> None:
        if interrupted:
            raise KeyboardInterrupt
        interrupted.append(number)
        halt()

    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupted
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
