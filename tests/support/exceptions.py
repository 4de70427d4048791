"""Run one case of a firmware built on `tests/firmware/src/harness.h` and read what it recorded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from cmsim import Machine
from cmsim.record import Stop

HEAD = (
    "entered", "ipsr", "exc_return", "msp", "psp", "control", "frame_at", "cfsr", "hfsr", "mmfar", "bfar", "shcsr", "icsr",
    "fpccr", "fpcar",
)  # fmt: skip
FRAME_WORDS = 26
CAPTURE = struct.Struct(f"<{len(HEAD) + FRAME_WORDS}I")
THUMB = 1 << 24
"""EPSR.T in xPSR."""
HANDLER, THREAD_MSP, THREAD_PSP = 0xFFFF_FFF1, 0xFFFF_FFF9, 0xFFFF_FFFD
HANDLER_FP, THREAD_MSP_FP, THREAD_PSP_FP = 0xFFFF_FFE1, 0xFFFF_FFE9, 0xFFFF_FFED
NMI, HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SVCALL, DEBUG_MONITOR, PENDSV, SYSTICK = 2, 3, 4, 5, 6, 11, 12, 14, 15
IRQ_A, IRQ_B, IRQ_C = 36, 37, 38
"""Exception numbers of EGU0, EGU1 and EGU2, which only software pends here."""
FORCED = 1 << 30


@dataclass(frozen=True)
class Capture:
    """One exception as its handler found it."""

    entered: int
    """CYCCNT, a fixed number of cycles after the entry."""
    ipsr: int
    exc_return: int
    msp: int
    psp: int
    control: int
    frame_at: int
    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int
    shcsr: int
    icsr: int
    fpccr: int
    fpcar: int
    frame: tuple[int, ...]
    """R0-R3, R12, LR, PC, xPSR; with floating point S0-S15, FPSCR and a reserved word."""

    @property
    def pc(self) -> int:
        return self.frame[6]

    @property
    def xpsr(self) -> int:
        return self.frame[7]


@dataclass(frozen=True)
class Run:
    """What a case left behind."""

    machine: Machine
    stop: Stop
    captures: list[Capture]
    results: list[int]
    order: list[int]
    """Exception numbers in the order of their entries; negative where a handler ends."""

    def address(self, label: str) -> int:
        """Where a label of the firmware's assembly lies."""
        return self.machine.image.find(label).address & ~1

    def word(self, symbol: str, index: int = 0) -> int:
        return words(self.machine, symbol, index + 1)[index]


def words(machine: Machine, symbol: str, count: int) -> list[int]:
    """`count` words of RAM from `symbol` on."""
    return list(struct.unpack(f"<{count}I", machine.read(machine.address(symbol), 4 * count)))


def read_captures(machine: Machine) -> list[Capture]:
    (count,) = words(machine, "capture_count", 1)
    data = machine.read(machine.address("captures"), CAPTURE.size * count)
    return [
        Capture(**dict(zip(HEAD, values[: len(HEAD)], strict=True)), frame=values[len(HEAD) :])
        for values in CAPTURE.iter_unpack(data)
    ]


def prepare(elf: Path, case: str) -> Machine:
    """A machine that will run `case`, at the plain costs of the manual's table."""
    machine = Machine(elf, board="nrf52840dk", timing="manual", measure=False)
    machine.write("selected_case", struct.pack("<I", machine.image.find(case).address | 1))
    return machine


def finish(machine: Machine, seconds: float = 1.0, expect: str = "exit") -> Run:
    """Run to the end, which must be of the reason `expect`."""
    stop = machine.run(seconds=seconds)
    assert stop.reason == expect, f"{stop.reason}: {stop.detail}; faults: {machine.cpu.exceptions.faults}"
    (result_count,), (order_count,) = words(machine, "result_count", 1), words(machine, "order_count", 1)
    order = struct.unpack(f"<{order_count}i", machine.read(machine.address("order"), 4 * order_count))
    return Run(machine, stop, read_captures(machine), words(machine, "results", result_count), list(order))


def run(elf: Path, case: str, seconds: float = 1.0, expect: str = "exit") -> Run:
    """A fresh machine runs `case` to its end."""
    return finish(prepare(elf, case), seconds, expect)
