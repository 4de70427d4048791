"""The host against a device made of tables: enumeration, CDC-ACM in both directions, the 1200-baud touch, refusals."""

import itertools

import pytest

from cmsim.errors import UsageError
from cmsim.kernel import CPU_HZ, Line, Scheduler
from cmsim.serial import SerialPort
from cmsim.soc import Chip, Soc
from cmsim.usb import Answer, Host, attach

DEVICE = bytes.fromhex("12010002ef02014041235a80000100020001")
ACM = bytes.fromhex("0904000001020200 00 0904010002 0a000000 07058102400000 07050202400000".replace(" ", ""))


class Table:
    def __init__(self, body=ACM):
        self.connected = Line("pull-up")
        self.on_ready = self.on_remote_wake = lambda: None
        self.configuration = bytes((9, 2, 9 + len(body), 0, 2, 1, 0, 0x80, 50)) + body
        self.requests, self.received, self.outgoing, self.busy = [], [], [], False

    def bus_reset(self):
        self.requests.append("reset")

    def frames(self, running):
        pass

    suspend = resume = lambda self: None

    def setup(self, packet):
        self.requests.append((packet[0], packet[1], packet[2]))
        kind, length = packet[3], int.from_bytes(packet[6:8], "little")
        text = bytes((10, 3)) + "Nano".encode("utf-16-le")
        self.reply = {1: DEVICE, 2: self.configuration, 3: text}.get(kind, b"")[:length]

    def data_in(self, n):
        if n == 0:
            packet, self.reply = self.reply[:64], self.reply[64:]
            return packet
        return self.outgoing.pop(0) if self.outgoing else Answer.NAK

    def data_out(self, n, data):
        if self.busy:
            return Answer.NAK
        if n:
            self.received.append(data)
        return Answer.ACK

    def status(self):
        return Answer.ACK


@pytest.fixture
def bench():
    scheduler, device, port = Scheduler(), Table(), SerialPort("usb0")
    host = Host(scheduler, device, lambda name: port)
    device.connected.set(True)
    scheduler.advance(CPU_HZ // 5)
    return scheduler, device, port, host


def test_enumeration(bench):
    _, device, _, host = bench
    assert host.state == "configured"
    assert host.describe()["product"] == "Nano"
    assert (host.vid, host.pid) == (0x2341, 0x805A)
    assert [i["title"] for i in host.describe()["interfaces"]] == ["CDC-ACM", "CDC data"]
    assert device.requests[0] == "reset"
    assert device.requests[-2:] == [(0x21, 0x20, 0), (0x21, 0x22, 3)]


def test_serial_both_ways_with_backpressure(bench):
    scheduler, device, port, _ = bench
    device.outgoing = [b"hello ", b"world"]
    device.on_ready()
    device.busy = True
    port.send(bytes(100))
    scheduler.advance(scheduler.now + CPU_HZ // 100)
    assert port.text == "hello world"
    assert device.received == []
    assert scheduler.next_due is None  # waiting costs nothing
    device.busy = False
    device.on_ready()
    scheduler.advance(scheduler.now + CPU_HZ // 100)
    assert [len(packet) for packet in device.received] == [64, 36]


def test_notifications_of_a_serial_port_are_taken_and_not_shown():
    """SERIAL_STATE on the interrupt endpoint: Zephyr's driver waits until the host has read it."""
    body = bytearray(ACM)
    body[4:5] = b"\x01"
    body[9:9] = bytes((7, 5, 0x83, 3, 16, 0, 1))
    scheduler, device, port = Scheduler(), Table(bytes(body)), SerialPort("usb0")
    asked, read = [], device.data_in
    device.data_in = lambda n: (asked.append(n), b"\xa1\x20\0\0\0\0\x02\0\x03\0" if n == 3 and asked.count(3) == 1
                                else read(n))[1]  # fmt: skip
    Host(scheduler, device, lambda name: port)
    device.connected.set(True)
    scheduler.advance(CPU_HZ // 5)
    device.outgoing = [b"hello"]
    device.on_ready()
    scheduler.advance(CPU_HZ // 4)
    assert asked.count(3) >= 1
    assert port.text == "hello"


def test_reports_of_a_mouse_are_kept():
    """SET_IDLE, the report descriptor, then the interrupt endpoint."""
    scheduler = Scheduler()
    device = Table(bytes.fromhex("090402000103010200" "092111010001223400" "0705810308000a"))
    host = Host(scheduler, device, lambda name: pytest.fail("no serial port"))
    device.connected.set(True)
    scheduler.advance(CPU_HZ // 5)
    assert device.requests[-2:] == [(0x21, 0x0A, 0), (0x81, 6, 0)]
    assert (host.state, host.reports, host.serial_ports) == ("configured", [], [])
    device.outgoing = [bytes((1, 0, 0)), bytes((0, 5, 0))]
    device.on_ready()
    scheduler.advance(CPU_HZ // 4)
    assert host.reports == [(2, b"\1\0\0"), (2, b"\0\5\0")]
    assert scheduler.next_due is None


def test_touch(bench):
    scheduler, device, _, host = bench
    host.touch()
    scheduler.advance(scheduler.now + CPU_HZ // 100)
    assert device.requests[-3:] == [(0x21, 0x20, 0), (0x21, 0x22, 3), (0x21, 0x22, 0)]


def test_control_transfers_keep_their_distance(bench):
    scheduler, device, _, _host = bench
    times = []
    device.setup, take = lambda packet: (times.append((scheduler.now, packet[1])), take(packet)), device.setup
    device.connected.set(False)
    device.connected.set(True)
    scheduler.advance(scheduler.now + CPU_HZ // 5)
    gaps = [(now - before, request) for (before, request), (now, _) in itertools.pairwise(times)]
    assert min(gap for gap, _ in gaps) > CPU_HZ // 1000
    assert next(gap for gap, request in gaps if request == 5) > CPU_HZ // 500  # the device changes its address


def test_unplugging_forgets(bench):
    _, device, _, host = bench
    device.connected.set(False)
    assert host.describe() == {"vid": 0, "pid": 0, "product": "", "interfaces": [], "state": "detached"}


def test_unknown_choice_is_refused():
    with pytest.raises(UsageError, match="--usb hid: not known; choose one of none, cdc"):
        attach(Soc(Chip("test", "t", (), flash_size=4096, ram_size=4096)), "hid")
