"""Small programs in machine code, so that tests of the command line need no cross-compiler.

`Program` collects Thumb halfwords at 0x100 behind a vector table, its texts at 0x800, and builds an ELF file.
Encodings: ARMv7-M Architecture Reference Manual, A7.7.
"""

from __future__ import annotations

import struct
from pathlib import Path

from .elf import ABS, ALLOC, EXEC, NOTYPE, WRITE, ElfWriter, Sec, Sym, vectors

CODE, TEXTS, STACK_TOP = 0x100, 0x800, 0x2004_0000
SYS_WRITE0, SYS_EXIT_EXTENDED = 0x04, 0x20


class Program:
    """Instructions in the order in which they are asked for."""

    def __init__(self) -> None:
        self.code = bytearray()
        self.texts = bytearray()
        self.symbols: list[Sym] = []
        self.handlers = [0] * 14
        """Vectors 2 to 15: NMI, HardFault, ..."""

    @property
    def here(self) -> int:
        return CODE + len(self.code)

    def emit(self, *halfwords: int) -> Program:
        self.code += struct.pack(f"<{len(halfwords)}H", *halfwords)
        return self

    def load(self, register: int, value: int) -> Program:
        """MOVW and MOVT."""
        for opcode, half in ((0xF240, value & 0xFFFF), (0xF2C0, value >> 16)):
            self.emit(opcode | half >> 1 & 0x400 | half >> 12, half << 4 & 0x7000 | register << 8 | half & 0xFF)
        return self

    def store(self, address: int, value: int) -> Program:
        """STR r1, [r0]."""
        return self.load(0, address).load(1, value).emit(0x6001)

    def fetch(self, address: int) -> Program:
        """LDR r0, [r0]."""
        return self.load(0, address).emit(0x6800)

    def data(self, content: bytes) -> int:
        """Put `content` behind the code; its address."""
        address = TEXTS + len(self.texts)
        self.texts += content + bytes(-len(content) % 4)
        return address

    def say(self, text: str) -> Program:
        """Semihosting SYS_WRITE0."""
        return self.load(0, SYS_WRITE0).load(1, self.data(text.encode() + b"\0")).emit(0xBEAB)

    def leave(self, status: int) -> Program:
        """Semihosting SYS_EXIT_EXTENDED."""
        block = self.data(struct.pack("<II", 0x20026, status))
        return self.load(0, SYS_EXIT_EXTENDED).load(1, block).emit(0xBEAB)

    def sleep(self) -> Program:
        """CPSID i; WFI; B back to the WFI."""
        return self.emit(0xB672, 0xBF30, 0xE7FD)

    def spin(self) -> Program:
        """B to itself."""
        return self.emit(0xE7FE)

    def undefined(self) -> Program:
        """UDF #0."""
        return self.emit(0xDE00)

    def function(self, name: str) -> Program:
        """A symbol here."""
        self.symbols.append(Sym(name, self.here | 1))
        return self

    def call(self, target: int) -> Program:
        """BL (T1), within 4 KB backwards or forwards."""
        offset = target - (self.here + 4)
        sign = 0x400 if offset < 0 else 0
        return self.emit(0xF000 | sign | offset >> 12 & 0x3FF, 0xF800 | offset >> 1 & 0x7FF)

    def elf(self, base: int = 0, **header: int) -> bytes:
        table = vectors(STACK_TOP, base + CODE + 1, *self.handlers)
        return ElfWriter(
            sections=[
                Sec(".isr_vector", base, table.ljust(CODE, b"\0")),
                Sec(".text", base + CODE, bytes(self.code), ALLOC | EXEC),
                Sec(".rodata", base + TEXTS, bytes(self.texts) or bytes(4)),
                Sec(".bss", 0x2000_0000, flags=ALLOC | WRITE, type=8, size=64),
            ],
            symbols=[
                Sym("Reset_Handler", base + CODE + 1),
                Sym("__StackTop", STACK_TOP, 0, NOTYPE, section=ABS),
                Sym("__StackLimit", STACK_TOP - 0x400, 0, NOTYPE, section=ABS),
                *self.symbols,
            ],
            **header,
        ).build()

    def write(self, path: Path) -> Path:
        path.write_bytes(self.elf())
        return path


def hello() -> Program:
    """Says so, and sleeps for ever."""
    return Program().say("hello\n").sleep()


def three_inferences(count: int = 3, name: str = "_ZN6tflite16MicroInterpreter6InvokeEv") -> Program:
    """Calls `name` so many times, prints a result after each, sleeps."""
    program = Program()
    body = Program().emit(0xB510, 0x2400, 0x3401, 0x2C64, 0xD1FC, 0xBD10)  # push; count r4 to 100; pop
    program.emit(0xE000 | (len(body.code) - 2) // 2)  # B over it
    program.function(name).code += body.code
    for index in range(count):
        program.call(CODE + 2).say(f"result {index}\n")
    return program.sleep()
