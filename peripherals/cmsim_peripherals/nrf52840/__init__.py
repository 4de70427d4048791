"""The blocks of the nRF52840, one file each, and its memory map (`chip.py`)."""
