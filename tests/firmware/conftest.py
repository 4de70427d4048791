"""The firmware of tests/firmware, built once a session."""

from support.firmware import firmware_elfs, kernel_set_elfs

__all__ = ["firmware_elfs", "kernel_set_elfs"]
