"""MicroPython for the micro:bit V2, as the package `uflash` carries it: prompt, arithmetic, sensor, buttons, LEDs.

Firmware that we did not write, as it is: a Universal Hex for V1 and V2 with MBR, SoftDevice and bootloader region.
"""

import pytest

import cmsim
from cmsim.image import load_bytes

uflash = pytest.importorskip("uflash", reason="firmware from the package uflash 2.0.0: pip install uflash")

BLOCK_OF_V2 = 0x9903
HEART = ".#.#.\n#####\n#####\n.###.\n..#.."


class Repl:
    """A prompt to type at."""

    def __init__(self) -> None:
        image = load_bytes(uflash._RUNTIME.encode(), "micropython.hex", hex_block=BLOCK_OF_V2)
        self.machine = cmsim.Machine(image, board="microbit-v2")
        self.run_to_prompt(2.0)

    def run_to_prompt(self, most: float) -> str:
        """Run until the prompt stands at the end of the output (at most so many seconds)."""
        begun = len(self.machine.console())
        for _ in range(int(most / 0.05)):
            self.machine.run(seconds=0.05)
            if self.machine.console()[begun:].endswith(">>> "):
                break
        return self.machine.console()[begun:]

    def type(self, line: str, most: float = 1.0) -> str:
        """What comes back after `line`, without the echo and the next prompt."""
        self.machine.send("uart0", line.encode() + b"\r")
        answer = self.run_to_prompt(most)
        assert answer.startswith(line + "\r\n"), answer
        return answer.removeprefix(line + "\r\n").removesuffix(">>> ").strip()


@pytest.fixture(scope="module")
def repl() -> Repl:
    repl = Repl()
    repl.type("from microbit import *")
    return repl


def test_banner(repl: Repl) -> None:
    assert "MicroPython" in repl.machine.console()
    assert "nRF52833" in repl.machine.console()


def test_arithmetic(repl: Repl) -> None:
    assert repl.type("print(6*7)") == "42"


def test_accelerometer_at_rest_and_fed(repl: Repl) -> None:
    assert repl.type("accelerometer.get_values()") == "(0, 0, 1000)"  # Z up on the board's sensor, in milli-g
    repl.machine.parts["imu"].feed("accel z", lambda cycle: -1.0)
    repl.machine.run(seconds=0.1)
    assert repl.type("accelerometer.get_z()") == "-1000"


@pytest.mark.parametrize("button", ["a", "b"])
def test_buttons(repl: Repl, button: str) -> None:
    pin = repl.machine.pin(f"BUTTON_{button.upper()}")
    assert repl.type(f"button_{button}.is_pressed()") == "False"
    pin.drive_from_board("finger", False)
    repl.machine.run(seconds=0.1)
    assert repl.type(f"button_{button}.is_pressed()") == "True"
    pin.drive_from_board("finger", None)
    repl.machine.run(seconds=0.1)
    assert repl.type(f"button_{button}.is_pressed()") == "False"


def test_matrix_shows_a_heart(repl: Repl) -> None:
    leds = repl.machine.parts["leds"]
    repl.type("display.show(Image.HEART)")
    repl.machine.run(seconds=0.05)
    leds.lit()
    repl.machine.run(seconds=0.1)
    assert leds.picture() == HEART
    repl.type("display.clear()")
    repl.machine.run(seconds=0.05)
    leds.lit()
    repl.machine.run(seconds=0.05)
    assert "#" not in leds.picture()


def test_chip_temperature(repl: Repl) -> None:
    assert repl.type("temperature()") == "25"


def test_nothing_it_touched_is_left_unmodelled(repl: Repl) -> None:
    assert [(u.block, hex(u.offset), u.access) for u in repl.machine.soc.unmodelled.values()] == []
