"""The computer at the other end of the USB cable: attaches, enumerates, and drives what it knows (USB 2.0, chapter 9).

It knows CDC-ACM (PSTN 1.2: the n-th such function is the serial port "usb<n>"; its notifications are taken and
forgotten), HID 1.11 (input reports are kept in `reports`) and Bluetooth HCI; any other interface is enumerated,
configured and reported. A pipe that met NAK is tried again when the device says that something changed, so that waiting
costs nothing; one transaction is on the bus at a time, pipes in turn.

Not modelled: hubs, low and high speed, errors on the wire, the polling interval of interrupt endpoints (read as soon as
there is data), timeouts of a device that never answers, alternate settings, what HID reports mean.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from ..kernel import CPU_HZ
from ..serial import SerialPort
from .descriptors import BULK, CONFIGURATION, DEVICE, INTERRUPT, STRING, Interface, interfaces, text
from .link import UsbFunction
from .transfers import Control, InPipe, OutPipe, Transfer

MILLISECOND = CPU_HZ // 1000
DEBOUNCE = 100 * MILLISECOND
RESET_TIME = 10 * MILLISECOND
RECOVERY = 10 * MILLISECOND
ADDRESS_RECOVERY = 2 * MILLISECOND
CONTROL_GAP = MILLISECOND
"""Between two control transfers: a driver hears of the first at a frame's end, and asks for the second in the next."""
TURNAROUND = CPU_HZ // 1_000_000 * 2
"""From "ready" to the host's next token."""
ENGLISH = 0x0409
ADDRESS = 1
DTR_RTS = 3
SET_LINE_CODING, SET_CONTROL_LINE_STATE = 0x20, 0x22
HID, SET_IDLE, REPORT, REPORT_DESCRIPTOR_SIZE = 3, 0x0A, 0x22, 4096

Request = tuple[int, int, int, int, int, bytes]
"""bmRequestType, bRequest, wValue, wIndex, wLength, data of an OUT transfer."""
Script = Generator[Request, "bytes | None", None]


