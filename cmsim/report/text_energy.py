"""The charge of a run as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .terminal import grid, room


def lines(record: Mapping[str, Any], bold: bool = False) -> list[str]:
    """A table of `energy`; nothing if it was not asked for."""
    energy = record.get("energy")
    if energy is None:
        return []
    whole = sum(part["microcoulombs"] for part in energy["parts"])
    rows = [(f"{part['seconds']:.4f}", f"{part['microamperes']['typical']:,.2f}", f"{part['microcoulombs']:,.1f}",
             f"{100 * part['microcoulombs'] / whole:.1f} %" if whole else "", f"{part['symbol']}: {part['conditions']}")
            for part in energy["parts"]]  # fmt: skip
    found = ["", *grid(("seconds", "µA", "µC", "share", "current"), rows, left=(4,), bold=bold, width=room())]
    found.append(f"charge: {_range(energy['microcoulombs'], 'µC')}, at {energy['volts']:g} V")
    if energy["average_microamperes"] is not None:
        found.append(f"average: {_range(energy['average_microamperes'], 'µA')}")
    if energy["inference_microcoulombs"] is not None:
        found.append(f"an inference: {_range(energy['inference_microcoulombs'], 'µC')}, "
                     f"{energy['inference_microjoules']['typical']:,.1f} µJ")
    if energy["without_figures"]:
        found.append(f"no figure is known for: {', '.join(energy['without_figures'])}")
    return found


def _range(values: Mapping[str, float], unit: str) -> str:
    return f"{values['typical']:,.1f} {unit} ({values['lowest']:,.1f} to {values['highest']:,.1f})"
