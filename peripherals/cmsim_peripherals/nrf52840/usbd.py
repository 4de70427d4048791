"""USBD: full-speed USB device controller (nRF52840 PS v1.8, section 6.35).

The bus side is the `UsbFunction` of `cmsim.usb.link`: a host calls `bus_reset`, `setup`, `data_in` and `data_out`, and
is told by `on_ready` when an endpoint that had nothing to say may have something now. Each endpoint has a local
buffer of one packet: EasyDMA (STARTEPIN, STARTEPOUT) fills or empties it, the bus does the other half. One EasyDMA
transfer goes at a time; later ones wait; STARTED and EPSTATUS come when its PTR and MAXCNT are taken (section 6.35.8).
A USB reset disables the data endpoints (section 6.35.6). Frames are in `usbd_frames.py`.

Not modelled: the transceiver's levels (of DPDMVALUE resume and K wake the host), data toggles on the wire (DTOGGLE is
kept and flips, neither side refuses a packet for it), isochronous CRC errors, the splitting of the isochronous buffer,
the isochronous schedule of a host, suspend by an idle bus before a host's first reset, HFXO as a
precondition (Arduino's and RIOT's firmware leaves that to whoever started it before).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cmsim.kernel import CPU_HZ, Line
from cmsim.nordic import Event, Task
from cmsim.registers import Latched, Register
from cmsim.soc import BusError, Soc
from cmsim.usb.link import Answer

from .power import Power
from .usbd_frames import UsbFrames

ENDPOINTS = 8
ISO = 8
"""The number of the isochronous endpoint, in either direction."""
PACKET = 64
ISO_PACKET = 1023
READY_TIME = 100 * (CPU_HZ // 1_000_000)
"""From ENABLE to EVENTCAUSE.READY; the chapter gives no figure."""
WAKE_TIME = 25 * (CPU_HZ // 1_000_000)
DMA_SETUP = 16
"""Cycles of an EasyDMA transfer beside one a byte."""
ISOOUTCRC, SUSPEND, RESUME, USBWUALLOWED, READY = 1 << 0, 1 << 8, 1 << 9, 1 << 10, 1 << 11
SET_ADDRESS = (0x00, 0x05)
DRIVE_RESUME, DRIVE_K = 1, 4


class Usbd(UsbFrames):
    """The block at 0x40027000."""

    undocumented = frozenset({0x800, 0x804, 0xC1C})

    STARTEPIN = Task.array(0x004, ENDPOINTS)
    STARTISOIN = Task(0x024)
    STARTEPOUT = Task.array(0x028, ENDPOINTS)
    STARTISOOUT = Task(0x048)
    EP0RCVOUT = Task(0x04C)
    EP0STATUS = Task(0x050)
    EP0STALL = Task(0x054)
    DPDMDRIVE = Task(0x058)
    DPDMNODRIVE = Task(0x05C)
    USBRESET = Event(0x100)
    STARTED = Event(0x104)
    ENDEPIN = Event.array(0x108, ENDPOINTS)
    EP0DATADONE = Event(0x128)
    ENDISOIN = Event(0x12C)
    ENDEPOUT = Event.array(0x130, ENDPOINTS)
    ENDISOOUT = Event(0x150)
    USBEVENT = Event(0x158)
    EP0SETUP = Event(0x15C)
    EPDATA = Event(0x160)
    SHORTS = Register(0x200, writable=0x1F)
    EVENTCAUSE = Latched(0x400)
    HALTED_EPIN = Register.array(0x420, ENDPOINTS, writable=0)
    HALTED_EPOUT = Register.array(0x444, ENDPOINTS, writable=0)
    EPSTATUS = Latched(0x468)
    EPDATASTATUS = Latched(0x46C)
    USBADDR = Register(0x470, writable=0)
    SETUP = Register.array(0x480, 8, writable=0)
    """BMREQUESTTYPE, BREQUEST, WVALUEL, WVALUEH, WINDEXL, WINDEXH, WLENGTHL, WLENGTHH."""
    SIZE_EPOUT = Register.array(0x4A0, ENDPOINTS, writable=0)
    SIZE_ISOOUT = Register(0x4C0, 0x1_0000, writable=0)
    ENABLE = Register(0x500, writable=0x1)
    USBPULLUP = Register(0x504, writable=0x1)
    DPDMVALUE = Register(0x508, writable=0x1F)
    DTOGGLE = Register(0x50C, 0x100, writable=0x87)
    EPINEN = Register(0x510, 0x1, writable=0x1FF)
    EPOUTEN = Register(0x514, 0x1, writable=0x1FF)
    EPSTALL = Register(0x518, writable=0)
    ISOSPLIT = Register(0x51C, writable=0xFFFF)
    LOWPOWER = Register(0x52C, writable=0x1)
    ISOINCONFIG = Register(0x530, writable=0x1)
    EPIN_PTR = Register.array(0x600, ENDPOINTS + 1, stride=0x14)
    EPIN_MAXCNT = Register.array(0x604, ENDPOINTS + 1, stride=0x14, writable=0x3FF)
    EPIN_AMOUNT = Register.array(0x608, ENDPOINTS + 1, stride=0x14, writable=0)
    EPOUT_PTR = Register.array(0x700, ENDPOINTS + 1, stride=0x14)
    EPOUT_MAXCNT = Register.array(0x704, ENDPOINTS + 1, stride=0x14, writable=0x3FF)
    EPOUT_AMOUNT = Register.array(0x708, ENDPOINTS + 1, stride=0x14, writable=0)

    shortcuts = {2: (EP0DATADONE, EP0STATUS)}  # the others name elements of arrays: `_data_done` and `_dma_done`

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.connected = Line("USB pull-up")
        """High while a host sees the device: enabled, pull-up on, VBUS there."""
        self.on_ready: Callable[[], None] = lambda: None
        self.on_remote_wake: Callable[[], None] = lambda: None
        power = soc.blocks.get("POWER")
        self._vbus = power.vbus if isinstance(power, Power) else Line("VBUS", True)
        self._supply = power.usb_wanted if isinstance(power, Power) else Line("USB regulator wanted")
        self._ready = soc.scheduler.alarm(self._controller_ready)
        self._wake = soc.scheduler.alarm(lambda: self._cause(USBWUALLOWED))
        self._dma_end = soc.scheduler.alarm(self._dma_done)
        self.suspended = False
        self._clear()
        super().__init__(soc, name, base)
        self._vbus.listen(lambda present: self._update_connection())

    def _clear(self) -> None:
        """No packets, no transfers, no stalls."""
        self._in: dict[int, bytes] = {}
        self._out: dict[int, bytes] = {}
        self._accepts: set[int] = set()
        """OUT endpoints whose buffer is free for the host."""
        self._dma: deque[tuple[bool, int]] = deque()
        self._toggles: dict[tuple[bool, int], int] = {}
        self._stalled0 = self._status0 = self._receive0 = False

    def reset(self) -> None:
        """Off the bus, everything at its reset value."""
        super().reset()
        for alarm in (self._ready, self._wake, self._dma_end):
            alarm.cancel()
        self._clear()
        self.suspended = False
        self._supply.set(False)
        self._update_connection()

    # --- power and connection -----------------------------------------------------------------------------

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        self._supply.set(bool(value & 1))
        if value & 1:
            if not self._ready.armed:
                self._ready.after(READY_TIME)
            return
        self._ready.cancel()
        self._dma_end.cancel()
        self._clear()
        self._update_connection()

    def _controller_ready(self) -> None:
        self._cause(READY)
        self._update_connection()

    @USBPULLUP.on_write
    def _pull_up(self, value: int) -> None:
        self._update_connection()

    def _update_connection(self) -> None:
        self.connected.set(bool(self.ENABLE and self.USBPULLUP and self._vbus.level))

    def _cause(self, cause: int) -> None:
        self.EVENTCAUSE |= cause
        self.emit(self.USBEVENT)

    @LOWPOWER.on_write
    def _low_power(self, value: int) -> None:
        if not value & 1 and self.suspended:
            self._wake.after(WAKE_TIME)

    @DPDMDRIVE
    def _drive(self) -> None:
        if self.suspended and self.DPDMVALUE in (DRIVE_RESUME, DRIVE_K):
            self.on_remote_wake()

    # --- EasyDMA ------------------------------------------------------------------------------------------

    @STARTEPIN
    def _start_in(self, n: int) -> None:
        self._start(True, n)

    @STARTISOIN
    def _start_iso_in(self) -> None:
        self._start(True, ISO)

    @STARTEPOUT
    def _start_out(self, n: int) -> None:
        self._start(False, n)

    @STARTISOOUT
    def _start_iso_out(self) -> None:
        self._start(False, ISO)

    def _start(self, inward: bool, n: int) -> None:
        if not self.ENABLE:
            return
        self._dma.append((inward, n))
        if len(self._dma) == 1:
            self._begin()

    def _begin(self) -> None:
        inward, n = self._dma[0]
        if inward:
            length = min(self.EPIN_MAXCNT[n], ISO_PACKET if n == ISO else PACKET)
        else:
            length = min(self.EPOUT_MAXCNT[n], len(self._out.get(n, b"")))
        self._length = length
        self._dma_end.after(DMA_SETUP + length)
        self.EPSTATUS |= 1 << (n if inward else 16 + n)
        self.emit(self.STARTED)

    def _dma_done(self) -> None:
        inward, n = self._dma.popleft()
        length = self._length
        if inward:
            self._in[n] = self._fetch(n, length)
            self.EPIN_AMOUNT[n] = length
        else:
            self._store(n, self._out.pop(n, b"")[:length])
            self.EPOUT_AMOUNT[n] = length
            if n:
                self._accepts.add(n)
        if self._dma:
            self._begin()
        ends = (self.ENDEPIN if inward else self.ENDEPOUT), (self.ENDISOIN if inward else self.ENDISOOUT)
        self.emit(ends[1] if n == ISO else ends[0][n])
        if not inward and n == 0:
            if self.SHORTS & 1 << 3:
                self._status_stage()
            if self.SHORTS & 1 << 4:
                self._receive_out()
        self.on_ready()

    def _fetch(self, n: int, length: int) -> bytes:
        try:
            return self.soc.dma_read(self.EPIN_PTR[n], length)
        except BusError:
            self._report(0x600 + 0x14 * n, "read", self.EPIN_PTR[n])
            return bytes(length)

    def _store(self, n: int, data: bytes) -> None:
        try:
            self.soc.dma_write(self.EPOUT_PTR[n], data)
        except BusError:
            self._report(0x700 + 0x14 * n, "write", self.EPOUT_PTR[n])

    def _report(self, offset: int, access: str, pointer: int) -> None:
        place = f"EasyDMA {access} at 0x{pointer:08x}, outside data RAM: place the buffer in RAM; this"
        self.soc.report_unmodelled(self.name, offset, place)

    # --- endpoints as software sees them ------------------------------------------------------------------

    @SIZE_EPOUT.on_write
    def _accept(self, n: int, value: int) -> None:
        if n:
            self._out.pop(n, None)
            self._accepts.add(n)
            self.on_ready()

    @EPINEN.on_write
    def _enable_in(self, value: int) -> None:
        for n in [n for n in self._in if n and not self.EPINEN >> n & 1]:
            del self._in[n]

    @EPOUTEN.on_write
    def _enable_out(self, value: int) -> None:
        for n in range(1, ENDPOINTS):
            if not self.EPOUTEN >> n & 1:
                self._accepts.discard(n)
                self._out.pop(n, None)

    @EPSTALL.on_write
    def _stall(self, value: int) -> None:
        n, inward = value & 7, value >> 7 & 1
        (self.HALTED_EPIN if inward else self.HALTED_EPOUT)[n] = value >> 8 & 1
        self.on_ready()

    @DTOGGLE.on_write
    def _toggle(self, value: int) -> None:
        key = bool(value >> 7 & 1), value & 7
        if value >> 8 & 3 in (1, 2):
            self._toggles[key] = value >> 8 & 3

    @DTOGGLE.on_read
    def _read_toggle(self) -> int:
        selected = self.values[0x50C] & 0x87
        return selected | self._toggles.get((bool(selected >> 7), selected & 7), 1) << 8

    def _flip(self, inward: bool, n: int) -> None:
        self._toggles[inward, n] = 3 - self._toggles.get((inward, n), 1)

    @EP0RCVOUT
    def _receive_out(self) -> None:
        self._receive0 = True
        self.on_ready()

    @EP0STATUS
    def _status_stage(self) -> None:
        self._status0 = True
        self.on_ready()

    @EP0STALL
    def _stall_control(self) -> None:
        self._stalled0 = True
        self.on_ready()

    def _data_done(self) -> None:
        self.emit(self.EP0DATADONE)
        if self.SHORTS & 1:
            self._start(True, 0)
        if self.SHORTS & 2:
            self._start(False, 0)

    # --- the bus, as the host uses it -----------------------------------------------------------------------

    def bus_reset(self) -> None:
        """Both lines low for long: address 0, no packet pending, endpoint 0 alone enabled."""
        self._clear()
        self._dma_end.cancel()
        self.USBADDR = 0
        self.EPINEN, self.EPOUTEN = self.EPINEN & 1, self.EPOUTEN & 1
        for n in range(ENDPOINTS):
            self.HALTED_EPIN[n] = self.HALTED_EPOUT[n] = 0
        self.suspended = False
        self.emit(self.USBRESET)

    def suspend(self) -> None:
        """The bus has been idle for 3 ms."""
        self.suspended = True
        self._cause(SUSPEND)

    def resume(self) -> None:
        """The host drives the resume state."""
        self.suspended = False
        self._cause(RESUME)

    def setup(self, packet: bytes) -> None:
        """A SETUP transaction: always taken, ends whatever endpoint 0 was at. SET_ADDRESS needs no software."""
        self._in.pop(0, None)
        self._out.pop(0, None)
        self._stalled0 = self._status0 = self._receive0 = False
        for n, byte in enumerate(packet):
            self.SETUP[n] = byte
        if (packet[0], packet[1]) == SET_ADDRESS:
            self.USBADDR = packet[2] & 0x7F
            self._status0 = True
        self.emit(self.EP0SETUP)

    def data_in(self, n: int) -> bytes | Answer:
        """An IN transaction of endpoint `n`: a packet, NAK or STALL."""
        if n == 0 and self._stalled0:
            return Answer.STALL
        if n < ENDPOINTS and self.HALTED_EPIN[n]:
            return Answer.STALL
        if n not in self._in or not self.EPINEN >> n & 1:
            return Answer.NAK
        packet = self._in.pop(n)
        self._flip(True, n)
        if n == 0:
            self._data_done()
        elif n != ISO:
            self.EPDATASTATUS |= 1 << n
            self.emit(self.EPDATA)
        return packet

    def data_out(self, n: int, data: bytes) -> Answer:
        """An OUT transaction of endpoint `n`: ACK, NAK or STALL."""
        if n == ISO:
            self._out[n] = data
            self.SIZE_ISOOUT = len(data) or 0x1_0000
            return Answer.ACK
        if (n == 0 and self._stalled0) or self.HALTED_EPOUT[n]:
            return Answer.STALL
        ready = self._receive0 if n == 0 else n in self._accepts and self.EPOUTEN >> n & 1
        if not ready:
            return Answer.NAK
        self._out[n] = data
        self.SIZE_EPOUT[n] = len(data)
        self._flip(False, n)
        if n == 0:
            self._receive0 = False
            self._data_done()
        else:
            self._accepts.discard(n)
            self.EPDATASTATUS |= 1 << 16 + n
            self.emit(self.EPDATA)
        return Answer.ACK

    def status(self) -> Answer:
        """The status stage of a control transfer: ACK once software has allowed it."""
        if self._stalled0:
            return Answer.STALL
        if not self._status0:
            return Answer.NAK
        self._status0 = False
        return Answer.ACK
