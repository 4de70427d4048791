"""Arduino Nano 33 BLE Sense, first revision (pins: Arduino's variant of the board).

The sensors hang on the inner bus (Wire1). Both their supply (P0.22) and its pull-up resistors (P1.00) are switched by
the chip: nothing answers before both are high. The variant names no pin for the interrupts of the LSM9DS1.

Not modelled: the cryptographic chip ATECC608A, the USB connector.
"""

from __future__ import annotations

from cmsim.soc import Board, I2cWiring, PartRow, SpiWiring

from ..nrf52840.chip import NRF52840

CAMERA = PartRow(  # on the Tiny Machine Learning shield; D1 and D2 share Serial1's pins
    "camera",
    "ov7675",
    bus="Wire",
    stimulus="camera",
    optional=True,
    lines={
        "XCLK": "P0.27",
        "VSYNC": "P0.21",
        "HREF": "P0.05",
        "PCLK": "P0.04",
        "D0": "P1.02",
        "D1": "P1.03",
        **{f"D{n}": f"P1.{8 + n}" for n in range(2, 8)},
    },
)

BOARD = Board(
    name="nano33ble-sense",
    title="Arduino Nano 33 BLE Sense",
    chip=NRF52840,
    pins={
        "D0": "P1.03",
        "D1": "P1.10",
        "D2": "P1.11",
        "D3": "P1.12",
        "D4": "P1.15",
        "D5": "P1.13",
        "D6": "P1.14",
        "D7": "P0.23",
        "D8": "P0.21",
        "D9": "P0.27",
        "D10": "P1.02",
        "D11": "P1.01",
        "D12": "P1.08",
        "D13": "P0.13",
        "A0": "P0.04",
        "A1": "P0.05",
        "A2": "P0.30",
        "A3": "P0.29",
        "A4": "P0.31",
        "A5": "P0.02",
        "A6": "P0.28",
        "A7": "P0.03",
        "TX": "P1.03",
        "RX": "P1.10",
        "SDA": "P0.31",
        "SCL": "P0.02",
        "SDA1": "P0.14",
        "SCL1": "P0.15",
        "MOSI": "P1.01",
        "MISO": "P1.08",
        "SCK": "P0.13",
        "LED_BUILTIN": "P0.13",
        "LEDR": "P0.24",  # the three colours are active low
        "LEDG": "P0.16",
        "LEDB": "P0.06",
        "LED_PWR": "P1.09",
        "INT_APDS": "P0.19",
        "PDM_PWR": "P0.17",
        "PDM_CLK": "P0.26",
        "PDM_DIN": "P0.25",
        "ENABLE_SENSORS_3V3": "P0.22",
        "ENABLE_I2C_PULLUP": "P1.00",
    },
    i2c=(
        I2cWiring("Wire", scl="P0.02", sda="P0.31"),
        I2cWiring("Wire1", scl="P0.15", sda="P0.14", pull_up="P1.00"),
    ),
    spi=(SpiWiring("SPI", sck="P0.13"),),
    pulls={"P0.19": "up"},
    parts=(
        PartRow("imu", "lsm9ds1", bus="Wire1", power="P0.22", stimulus="imu"),
        PartRow("humidity", "hts221", bus="Wire1", power="P0.22"),
        PartRow("barometer", "lps22hb", bus="Wire1", power="P0.22"),
        PartRow("light", "apds9960", bus="Wire1", power="P0.22", lines={"INT": "P0.19"}),
        PartRow("microphone", "mp34dt05", power="P0.17", pdm=("P0.26", "P0.25")),
        CAMERA,
    ),
)
