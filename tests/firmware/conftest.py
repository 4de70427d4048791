"""The firmware of tests/firmware/src, built once a session."""

from support.firmware import firmware_elfs

__all__ = ["firmware_elfs"]
