"""Firmware that ships with the package, built from firmware/ (BUILD.txt says with what): `gesture.elf`."""
