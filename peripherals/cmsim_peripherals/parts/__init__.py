"""Parts outside the chip: sensors and the like, one file each."""
