"""Finding boards and wiring them; the tables themselves are tested in peripherals/boards."""

import tomllib
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

import cmsim.boards
from cmsim.boards import BOARDS, PARTS, assemble, board_names, find_board, find_part
from cmsim.errors import UsageError
from cmsim.i2c import I2cRegisterDevice
from cmsim.kernel import Line, Scheduler
from cmsim.parts import Part
from cmsim.pins import Pin
from cmsim.registers import Register
from cmsim.soc import Board, Chip, I2cWiring, PartRow, Soc, SpiWiring
from cmsim.spi import Loopback

CHIP = Chip("test", "a chip for a test", (), flash_size=0x1000, ram_size=0x1000)
ROOT = Path(__file__).parent.parent


class Target(I2cRegisterDevice):
    WHO_AM_I = Register(0x0F, reset=0x42, writable=0)


class Sensor(Part):
    """One target, one output, and a note of every power change."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.i2c = {0x40: Target()}
        self.lines = {"INT": Line(f"{name}.INT")}
        self.power_changes: list[bool] = []

    def power_up(self) -> None:
        self.power_changes.append(True)

    def power_down(self) -> None:
        self.power_changes.append(False)
        self.lines["INT"].set(False)


def board(*parts: PartRow, i2c: tuple[I2cWiring, ...] = (I2cWiring("bus", scl="P0.02", sda="P0.03"),)) -> Board:
    return Board("test", "a board for a test", CHIP, i2c=i2c, parts=parts, pulls={"P0.10": "up", "P0.11": "down"})


def build(board: Board, stimuli: tuple[str, ...] = ()) -> tuple[Soc, dict[str, Part]]:
    soc = Soc(board.chip)
    models: dict[str, Callable[[Scheduler, str], Part]] = {"sensor": Sensor}
    return soc, assemble(board, soc, stimuli, part=models.__getitem__)


def answers(soc: Soc) -> bool:
    bus = soc.i2c_bus(soc.pins[2], soc.pins[3])
    assert bus is not None
    return bus.select(0x40, True) is not None


# --- assemble ---------------------------------------------------------------------------------------------------


def test_a_part_on_a_bus_that_is_always_powered() -> None:
    soc, parts = build(board(PartRow("s", "sensor", bus="bus")))
    assert list(parts) == ["s"]
    assert parts["s"].name == "s"
    assert answers(soc)
    assert soc.i2c_bus(soc.pins[3], soc.pins[2]) is None
    assert soc.pins[2].level  # the pull-up is fed by the supply


def test_pulls_of_the_board() -> None:
    soc, _ = build(board())
    assert soc.pins[10].level
    assert not soc.pins[11].level


def test_power_pin_and_pull_up_pin_switch_the_bus() -> None:
    wiring = I2cWiring("bus", scl="P0.02", sda="P0.03", pull_up="P1.00")
    soc, parts = build(board(PartRow("s", "sensor", bus="bus", power="P0.22"), i2c=(wiring,)))
    sensor = parts["s"]
    assert isinstance(sensor, Sensor)
    assert sensor.power_changes == [False]  # the pin is not driven yet
    assert not answers(soc)
    soc.pins[22].drive("gpio", True)
    assert sensor.power_changes == [False, True]
    assert not answers(soc)
    assert not soc.pins[2].level
    soc.pins[32].drive("gpio", True)
    assert answers(soc)
    assert soc.pins[2].level
    soc.pins[32].drive("gpio", False)
    assert not answers(soc)
    soc.pins[32].drive("gpio", True)
    soc.pins[22].drive("gpio", None)
    assert not answers(soc)


def test_lines_drive_pins_only_under_power() -> None:
    soc, parts = build(board(PartRow("s", "sensor", power="P0.22", lines={"INT": "P0.10"})))
    pin, line = soc.pins[10], parts["s"].lines["INT"]
    assert pin.level  # the part is off, the pull-up wins
    soc.pins[22].drive("gpio", True)
    assert not pin.level
    line.set(True)
    assert pin.level
    line.set(False)
    assert not pin.level
    soc.pins[22].drive("gpio", False)
    assert pin.level


def test_open_drain_lines_only_pull_low() -> None:
    soc, parts = build(board(PartRow("s", "sensor", lines={"INT": "P0.11"})))
    parts["s"].open_drain.add("INT")
    parts["s"].lines["INT"].set(True)
    assert not soc.pins[11].level  # released, and the board pulls down
    soc.pins[11].drive_from_board("other", True)
    assert soc.pins[11].level


def test_an_optional_part_exists_only_with_its_stimulus() -> None:
    row = PartRow("s", "sensor", bus="bus", stimulus="imu", optional=True)
    assert build(board(row))[1] == {}
    assert list(build(board(row), ("imu",))[1]) == ["s"]
    assert list(build(board(PartRow("s", "sensor", bus="bus", stimulus="imu")))[1]) == ["s"]


def test_mistakes_in_a_table_are_named() -> None:
    with pytest.raises(UsageError, match=r"part 's': the board has no I2C bus 'spi'; it has bus"):
        build(board(PartRow("s", "sensor", bus="spi")))
    with pytest.raises(UsageError, match=r"part 's' has no line 'RDY'; it has INT"):
        build(board(PartRow("s", "sensor", lines={"RDY": "P0.10"})))
    with pytest.raises(UsageError, match=r"pin 'D7': write it as P<port>.<pin>"):
        build(board(PartRow("s", "sensor", power="D7")))
    with pytest.raises(UsageError, match=r"pin 'P1.16': .* has no such pin"):
        build(board(PartRow("s", "sensor", power="P1.16")))


# --- entry points -----------------------------------------------------------------------------------------------

SOME_BOARD = board()
NOT_A_BOARD = object()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = (
        EntryPoint("zeta", f"{__name__}:SOME_BOARD", BOARDS),
        EntryPoint("alpha", f"{__name__}:NOT_A_BOARD", BOARDS),
        EntryPoint("sensor", f"{__name__}:Sensor", PARTS),
    )
    monkeypatch.setattr(cmsim.boards, "entry_points", lambda group: EntryPoints(points).select(group=group))


@pytest.mark.usefixtures("installed")
def test_boards_and_parts_come_by_name() -> None:
    assert board_names() == ("alpha", "zeta")
    assert find_board("zeta").title == "a board for a test"
    assert find_part("sensor").__name__ == "Sensor"


@pytest.mark.usefixtures("installed")
def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"^board 'nano' is not known; known boards: alpha, zeta$"):
        find_board("nano")
    with pytest.raises(UsageError, match=r"^part 'gyro' is not known; known parts: sensor$"):
        find_part("gyro")
    with pytest.raises(UsageError, match=r"board 'alpha': its entry point gives object, not cmsim.soc.Board"):
        find_board("alpha")


def test_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cmsim.boards, "entry_points", lambda group: EntryPoints())
    with pytest.raises(UsageError, match=r"known boards: none; entry points of cmsim\.boards come with an installed"):
        find_board("nano33ble-sense")


def test_the_entry_points_of_this_package_load() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    for group, kind in ((BOARDS, Board), (PARTS, type)):
        assert project[group]
        for name, value in project[group].items():
            loaded = EntryPoint(name, value, group).load()
            assert isinstance(loaded, kind)
            if isinstance(loaded, Board):
                assert loaded.name == name


# --- SPI --------------------------------------------------------------------------------------------------------


class Echo(Part):
    """An SPI target that is selected while its CS is low."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.spi = Loopback()
        self.cs: Pin | None = None
        self.inputs = {"CS": lambda pin: setattr(self, "cs", pin)}

    @property
    def selected(self) -> bool:
        return self.powered and self.cs is not None and not self.cs.level


