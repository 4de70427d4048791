"""pytest plugin: `board` runs firmware in a test, `baseline` compares what it cost with a committed file (docs/ci.md).

pytest loads it by itself where cmsim is installed. Importing it loads neither Unicorn nor numpy; a fixture does.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .errors import CmsimError, UsageError
from .whole_file import write_whole

if TYPE_CHECKING:
    from .testing import BoardUnderTest

UPDATE = "--cmsim-update"
DEFAULT_LIMITS = {
    "inference_mean": "+1%", "inference_max": "+1%", "operators": "+1%", "flash_used": "+1%",
    "static_ram": "+0", "stack_peak": "+0", "stacks": "+0", "heap_peak": "+0", "arena_used": "+0", "regions": "+1%",
}
"""What a baseline allows where both records have it. Without inferences: instructions +1 %."""
_MACHINES: pytest.StashKey[list[BoardUnderTest]] = pytest.StashKey()
_WRITTEN: pytest.StashKey[list[str]] = pytest.StashKey()
"""Baselines that a test has written."""
_FILES = ("imu", "camera", "audio", "scenario")
"""Options of `Machine` that may name a file or folder; so may each of `sensors`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that rewrites baselines."""
    group = parser.getgroup("cmsim")
    group.addoption(UPDATE, action="store_true", help="write the baselines of cmsim's `baseline` fixture anew")


@pytest.fixture
def board(request: pytest.FixtureRequest) -> Callable[..., BoardUnderTest]:
    """`board("app.elf", "nano33ble-sense", imu="walk.csv", ...)`: a machine with that firmware, options as `Machine`'s.

    A relative path is looked for beside the test file, then in pytest's rootdir.
    """
    machines = request.node.stash.setdefault(_MACHINES, [])

    def make(firmware: str | Path, *arguments: Any, **options: Any) -> BoardUnderTest:
        __tracebackhide__ = True
        from .testing import BoardUnderTest  # noqa: PLC0415 - loads Unicorn

        for name in _FILES:
            if name in options:
                options[name] = _locate(request, options[name])
        if sensors := options.get("sensors"):
            options["sensors"] = {name: _locate(request, trace) for name, trace in sensors.items()}
        try:
            machine = BoardUnderTest(_locate(request, firmware), *arguments, **options)
        except CmsimError as error:
            raise pytest.fail.Exception(f"board: {error}", pytrace=False) from None
        machines.append(machine)
        return machine

    return make


def _locate(request: pytest.FixtureRequest, name: Any) -> Any:
    """The file of that name; fails the test in one line if there is none."""
    __tracebackhide__ = True
    if not isinstance(name, (str, Path)):
        return name
    places = [request.path.parent / name, request.config.rootpath / name]
    for place in places:
        if place.exists():
            return place
    looked = " or ".join(dict.fromkeys(str(place) for place in places))
    return pytest.fail(f"board: {name} is not there: no {looked}; build the firmware first", pytrace=False)


class Baseline:
    """The committed costs of one test: `baselines/TEST.json` beside the test's file."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._checked: set[Path] = set()
        self.update = bool(request.config.getoption(UPDATE))
        """Whether `check` writes rather than compares."""

    def path(self, name: str = "") -> Path:
        """The file; `name` tells several checks of one test apart."""
        node = self._request.node
        _, _, inside = node.nodeid.partition("::")
        whole = "::".join((node.path.stem, inside, name) if name else (node.path.stem, inside))
        return Path(node.path.parent / "baselines" / f"{file_name(whole)}.json")

    def check(self, record: dict[str, Any], name: str = "", **limits: str | int | None) -> None:
        """Fail the test where `record` exceeds the baseline by more than `limits`, which add to `DEFAULT_LIMITS`.

        A keyword is a metric (`stack_peak="+64"`, `operators="+2%"`, `arena_used=4096`); None takes its limit away.
        """
        __tracebackhide__ = True
        from .compare import LimitError, compare, load_record  # noqa: PLC0415
        from .metrics import essence  # noqa: PLC0415

        path = self.path(name)
        if path in self._checked:
            pytest.fail(f"{path} was checked by this test already; give the second check a name: "
                        'baseline.check(record, "after warm-up")', pytrace=False)
        self._checked.add(path)
        again = f'make it with: pytest {UPDATE} "{self._request.node.nodeid}"'
        try:
            if self.update:
                write(path, json.dumps(essence(record), indent=1, ensure_ascii=False) + "\n")
                self._request.node.stash.setdefault(_WRITTEN, []).append(str(path))
                return
            if not path.is_file():
                pytest.fail(f"no baseline {path}; {again}, and commit the file", pytrace=False)
            base = load_record(path)
            comparison = compare(base, record, self._limits(base, record, limits))
        except LimitError as error:
            raise pytest.fail.Exception(f"baseline.check: {error}", pytrace=False) from None
        except CmsimError as error:
            whole = str(error) if str(path.parent) in str(error) else f"baseline {path}: {error}"
            advice = "" if self.update else f"\nIf that is meant, {again}"
            raise pytest.fail.Exception(whole + advice, pytrace=False) from None
        if comparison.breaches:
            lines = [f"{len(comparison.breaches)} over the limits of {path}:"]
            lines += [f"  {change.sentence()}" for change in comparison.breaches]
            for kind in comparison.groups:
                others = [change for change in comparison.moved(kind) if not change.breach][:20]
                lines += [f"other {kind}s that changed:"] * bool(others) + [f"  {c.sentence()}" for c in others]
            lines += [f"note: {note}" for note in comparison.notes]
            pytest.fail("\n".join([*lines, f"If that is meant, {again}"]), pytrace=False)

    def _limits(self, base: dict[str, Any], new: dict[str, Any],
                given: Mapping[str, str | int | None]) -> dict[str, str]:
        """The defaults that both records can be held to, and those given."""
        from .metrics import GROUPS, totals  # noqa: PLC0415

        both = [{name for name, value in totals(record).items() if value is not None} for record in (base, new)]
        measured = both[0] & both[1]
        for title, group in GROUPS.items():
            held = group.of(base), group.of(new)
            if None not in held and any(held):
                measured.add(title)
        defaults = DEFAULT_LIMITS if "inference_mean" in measured else {**DEFAULT_LIMITS, "instructions": "+1%"}
        limits = {name: limit for name, limit in defaults.items() if name in measured}
        return {name: str(limit) for name, limit in {**limits, **given}.items() if limit is not None}


