"""Quantities, their base units, and the other units that a trace may use.

A column is named `quantity [unit]`, for example `accel x [m/s^2]`. Case, and `_` for a space, do not matter in the
quantity; units are written as in the tables below.
"""

from __future__ import annotations

import difflib
import re

STANDARD_GRAVITY = 9.80665  # m/s^2 in a g, exact by definition (CGPM 1901)
_DEGREES_PER_RADIAN = 57.29577951308232

# Unit -> (factor, offset): value in the base unit = factor * value + offset. The first of each table is the base unit.
_TIME = {"s": (1.0, 0.0), "ms": (1e-3, 0.0), "us": (1e-6, 0.0), "µs": (1e-6, 0.0)}
_ACCELERATION = {
    "g": (1.0, 0.0), "mg": (1e-3, 0.0),
    "m/s^2": (1 / STANDARD_GRAVITY, 0.0), "m/s2": (1 / STANDARD_GRAVITY, 0.0), "m/s²": (1 / STANDARD_GRAVITY, 0.0),
}
_RATE = {
    "dps": (1.0, 0.0), "deg/s": (1.0, 0.0), "°/s": (1.0, 0.0), "mdps": (1e-3, 0.0),
    "rad/s": (_DEGREES_PER_RADIAN, 0.0),
}
_FIELD = {
    "gauss": (1.0, 0.0), "mgauss": (1e-3, 0.0), "uT": (1e-2, 0.0), "µT": (1e-2, 0.0), "T": (1e4, 0.0),
}
_TEMPERATURE = {"degC": (1.0, 0.0), "°C": (1.0, 0.0), "K": (1.0, -273.15)}
_PRESSURE = {
    "hPa": (1.0, 0.0), "mbar": (1.0, 0.0), "kPa": (10.0, 0.0), "Pa": (0.01, 0.0), "bar": (1000.0, 0.0),
}
_IRRADIANCE = {"uW/cm^2": (1.0, 0.0), "µW/cm²": (1.0, 0.0), "mW/cm^2": (1000.0, 0.0), "W/m^2": (100.0, 0.0)}
_FRACTION = {"1": (1.0, 0.0), "%": (0.01, 0.0)}

_UNITS = {
    "time": _TIME,
    **{f"accel {axis}": _ACCELERATION for axis in "xyz"},
    **{f"gyro {axis}": _RATE for axis in "xyz"},
    **{f"mag {axis}": _FIELD for axis in "xyz"},
    "temperature": _TEMPERATURE,
    "humidity": {"%": (1.0, 0.0), "%RH": (1.0, 0.0)},
    "pressure": _PRESSURE,
    "proximity": _FRACTION,
    **{f"light {colour}": _IRRADIANCE for colour in ("clear", "red", "green", "blue")},
    **{f"gesture {direction}": _FRACTION for direction in ("up", "down", "left", "right")},
    "voltage": {"V": (1.0, 0.0), "mV": (1e-3, 0.0)},
}

BASE_UNITS = {quantity: next(iter(table)) for quantity, table in _UNITS.items()}
"""Quantity -> base unit: time s, accel g, gyro dps, mag gauss, temperature degC, humidity %, pressure hPa, light
uW/cm^2, proximity and gesture 1 (a fraction of full scale), voltage V."""

_COLUMN = re.compile(r"\s*([^\[\]]*?)\s*\[\s*([^\[\]]*?)\s*\]\s*")


def parse_column(title: str) -> tuple[str, float, float]:
    """`(quantity, factor, offset)` of a column title such as `accel x [mg]`.

    ValueError, one line that says what is wrong and what would do, for a missing or unknown unit or quantity.
    """
    match = _COLUMN.fullmatch(title)
    if match is None:
        meant = _quantity(title)
        example = f"{meant} [{BASE_UNITS[meant]}]" if meant in BASE_UNITS else "accel x [g]"
        raise ValueError(f"column {title.strip()!r} does not name its unit: write it as {example!r}")
    quantity, unit = _quantity(match[1]), match[2]
    table = _UNITS.get(quantity)
    if table is None:
        near = difflib.get_close_matches(quantity, _UNITS, n=3)
        hint = f"similar: {', '.join(near)}" if near else f"known are {', '.join(_UNITS)}"
        raise ValueError(f"unknown quantity {match[1]!r}: {hint}")
    # Two code points look like the micro sign; spreadsheets produce both.
    found = table.get(unit.replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}"))
    if found is None:
        raise ValueError(f"unknown unit {unit!r} for {quantity}: known are {', '.join(table)}")
    return quantity, *found


def _quantity(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())
