"""The course of a run: time in slices, resets and System OFF between them, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .cortex_m.cpu import FOREVER, Outcome, State
from .cortex_m.exceptions import Fault
from .goal import Goal
from .kernel import CPU_HZ
from .record import Stop

if TYPE_CHECKING:
    from .machine import Machine

KEEP_DEBUG = frozenset({"sreq", "lockup"})
"""Resets that spare the debug logic, DWT and ITM among it (PS, POWER: reset behaviour)."""

REPEATS = 10_000
"""So often a fault comes again with the same registers before its handler is taken to lead nowhere else."""


class Course:
    """Lets a machine's time pass. Resets, System OFF and faults are asked for here, and done between two slices."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._cpu, self._sleep = machine.cpu, machine.system_off
        self._reset_reason: str | None = None
        self._off = False
        self._ending: Stop | None = None
        self._new_fault: Fault | None = None
        self._repeated: tuple[object, ...] = ()
        """The last fault, with the registers that it found."""
        self._repeats = 0
        machine.soc.hooks.reset = self._request_reset
        machine.soc.hooks.system_off = self._switch_off
        machine.cpu.exceptions.on_fault = self._note_fault

    def _request_reset(self, reason: str) -> None:
        self._reset_reason = reason
        if self._off:
            self._sleep.wake(reason)
        self._cpu.request_stop()

    def _switch_off(self) -> None:
        self._off = True
        self._cpu.request_stop()

    def _note_fault(self, fault: Fault) -> None:
        self._new_fault = fault
        self.machine.fault_reporter.note(fault)
        self._cpu.request_stop()
        found = (fault.cause, fault.pc, fault.address, *self._cpu.registers.core.read()[:15])
        self._repeats = self._repeats + 1 if found == self._repeated else 0
        self._repeated = found
        if self._repeats == REPEATS:
            self.end(Stop("fault", f"{self.machine.describe(fault)} came {REPEATS:,} times in a row with the same "
                                   "registers: its handler returns to where it happens"))  # fmt: skip

    def end(self, stop: Stop) -> None:
        """`Machine.end`."""
        self._ending = self._ending or stop
        self._cpu.request_stop()

    def reset(self, reason: str) -> None:
        """Reset the chip now: memories keep their content, time goes on."""
        machine = self.machine
        power: Any = machine.soc.blocks.get("POWER")
        if power is not None:
            power.note_reset(reason)
        machine.soc.reset()
        self._cpu.reset(machine.vector_table, debug=reason not in KEEP_DEBUG)
        machine.watches.forget_returns()
        if machine.tracer is not None:
            machine.tracer.reset()

    def run(
        self, limit: int, goal: Goal, progress: Callable[[Machine], None] | None, interrupted: list[int]
    ) -> Stop:
        """Let time pass up to the cycle `limit`, the goal, or whatever else ends the run (`Machine.run`)."""
        machine = self.machine
        slice_ = CPU_HZ // 1000 if goal.condition is not None else CPU_HZ // 4  # signals are seen in between
        trace_end = FOREVER if machine.trace_end is None else machine.trace_end
        idle_ends = goal.condition is None and (limit == FOREVER or goal.needs_firmware)
        while True:
            reached = goal.reached()
            if reached is not None:
                return reached
            if machine.cycles >= trace_end:
                return Stop("trace ended", f"at {trace_end / CPU_HZ:.3f} s")
            if machine.cycles >= limit:
                return Stop("time", f"{machine.seconds:.3f} s")
            until = min(limit, machine.cycles + slice_, trace_end)
            outcome = self._stay_off(until) if self._off else self._cpu.run(until, idle_ends=idle_ends)
            if interrupted:
                raise KeyboardInterrupt
            if progress is not None:
                progress(machine)
            if self._reset_reason is not None and not self._off:
                reason, self._reset_reason = self._reset_reason, None
                self.reset(reason)
                continue
            ended = self._ended(outcome)
            if ended is not None:
                return ended

    def _stay_off(self, until: int) -> Outcome:
        """Let time pass in System OFF until something wakes the chip, or `until`; IDLE if nothing ever will."""
        sleep, clock = self._sleep, self._cpu.clock
        if not sleep.entered:
            sleep.enter()
        if sleep.hopeless:
            return Outcome(State.IDLE, "")
        now = sleep.sleep(until)
        self._cpu.sleep_cycles += now - clock.cycles
        clock.cycles = now
        if sleep.reason is not None:
            self._off, self._reset_reason = False, sleep.leave()
        return Outcome(State.LIMIT)

    def _ended(self, outcome: Outcome) -> Stop | None:
        """Why nothing more can happen, if that is so."""
        cpu = self._cpu
        if self._ending is not None:
            ending, self._ending = self._ending, None
            return ending
        if self._off:
            return Stop("system off", "nothing is left to wake the chip") if outcome.state is State.IDLE else None
        if outcome.state is State.LOCKUP:
            return Stop("lockup", self._explain(outcome.detail))
        if cpu.semihosting.exit_status is not None:
            return Stop("exit", f"semihosting exit status {cpu.semihosting.exit_status}")
        if self._new_fault is not None:
            fault, self._new_fault = self._new_fault, None
            if not self._watchdog_runs and cpu.exceptions.handler_spins(fault):
                return Stop("fault", self._explain(f"{fault.exception} with an empty loop as its handler"))
        return Stop("idle", self._explain(outcome.detail)) if outcome.state is State.IDLE else None

    @property
    def _watchdog_runs(self) -> bool:
        """Whether an empty loop ends by itself, in a reset."""
        watchdog: Any = self.machine.soc.blocks.get("WDT")
        return watchdog is not None and bool(watchdog.RUNSTATUS)

    def _explain(self, detail: str) -> str:
        """The detail with the function at the PC, and the first fault if there was one."""
        machine = self.machine
        symbol = machine.image.function_at(self._cpu.exceptions.pc)
        where = f" in {symbol.demangled}" if symbol is not None else ""
        first = f"; first fault: {machine.describe(machine.faults[0])}" if machine.faults else ""
        return f"{detail}{where}{first}"
