"""Threads on the process stack, a scheduler, privilege (Arm DDI 0403E, B1.4)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.exceptions import BUS_FAULT, IRQ_A, SVCALL, THREAD_MSP, THREAD_PSP, THREAD_PSP_FP, Run, run, words

LOOPS = 2000
PRECISERR, BFARVALID = 1 << 9, 1 << 15


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "threads.elf")


@pytest.mark.parametrize("name", ["four_threads", "four_threads_lazy_off", "four_threads_fast"])
def test_four_threads(case: partial[Run], name: str) -> None:
    """Two threads count in R0-R12 and LR, two in S0-S31; none notices the others."""
    done = case(name)
    switches, integer_frames, fp_frames = done.results
    assert switches == integer_frames + fp_frames > 300
    assert min(integer_frames, fp_frames) > 150
    integers = words(done.machine, "integer_results", 2 * 14)
    assert integers == [*[n * LOOPS for n in range(2, 15)], LOOPS] * 2
    floats = words(done.machine, "fp_results", 2 * 34)
    for n, thread in enumerate((1, 3)):
        start = np.arange(31, dtype=np.float32) + np.float32(1000 * thread)
        expected = np.append(start + np.float32(LOOPS), np.float32(1)).astype(np.float32)
        assert floats[34 * n : 34 * n + 32] == expected.view(np.uint32).tolist()
        assert floats[34 * n + 32] & 0x00C0_0000 == thread << 22  # its own rounding mode


@pytest.mark.parametrize(
    ("name", "exc_return", "size", "control"),
    [("svc_from_process_stack", THREAD_PSP, 0x20, 2), ("svc_from_process_stack_with_fp", THREAD_PSP_FP, 0x68, 6)],
)
def test_svc_from_the_process_stack(
    case: partial[Run], name: str, exc_return: int, size: int, control: int
) -> None:
    done = case(name)
    (svc,) = done.captures
    stack_end = done.machine.address("process_stack") + 256
    assert svc.exc_return == exc_return
    assert svc.frame_at == svc.psp == stack_end - size
    assert svc.frame[:4] == (1, 2, 3, 4)
    assert svc.pc == done.address("process_svc_next")
    assert svc.control == 0  # SPSEL and FPCA are clear in a handler
    before, after, then = done.results[1:4]
    assert before == after == stack_end
    assert then == control


def test_msp_stays_while_psp_is_used(case: partial[Run]) -> None:
    assert case("both_stack_pointers").results == [1, 0]


def test_unprivileged_special_registers(case: partial[Run]) -> None:
    control, *others = case("unprivileged_special_registers").results
    assert control == 1  # writes are ignored, reads give 0
    assert others == [0] * 10


def test_unprivileged_access_to_the_private_bus(case: partial[Run]) -> None:
    done = case("unprivileged_ppb_access")
    load, store, svc = done.captures
    assert (load.ipsr, store.ipsr, svc.ipsr) == (BUS_FAULT, BUS_FAULT, SVCALL)
    assert load.cfsr == store.cfsr == PRECISERR | BFARVALID
    assert (load.bfar, store.bfar) == (0xE000_ED00, 0xE000_ED08)
    assert (load.pc, store.pc) == (done.address("unprivileged_load"), done.address("unprivileged_store"))
    assert load.exc_return == THREAD_MSP
    assert done.results == [0x55, 1]


def test_unprivileged_stir(case: partial[Run]) -> None:
    done = case("unprivileged_stir")
    assert done.order == [BUS_FAULT, -BUS_FAULT, SVCALL, -SVCALL, IRQ_A, -IRQ_A, SVCALL, -SVCALL]
    assert done.captures[0].bfar == 0xE000_EF00


def test_handlers_are_privileged(case: partial[Run]) -> None:
    assert case("handler_is_privileged").results == [1, 1, 1, 0]
