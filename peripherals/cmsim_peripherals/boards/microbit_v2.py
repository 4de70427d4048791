"""BBC micro:bit V2, the edition with the nRF52833 (tech.microbit.org: hardware, schematic of V2.00).

The 5 x 5 LEDs are a part called `leds`; buttons are active low with resistors on the board. The motion sensor sits on
the internal I2C bus, whose interrupt line is shared and active low: INT_1_XL acts on it through a transistor. The
console is UARTE0, which the interface chip passes on to USB.

Not modelled: the interface chip as an I2C target (0x70 and 0x72 answer NACK), speaker, microphone and its LED, the
touch sensor of the logo, the power LED, NFC.
"""

from __future__ import annotations

from cmsim.soc import Board, I2cWiring, PartRow

from ..nrf52833.chip import NRF52833

ROWS = {f"ROW{n}": pin for n, pin in enumerate(("P0.21", "P0.22", "P0.15", "P0.24", "P0.19"), start=1)}
COLUMNS = {f"COL{n}": pin for n, pin in enumerate(("P0.28", "P0.11", "P0.31", "P1.05", "P0.30"), start=1)}

BOARD = Board(
    name="microbit-v2",
    title="BBC micro:bit V2",
    chip=NRF52833,
    pins={
        **ROWS,
        **COLUMNS,
        "BUTTON_A": "P0.14",
        "BUTTON_B": "P0.23",
        "LOGO": "P1.04",
        "SPEAKER": "P0.00",
        "MICROPHONE": "P0.05",
        "RUN_MIC": "P0.20",
        "TX": "P0.06",
        "RX": "P1.08",
        "INT_SCL": "P0.08",
        "INT_SDA": "P0.16",
        "SENSOR_INT": "P0.25",
        "P0": "P0.02",
        "P1": "P0.03",
        "P2": "P0.04",
        "P3": "P0.31",
        "P4": "P0.28",
        "P5": "P0.14",
        "P6": "P1.05",
        "P7": "P0.11",
        "P8": "P0.10",
        "P9": "P0.09",
        "P10": "P0.30",
        "P11": "P0.23",
        "P12": "P0.12",
        "P13": "P0.17",
        "P14": "P0.01",
        "P15": "P0.13",
        "P16": "P1.02",
        "P19": "P0.26",
        "P20": "P1.00",
        "SCL": "P0.26",
        "SDA": "P1.00",
    },
    buttons={"button_a": "P0.14", "button_b": "P0.23"},
    i2c=(I2cWiring("internal", scl="P0.08", sda="P0.16"), I2cWiring("external", scl="P0.26", sda="P1.00")),
    parts=(
        PartRow("imu", "lsm303agr", bus="internal", lines={"INT_1_XL inverted": "P0.25"}, stimulus="imu"),
        PartRow("leds", "led-matrix", lines=ROWS | COLUMNS),
    ),
    pulls={"P0.14": "up", "P0.23": "up", "P0.25": "up", "P1.04": "up"},
    hex_block=0x9903,
)