@pytest.fixture
def baseline(request: pytest.FixtureRequest) -> Baseline:
    """`baseline.check(machine.record)`: fail if the firmware became slower or larger."""
    return Baseline(request)


def file_name(text: str) -> str:
    """A test's name as a file name: the same for the same test, different for others, valid anywhere."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", text.replace("::", ".")).strip("_")[:120]
    if plain == text.replace("::", "."):
        return plain
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def write(path: Path, text: str) -> None:
    """All or nothing, whoever else writes or reads there. UsageError where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot write there: {error.strerror}") from None
    write_whole(path, text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """JUnit properties with the costs; on failure consoles, faults and the last calls."""
    machines = item.stash.get(_MACHINES, [])
    if call.when == "call":
        for number, machine in enumerate(machines, 1):
            prefix = "cmsim" if len(machines) == 1 else f"cmsim.{number}"
            item.user_properties += [(f"{prefix}.{name}", value) for name, value in _properties(machine)]
    report = yield
    if call.when == "call":
        report.cmsim_written = item.stash.get(_WRITTEN, [])  # pytest-xdist carries it to where results are gathered
    if report.failed:
        for number, machine in enumerate(machines, 1):
            title = f"cmsim {machine.image.path}" + (f" ({number})" if len(machines) > 1 else "")
            for part, text in _sections(machine):
                report.sections.append((f"{title}: {part}", text))
    if call.when == "teardown":
        machines.clear()
    return report


class _Gathered:
    """Says at the end which baselines were written, whichever process wrote them."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each test's result arrives here."""
        self.written += getattr(report, "cmsim_written", [])

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """A line for each."""
        if self.written:
            terminalreporter.section(f"cmsim: baselines written: {len(self.written)}")
            for path in sorted(self.written):
                terminalreporter.write_line(os.path.relpath(path, config.invocation_params.dir))


def pytest_configure(config: pytest.Config) -> None:
    """Gather what was written, if anything is to be."""
    if config.getoption(UPDATE):
        config.pluginmanager.register(_Gathered(), "cmsim-baselines")


def _properties(machine: BoardUnderTest) -> list[tuple[str, Any]]:
    """What JUnit XML carries of a machine."""
    from .metrics import stacks, totals  # noqa: PLC0415

    record = machine.record
    values = totals(record)
    values |= {f"stacks/{name}": stack.value for name, stack in (stacks(record) or {}).items()}
    return [(name, f"{float(value):.12g}") for name, value in values.items() if value is not None]


def _sections(machine: BoardUnderTest) -> list[tuple[str, str]]:
    sections = [("console", machine.console_tail())]
    if machine.fault_report():
        sections.append(("faults", machine.fault_report()))
    recent: Any = getattr(machine, "recent_calls", None)
    calls = [str(entry) for entry in recent()][-20:] if callable(recent) else []
    if calls:
        sections.append(("last function calls", "\n".join(calls)))
    return sections
