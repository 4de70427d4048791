"""What the firmware must do, and what it may cost."""

import pytest

from cmsim import traces

FIRMWARE = "build/gesture.elf"


def test_starts(board):
    """The sensor answers, the model fits."""
    machine = board(FIRMWARE, imu=traces.path("standing"))
    machine.expect("LSM9DS1 ready", seconds=1)
    machine.expect("arena: ", seconds=1)
    assert not machine.faults


@pytest.mark.parametrize("activity", ["standing", "walking"])
def test_recognises(board, activity):
    """The right class, for no more cycles and RAM than before."""
    trace = {"standing": "standing", "walking": "walk"}[activity]
    machine = board(FIRMWARE, imu=traces.path(trace))
    machine.expect(f"inference 0: {activity}", seconds=6)
    assert machine.inferences[0].cycles < 1_000_000


def test_cost(board, baseline):
    """An inference costs no more cycles and RAM than the committed baseline says."""
    machine = board(FIRMWARE, imu="build/walk.csv")
    machine.run(inferences=2, seconds=10)
    assert len(machine.inferences) == 2
    baseline.check(machine.record, operators="+2%")
