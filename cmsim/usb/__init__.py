"""USB: the host inside the simulator, which talks to the device controller of the chip."""

from .attach import CHOICES, attach
from .host import Host
from .link import Answer, UsbFunction

__all__ = ["CHOICES", "Answer", "Host", "UsbFunction", "attach"]
