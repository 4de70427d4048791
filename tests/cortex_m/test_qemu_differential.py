"""Plain integer, DSP and floating-point instructions: cmsim and qemu-system-arm run the same random code.

One image holds many blocks; each starts from random registers, flags, FP registers and memory, and what it leaves of all
of these is compared word by word. mps2-an386 is qemu's Cortex-M4F with memory at the nRF52's addresses.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from random import Random

import pytest
from support.firmware import require_tools
from support.random_code import BUFFER_WORDS, Generator

from cmsim import Machine

BLOCKS, LENGTH = 250, 30
CORE = [*(f"r{n}" for n in range(13)), "lr", "apsr"]
NAMES = [*CORE, *(f"s{n}" for n in range(32)), "fpscr", "sp", *(f"buffer[{n}]" for n in range(BUFFER_WORDS))]
WORDS = len(NAMES)
FLAGS = 0xF80F_0000
ROUNDING = 3 << 22
QEMU = "qemu-system-arm"

RUNNER = f"""
    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .section .isr_vector, "a"
    .word 0x20010000, _start + 1
    .text
    .global _start
    .type _start, %function
_start:
    ldr r0, =0xE000ED88         @ CPACR
    ldr r1, [r0]
    orr r1, #0xF << 20
    str r1, [r0]
    dsb
    isb
    movs r0, #1                 @ SYS_OPEN: where there are files, the results go to one
    ldr r1, =open_parameters
    bkpt 0xAB
    ldr r1, =write_parameters
    str r0, [r1]
    ldr r4, =blocks
    ldr r5, =inputs
next_block:
    ldr r6, [r4], #4
    cmp r6, #0
    beq finish
    push {{r4, r5}}
    ldr r7, =buffer
    mov r0, r5
    add r0, #4 * {len(CORE) + 33}
    movs r1, #{BUFFER_WORDS}
copy:
    ldr r2, [r0], #4
    str r2, [r7], #4
    subs r1, #1
    bne copy
    push {{r6}}
    add r0, r5, #4 * {len(CORE)}
    vldmia r0!, {{s0-s31}}
    ldr r1, [r0]
    vmsr fpscr, r1
    ldr r0, [r5, #4 * 14]
    msr apsr_nzcvqg, r0
    mov r8, r5
    ldm r8, {{r0-r7}}
    add r8, #40
    ldm r8, {{r10-r12, lr}}
    ldr r9, =buffer
    pop {{pc}}
    .ltorg
    .global block_done
block_done:
    push {{r0-r12, lr}}
    mrs r1, apsr
    ldr r2, =results
    mov r3, sp
    movs r0, #14
1:  ldr r4, [r3], #4
    str r4, [r2], #4
    subs r0, #1
    bne 1b
    str r1, [r2], #4
    vstmia r2!, {{s0-s31}}
    vmrs r1, fpscr
    str r1, [r2], #4
    str r3, [r2], #4
    ldr r3, =buffer
    movs r0, #{BUFFER_WORDS}
2:  ldr r4, [r3], #4
    str r4, [r2], #4
    subs r0, #1
    bne 2b
    movs r0, #5                 @ SYS_WRITE
    ldr r1, =write_parameters
    bkpt 0xAB
    add sp, #56
    pop {{r4, r5}}
    add r5, #4 * {len(CORE) + 33 + BUFFER_WORDS}
    b next_block
finish:
    movs r0, #0x18              @ SYS_EXIT
    ldr r1, =0x20026
    bkpt 0xAB
    b finish
    .ltorg
open_parameters: .word file_name, 5, 11     @ "wb"
file_name: .asciz "results.bin"
    .bss
buffer: .space {4 * BUFFER_WORDS}
results: .space {4 * WORDS}
    .data
write_parameters: .word 0, results, {4 * WORDS}
    .text
"""
LINKER_SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 1M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 64K }
ENTRY(_start)
SECTIONS {
    .text : { KEEP(*(.isr_vector)) *(.text) *(.rodata) } > FLASH
    .data : { *(.data) } > RAM
    .bss (NOLOAD) : { *(.bss) } > RAM
}
"""


def interesting_word(random: Random) -> int:
    return random.choice(
        (random.getrandbits(32), random.getrandbits(random.randrange(1, 32)), 0, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0x7FFF_8000)
    )


def interesting_float(random: Random) -> int:
    """Mostly ordinary numbers, so that results stay so; some of every other kind."""
    ordinary = struct.unpack("<I", struct.pack("<f", random.uniform(-4, 4) * 10.0 ** random.randrange(-6, 7)))[0]
    special = random.choice(
        (0, 0x8000_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001, 0xFFC1_2345, 1, 0x807F_FFFF, 0x7F7F_FFFF, 0x3F80_0000,
         0x4F00_0000, 0xCF00_0001, random.getrandbits(32), random.getrandbits(23))
    )  # fmt: skip
    return special if random.randrange(5) == 0 else ordinary


def fpscr(random: Random) -> int:
    """Any rounding mode; half of the time the defaults; sometimes flush-to-zero, default NaN, alternative half precision."""
    return random.choice((0, random.randrange(4) << 22, random.randrange(32) << 22, random.randrange(16) << 28))


def inputs(random: Random) -> list[int]:
    core = [interesting_word(random) for _ in range(len(CORE) - 1)]
    return [
        *core, random.getrandbits(32) & FLAGS,
        *(interesting_float(random) for _ in range(32)), fpscr(random),
        *(random.choice((interesting_word, interesting_float))(random) for _ in range(BUFFER_WORDS)),
    ]  # fmt: skip


def program(seed: int, fp: bool, always_nearest: bool) -> str:
    random, generator = Random(seed), Generator(seed, fp)
    data = [inputs(random) for _ in range(BLOCKS)]
    lines = [RUNNER]
    for n in range(BLOCKS):
        generator.nearest = always_nearest or data[n][len(CORE) + 32] & ROUNDING == 0
        lines += [f".global block_{n}", f".type block_{n}, %function", f"block_{n}:", *generator.block(LENGTH), "b.w block_done"]
        lines.append(".ltorg")
    lines += [".section .rodata", ".align 2", "blocks:", *(f".word block_{n}" for n in range(BLOCKS)), ".word 0", "inputs:"]
    lines += [".word " + ", ".join(map(hex, words)) for words in data]
    return "\n".join(lines) + "\n"


def build(where: Path, seed: int, fp: bool, always_nearest: bool = False) -> Path:
    require_tools()
    source, elf, script = where / "random.s", where / "random.elf", where / "random.ld"
    source.write_text(program(seed, fp, always_nearest))
    script.write_text(LINKER_SCRIPT)
    subprocess.run(
        ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-nostdlib",
         "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments", f"-T{script}", str(source), "-o", str(elf)],
        check=True,
    )  # fmt: skip
    return elf