def spi_board(row: PartRow) -> tuple[Soc, dict[str, Part]]:
    soc = Soc(CHIP)
    table = Board("test", "a board for a test", CHIP, spi=(SpiWiring("SPI", sck="P0.05"),), parts=(row,))
    models: dict[str, Callable[[Scheduler, str], Part]] = {"echo": Echo, "sensor": Sensor}
    return soc, assemble(table, soc, part=models.__getitem__)


def test_an_spi_part_answers_while_selected_and_supplied() -> None:
    soc, _ = spi_board(PartRow("echo", "echo", spi="SPI", lines={"CS": "P0.06"}, power="P0.07"))
    bus = soc.spi_bus(soc.pins[5])
    assert bus is not None
    assert bus.exchange(0x55) == 0  # no supply
    soc.pins[7].drive("P0", True)
    assert bus.exchange(0x55) == 0x55
    soc.pins[6].drive("P0", True)
    assert bus.exchange(0x55) == 0


def test_spi_errors() -> None:
    with pytest.raises(UsageError, match="the board has no SPI bus 'spi1'; it has SPI"):
        spi_board(PartRow("echo", "echo", spi="spi1"))
    with pytest.raises(UsageError, match="sensor has no SPI interface"):
        spi_board(PartRow("s", "sensor", spi="SPI"))
