"""Zephyr 4.4's HCI over USB, as its package carries it: boots, enumerates, answers over its endpoints."""

import pytest

import cmsim

firmware = pytest.importorskip(
    "zephyr_4_4_0_hci_usb_nrf52840dk_default",
    reason="zephyr-4-4-0-hci-usb-nrf52840dk-default is not installed: pip install '.[test]'",
)


def test_hci_reset_and_read_local_version():
    machine = cmsim.Machine(firmware.HEX_PATH, board="nrf52840dk")
    host = machine.usb
    machine.run(until=lambda: host.state == "configured", seconds=2)
    usb = machine.record["usb"]
    assert (usb["vid"], usb["pid"], usb["product"]) == (0x2FE3, 0x000B, "Zephyr USBD BT HCI")
    assert usb["interfaces"][0]["title"] == "Bluetooth HCI"
    host.hci_command(0x0C03)
    machine.run(until=lambda: len(host.events) == 1, seconds=1)
    assert host.events == [bytes.fromhex("0e0401030c00")]  # Command Complete, status 0
    host.hci_command(0x1001)
    machine.run(until=lambda: len(host.events) == 2, seconds=1)
    event = host.events[1]
    assert event[:2] == bytes((0x0E, 12))
    assert event[3:6] == bytes.fromhex("011000")
    assert int.from_bytes(event[10:12], "little") == 0x05F1  # the Linux Foundation
    assert machine.faults == []
    assert machine.record["unmodelled"] == []


def test_without_a_cable_nothing_enumerates():
    machine = cmsim.Machine(firmware.HEX_PATH, board="nrf52840dk", usb="none")
    machine.run(seconds=1)
    assert machine.usb is None
    assert machine.record["usb"] is None