class Host:
    """One host port with one cable. `state`: detached, attached, addressed, configured, suspended, or failed."""

    def __init__(self, scheduler: Any, device: UsbFunction, port: Callable[[str], SerialPort]) -> None:
        self.scheduler, self.device, self._port = scheduler, device, port
        self.state = "detached"
        self.events: list[bytes] = []
        """HCI events that came over the interrupt endpoint, whole."""
        self.acl: list[bytes] = []
        """HCI ACL packets that came over the bulk endpoint."""
        self.reports: list[tuple[int, bytes]] = []
        """HID input reports, with the number of the interface that they came from."""
        self._attach = scheduler.alarm(self._next_phase)
        self._bus = scheduler.alarm(self._transact)
        self._gate = scheduler.alarm(self._kick)
        self._forget()
        device.on_ready = self._kick
        device.on_remote_wake = self.resume
        device.connected.listen(self._connection)
        if device.connected.level:
            self._connection(True)

    def _forget(self) -> None:
        self.vid = self.pid = 0
        self.product = ""
        self.interfaces: list[Interface] = []
        self._transfers: deque[Transfer] = deque()
        self._controls: deque[Control] = deque()
        self._phases: list[tuple[Callable[[], None], int]] = []
        self._packet0 = 8
        self._event = bytearray()
        self._acm: list[tuple[int, OutPipe]] = []

    # --- the cable ----------------------------------------------------------------------------------------

    def _connection(self, present: bool) -> None:
        self._forget()
        self._bus.cancel()
        self._attach.cancel()
        self._gate.cancel()
        self.device.frames(False)
        self.state = "attached" if present else "detached"
        if present:
            self._phases = [(self._reset, RESET_TIME), (self._frames, RECOVERY), (self._enumerate, 0)]
            self._attach.after(DEBOUNCE)

    def _next_phase(self) -> None:
        action, then = self._phases.pop(0)
        action()
        if self._phases:
            self._attach.after(then)

    def _reset(self) -> None:
        self.device.bus_reset()

    def _frames(self) -> None:
        self.device.frames(True)

    def suspend(self) -> None:
        """Stop all traffic; 3 ms later the device knows."""
        if self.state == "configured":
            self.state = "suspended"
            self.device.frames(False)
            self._phases = [(self.device.suspend, 0)]
            self._attach.after(3 * MILLISECOND)

    def resume(self) -> None:
        """Wake the device."""
        if self.state == "suspended":
            self.state = "configured"
            self.device.frames(True)
            self.device.resume()
            self._kick()

    # --- the bus ------------------------------------------------------------------------------------------

    def _kick(self) -> None:
        if not self._bus.armed and (self._controls or self._transfers) and self.state != "suspended":
            self._bus.after(TURNAROUND)

    def _transact(self) -> None:
        """Let the first that can have the bus; the others come first next time."""
        for queue in (self._controls, self._transfers):
            for _ in range(len(queue)):
                if not queue:
                    return
                if queue is self._controls and self._gate.armed:
                    break  # too early for the next control transfer
                transfer = queue[0]
                took = transfer.step(self.device)
                if transfer.done and queue and queue[0] is transfer:
                    queue.popleft()
                    if isinstance(transfer, Control):
                        self._gate.after(ADDRESS_RECOVERY if transfer.sets_address else CONTROL_GAP)
                elif queue is self._transfers and queue:
                    queue.rotate(-1)
                if took is not None:
                    if self._controls or self._transfers:
                        self._bus.after(took)
                    return
                if queue is self._controls:
                    break  # one control transfer at a time

    def control(self, request: Request, finish: Callable[[bytes | None], None] = lambda data: None) -> None:
        """Queue a control transfer; `finish` gets what was read, or None if the device stalled it."""
        kind, code, value, index, length, data = request
        words = b"".join(word.to_bytes(2, "little") for word in (value, index, length))
        self._controls.append(Control(bytes((kind, code)) + words, data, self._packet0, finish))
        self._kick()

    def _play(self, script: Script, answer: bytes | None = None, first: bool = False) -> None:
        try:
            request = next(script) if first else script.send(answer)
        except StopIteration:
            return
        self.control(request, partial(self._play, script))

    # --- enumeration --------------------------------------------------------------------------------------

    def _enumerate(self) -> None:
        self._play(self._enumeration(), first=True)

    def _enumeration(self) -> Script:
        head = yield 0x80, 6, DEVICE << 8, 0, 8, b""
        if head is None or len(head) < 8:
            self.state = "failed"
            return
        self._packet0 = head[7] or 8
        yield 0x00, 5, ADDRESS, 0, 0, b""
        self.state = "addressed"
        device = yield 0x80, 6, DEVICE << 8, 0, 18, b""
        head = yield 0x80, 6, CONFIGURATION << 8, 0, 9, b""
        if device is None or len(device) < 18 or head is None or len(head) < 9:
            self.state = "failed"
            return
        self.vid, self.pid = (int.from_bytes(device[n : n + 2], "little") for n in (8, 10))
        whole = yield 0x80, 6, CONFIGURATION << 8, 0, int.from_bytes(head[2:4], "little"), b""
        self.interfaces = interfaces(whole or b"")
        if device[15]:
            yield 0x80, 6, STRING << 8, 0, 255, b""
            product = yield 0x80, 6, STRING << 8 | device[15], ENGLISH, 255, b""
            self.product = text(product or b"")
        if (yield 0x00, 9, head[5], 0, 0, b"") is None:
            self.state = "failed"
            return
        self.state = "configured"
        yield from self._drivers()

    def _drivers(self) -> Script:
        for n, interface in enumerate(self.interfaces):
            if interface.triple[:2] == (2, 2):
                data = next((i for i in self.interfaces[n + 1 :] if i.triple[0] == 0x0A), None)
                if data is not None:
                    yield from self._open_acm(interface, data)
            elif interface.triple[0] == HID:
                yield from self._open_hid(interface)
            elif interface.triple == (0xE0, 1, 1):
                self._open_hci(interface)

    def _open_acm(self, control: Interface, data: Interface) -> Script:
        coding = (115200).to_bytes(4, "little") + bytes((0, 0, 8))
        yield 0x21, SET_LINE_CODING, 0, control.number, len(coding), coding
        yield 0x21, SET_CONTROL_LINE_STATE, DTR_RTS, control.number, 0, b""
        port = self._port(f"usb{len(self._acm)}")
        reader, writer = data.endpoint(BULK, True), data.endpoint(BULK, False)
        if reader is None or writer is None:
            return
        size = writer.packet

        def take() -> bytes:
            taken = bytearray()
            while len(taken) < size and (byte := port.take()) is not None:
                taken.append(byte)
            return bytes(taken)

        pipe = OutPipe(writer.number, take)
        self._acm.append((control.number, pipe))
        self._transfers += (InPipe(reader.number, port.transmit), pipe)
        notifications = control.endpoint(INTERRUPT, True)
        if notifications is not None:
            self._transfers.append(InPipe(notifications.number, lambda notification: None))
        port.on_input = self._kick
        self._kick()

    @property
    def serial_ports(self) -> list[str]:
        """Channels of the CDC-ACM functions that are open."""
        return [f"usb{n}" for n in range(len(self._acm))]

    def touch(self, baud: int = 1200) -> bool:
        """Open the first serial port at `baud` and close it again: 1200 asks an Arduino for its bootloader.

        False if there is none.
        """
        for number, _ in self._acm[:1]:
            coding = baud.to_bytes(4, "little") + bytes((0, 0, 8))
            self.control((0x21, SET_LINE_CODING, 0, number, len(coding), coding))
            self.control((0x21, SET_CONTROL_LINE_STATE, DTR_RTS, number, 0, b""))
            self.control((0x21, SET_CONTROL_LINE_STATE, 0, number, 0, b""))
        return bool(self._acm)

    def _open_hid(self, interface: Interface) -> Script:
        """As a computer does with a mouse or keyboard (HID 1.11, 7.1.1 and 7.2.4): then its reports come."""
        yield 0x21, SET_IDLE, 0, interface.number, 0, b""
        yield 0x81, 6, REPORT << 8, interface.number, REPORT_DESCRIPTOR_SIZE, b""
        reports = interface.endpoint(INTERRUPT, True)
        if reports is not None:
            keep = self.reports.append
            self._transfers.append(InPipe(reports.number, lambda report: keep((interface.number, report))))
            self._kick()

    # --- Bluetooth HCI (Core specification, volume 4, part B) -----------------------------------------------

    def _open_hci(self, interface: Interface) -> None:
        events, acl = interface.endpoint(INTERRUPT, True), interface.endpoint(BULK, True)
        if events is not None:
            self._transfers.append(InPipe(events.number, self._hear_event))
        if acl is not None:
            self._transfers.append(InPipe(acl.number, self.acl.append))
        self._kick()

    def _hear_event(self, packet: bytes) -> None:
        self._event += packet
        while len(self._event) >= 2 and len(self._event) >= 2 + self._event[1]:
            length = 2 + self._event[1]
            self.events.append(bytes(self._event[:length]))
            del self._event[:length]

    def hci_command(self, opcode: int, parameters: bytes = b"") -> None:
        """Send an HCI command: a class request on endpoint 0. Its answer comes to `events`."""
        command = opcode.to_bytes(2, "little") + bytes((len(parameters),)) + parameters
        self.control((0x20, 0, 0, 0, len(command), command))

    # --- the record ---------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """What the host knows of the device, as plain data."""
        return {
            "vid": self.vid,
            "pid": self.pid,
            "product": self.product,
            "interfaces": [
                {"number": i.number, "class": list(i.triple), "title": i.title} for i in self.interfaces
            ],
            "state": self.state,
        }
