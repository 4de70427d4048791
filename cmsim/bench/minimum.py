"""The smallest arena with which a model really runs, found by trying."""

from __future__ import annotations

from .session import ARENA_TOO_SMALL, ModelFailedError, Session

STEP = 16


def minimum_arena(session: Session, used: int, outputs: list[bytes]) -> int:
    """Bytes, a multiple of 16: prepare() and one inference succeed and give `outputs`; with 16 less they do not.

    `used` bytes are known to suffice. Mostly they are also the minimum, so that one step less is tried first.
    """

    def runs(steps: int) -> bool:
        session.restart(arena=steps * STEP)
        try:
            session.run()
        except ModelFailedError as error:
            if error.status != ARENA_TOO_SMALL:
                raise
            return False
        return session.outputs[0] == outputs

    enough, stride = -(-used // STEP), 1
    too_small = 0
    while enough - stride > 0:
        if not runs(enough - stride):
            too_small = enough - stride
            break
        enough -= stride
        stride *= 2
    while enough - too_small > 1:
        middle = (enough + too_small) // 2
        if runs(middle):
            enough = middle
        else:
            too_small = middle
    return enough * STEP