def by_qemu(elf: Path) -> bytes:
    subprocess.run(
        [QEMU, "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config",
         "enable=on,target=native", "-kernel", str(elf)],
        cwd=elf.parent, check=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return (elf.parent / "results.bin").read_bytes()


def by_cmsim(elf: Path) -> bytes:
    machine = Machine(elf, board="nrf52840dk", measure=False)
    stop = machine.run(seconds=5)
    assert stop.reason == "exit", f"{stop.reason}: {stop.detail}"
    assert machine.cpu.exceptions.faults == []
    return bytes(machine.soc.serial_port("semihosting").output)


def differences(elf: Path) -> list[str]:
    """What differs, one entry a block."""
    ours, theirs = by_cmsim(elf), by_qemu(elf)
    assert len(ours) == len(theirs) == 4 * WORDS * BLOCKS
    layout = struct.Struct(f"<{WORDS}I")
    found = []
    for n, (mine, other) in enumerate(zip(layout.iter_unpack(ours), layout.iter_unpack(theirs), strict=True)):
        if mine != other:
            words = [f"{name} {a:08x}, qemu {b:08x}" for name, a, b in zip(NAMES, mine, other, strict=True) if a != b]
            found.append(f"block_{n} of {elf}: {'; '.join(words)}")
    return found


def require_qemu() -> None:
    if shutil.which(QEMU) is None:
        pytest.skip(f"INSTRUCTIONS NOT COMPARED: the oracle, {QEMU}, is not installed (README: what the tests need)")


@pytest.mark.parametrize(("seed", "fp"), [(1, False), (2, False), *((seed, True) for seed in range(3, 11))])
def test_same_results(tmp_path: Path, seed: int, fp: bool) -> None:
    require_qemu()
    assert differences(build(tmp_path, seed, fp)) == []


@pytest.mark.xfail(reason="Unicorn rounds VCVT from 32-bit fixed point as FPSCR says; the instruction always rounds to nearest")
def test_fixed_point_to_float_in_other_rounding_modes(tmp_path: Path) -> None:
    require_qemu()
    assert differences(build(tmp_path, 2, True, always_nearest=True)) == []
