"""Nordic nRF52840 DK, PCA10056 (nRF52840 DK hardware user guide).

LEDs and buttons are active low. The buttons have no resistors: firmware switches on the chip's pull-ups. A run with an
IMU trace gets an LSM9DS1 on the I2C pins of the Arduino header, always powered, as a shield would carry it, with
INT1_A/G on D2 and INT2_A/G on D3; without a trace nothing is plugged in. The external flash MX25R6435F sits on P0.17 to
P0.23.

Not modelled: the NFC antenna's connector, the interface MCU and its flow control lines, the USB connector.
"""

from __future__ import annotations

from cmsim.soc import Board, I2cWiring, PartRow, SpiWiring

from ..nrf52840.chip import NRF52840

BOARD = Board(
    name="nrf52840dk",
    title="Nordic nRF52840 DK",
    chip=NRF52840,
    pins={
        "LED1": "P0.13",
        "LED2": "P0.14",
        "LED3": "P0.15",
        "LED4": "P0.16",
        "BUTTON1": "P0.11",
        "BUTTON2": "P0.12",
        "BUTTON3": "P0.24",
        "BUTTON4": "P0.25",
        "TX": "P0.06",
        "RX": "P0.08",
        "RTS": "P0.05",
        "CTS": "P0.07",
        "D0": "P1.01",
        "D1": "P1.02",
        "D2": "P1.03",
        "D3": "P1.04",
        "D4": "P1.05",
        "D5": "P1.06",
        "D6": "P1.07",
        "D7": "P1.08",
        "D8": "P1.10",
        "D9": "P1.11",
        "D10": "P1.12",
        "D11": "P1.13",
        "D12": "P1.14",
        "D13": "P1.15",
        "D14": "P0.26",
        "D15": "P0.27",
        "A0": "P0.03",
        "A1": "P0.04",
        "A2": "P0.28",
        "A3": "P0.29",
        "A4": "P0.30",
        "A5": "P0.31",
        "SDA": "P0.26",
        "SCL": "P0.27",
    },
    pulls={"P0.17": "up"},
    buttons={"button1": "P0.11", "button2": "P0.12", "button3": "P0.24", "button4": "P0.25"},
    i2c=(I2cWiring("Arduino", scl="P0.27", sda="P0.26"),),
    spi=(SpiWiring("flash", sck="P0.19"), SpiWiring("Arduino", sck="P1.15")),
    parts=(
        PartRow("flash", "mx25r6435f", spi="flash", lines={"CS#": "P0.17"}),
        PartRow(
            "imu",
            "lsm9ds1",
            bus="Arduino",
            lines={"INT1_A/G": "P1.03", "INT2_A/G": "P1.04"},
            stimulus="imu",
            optional=True,
        ),
    ),
)
