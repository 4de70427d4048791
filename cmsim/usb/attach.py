"""Plugging the cable in: which computer, if any, is at the board's USB connector."""

from __future__ import annotations

from typing import Any

from ..errors import UsageError
from ..soc import Soc
from .host import Host

CHOICES = ("none", "cdc")


def attach(soc: Soc, usb: str = "cdc") -> Host | None:
    """The host on the chip's USBD: "cdc" plugs the cable in, "none" leaves the connector empty (no VBUS).

    None for "none" and for a chip without USB. Raises UsageError for any other word.
    """
    if usb not in CHOICES:
        raise UsageError(f"--usb {usb}: not known; choose one of {', '.join(CHOICES)}")
    device: Any = soc.blocks.get("USBD")
    if device is None or not hasattr(device, "data_in"):
        return None
    power: Any = soc.blocks.get("POWER")
    if usb == "none":
        if power is not None:
            power.vbus.set(False)
            power.reset()
        return None
    if power is not None:
        power.power_connector()
    return Host(soc.scheduler, device, soc.serial_port)
