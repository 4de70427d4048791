"""Boards: finding them and their parts by entry points, and wiring a `Soc` as a board's table says.

A package adds boards with entry points in the group `cmsim.boards` (each a `Board`), and parts with `cmsim.parts` (each
called as `model(scheduler, name)`); cmsim's own are found in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from .errors import UsageError
from .i2c import I2cBus
from .i2c_bits import I2cBits
from .image import Image, load
from .kernel import Scheduler
from .parts import Part
from .pins import Pin, Pull
from .soc import Board, I2cWiring, PartRow, PdmSource, Soc
from .spi import SpiBus, SpiPart

BOARDS, PARTS = "cmsim.boards", "cmsim.parts"
PartModel = Callable[[Scheduler, str], Part]


def board_names() -> tuple[str, ...]:
    """The names of all installed boards."""
    return tuple(sorted(entry_points(group=BOARDS).names))


def find_board(name: str) -> Board:
    """The board called `name`; UsageError lists the known ones."""
    board = _load(BOARDS, "board", name)
    if not isinstance(board, Board):
        raise UsageError(f"board {name!r}: its entry point gives {type(board).__name__}, not cmsim.soc.Board")
    return board


def load_image(board: Board, path: str | Path, base: int | None = None) -> Image:
    """The firmware in a file, as far as it is for this board; `base` is for raw binaries. ImageError if it is none."""
    chip = board.chip
    return load(path, base, chip.regions, uf2_family=chip.uf2_family, hex_block=board.hex_block)


def find_part(name: str) -> PartModel:
    """The part model called `name`; UsageError lists the known ones."""
    model: PartModel = _load(PARTS, "part", name)
    return model


def _load(group: str, what: str, name: str) -> Any:
    known = entry_points(group=group)
    if name not in known.names:
        names = ", ".join(sorted(known.names)) or f"none; entry points of {group} come with an installed package"
        raise UsageError(f"{what} {name!r} is not known; known {what}s: {names}")
    return known[name].load()


def assemble(
    board: Board, soc: Soc, stimuli: Collection[str] = (), part: Callable[[str], PartModel] = find_part
) -> dict[str, Part]:
    """Build what surrounds the chip, and return the parts by name.

    `stimuli` names the traces of this run ("imu"): parts marked optional exist only with theirs. `part` finds models.
    """
    buses = {wiring.name: _wire_bus(wiring, soc) for wiring in board.i2c}
    spi_buses = {wiring.name: SpiBus(wiring.name) for wiring in board.spi}
    for line in board.spi:
        soc.wire_spi(spi_buses[line.name], _number(soc, line.sck))
    for name, pull in board.pulls.items():
        _pin(soc, name).set_board_pull(Pull[pull.upper()])
    return {
        row.name: _place(row, part(row.model), buses, spi_buses, soc)
        for row in board.parts
        if not row.optional or row.stimulus in stimuli
    }


def _number(soc: Soc, name: str) -> int:
    n = soc.pins.number(name)
    if n >= len(soc.pins):
        raise UsageError(f"pin {name!r}: the {soc.chip.name} has no such pin; its last is {soc.pins[-1].name}")
    return n


def _pin(soc: Soc, name: str) -> Pin:
    return soc.pins[_number(soc, name)]


def _wire_bus(wiring: I2cWiring, soc: Soc) -> I2cBus:
    bus = I2cBus(wiring.name)
    scl, sda = _number(soc, wiring.scl), _number(soc, wiring.sda)
    soc.wire_i2c(bus, scl, sda)
    I2cBits(bus, soc.pins[scl], soc.pins[sda])

    def pull(level: bool) -> None:
        for n in (scl, sda):
            soc.pins[n].set_board_pull(Pull.UP if level else Pull.NONE)

    if wiring.pull_up is None:
        pull(True)
    else:
        supply = _pin(soc, wiring.pull_up)
        bus.pulled_up = lambda: supply.level
        supply.line.listen(pull)
        pull(supply.level)
    return bus


def _place(
    row: PartRow, model: PartModel, buses: Mapping[str, I2cBus], spi_buses: Mapping[str, SpiBus], soc: Soc
) -> Part:
    part = model(soc.scheduler, row.name)
    if row.bus is not None:
        if row.bus not in buses:
            raise UsageError(f"part {row.name!r}: the board has no I2C bus {row.bus!r}; it has {', '.join(buses)}")
        for address, target in part.i2c.items():
            buses[row.bus].attach(address, target, partial(part.answers, address))
    if row.spi is not None:
        if row.spi not in spi_buses:
            names = ", ".join(spi_buses) or "none"
            raise UsageError(f"part {row.name!r}: the board has no SPI bus {row.spi!r}; it has {names}")
        if not isinstance(part, SpiPart):
            raise UsageError(f"part {row.name!r} is wired to an SPI bus, but {row.model} has no SPI interface")
        spi_part: SpiPart = part
        spi_buses[row.spi].attach(spi_part.spi, lambda: spi_part.selected)
    if row.pdm is not None:
        if not isinstance(part, PdmSource):
            raise UsageError(f"part {row.name!r} is wired as a microphone, but {row.model} has no one-bit output")
        soc.wire_pdm(part, *(_number(soc, name) for name in row.pdm))
    drivers = [_drive(part, line, _pin(soc, pin)) for line, pin in row.lines.items()]
    if row.power is not None:
        supply = _pin(soc, row.power)

        def switch(level: bool) -> None:
            part.set_power(level)
            for drive in drivers:
                drive()

        supply.line.listen(switch)
        switch(supply.level)
    return part


def _drive(part: Part, line: str, pin: Pin) -> Callable[[], None]:
    """Join an output of `part` to `pin`; the result brings the pin up to date when the supply changed."""
    if line in part.waves:
        pin.follow(*part.waves[line])
        return lambda: None
    if line in part.inputs:
        part.inputs[line](pin)
        return lambda: None
    if line not in part.lines:
        raise UsageError(f"part {part.name!r} has no line {line!r}; it has {', '.join(part.lines)}")
    source = f"{part.name}.{line}"

    def drive() -> None:
        pin.drive_from_board(source, part.drives(line))

    part.lines[line].listen(lambda level: drive())
    drive()
    return drive
