// Some two hundred kernels and the table of them that main.cc walks.
//
// A kernel is a function that returns the cycles of its body, `count` copies of a few instructions, plus those of the
// fences on both sides; the kernel "empty" of the same mode measures the fences alone. The fences are 16-bit moves
// that let the load/store unit and the prefetch buffer settle, so that the body neither gains nor loses at its ends
// more than a cycle or two. The body starts at a multiple of 16 bytes, or `offset` behind one.
//
// Registers for a body: r0, r1, r5, r6, r7 point into a buffer in RAM, 64 bytes apart (r7 = r0); r2 = 3, r3 = 5, r4 = 7,
// r8 = 9, r9 = 1, r10 = 0, all but r11 (start) and r12 (&DWT->CYCCNT) free to be written; s0 to s15 are 1.0.
    .syntax unified
    .thumb
    .cpu cortex-m4
    .fpu fpv4-sp-d16

    .equ ALIAS, 0           // from RAM through its code alias at 0x00800000, zero wait states
    .equ RAM, 1             // from RAM at 0x20000000, fetched over the system bus
    .equ FLASH_CACHED, 2    // from flash, ICACHECNF.CACHEEN set
    .equ FLASH, 3           // from flash, cache off
    .equ EXCEPTION, 4       // as ALIAS, with exceptions enabled

    .macro fence
    .rept 6
    mov r10, r10
    .endr
    .endm

    .macro kernel name, count, body, setup="", iterations=0, offset=0, mode=ALIAS
    .ifeq (\mode - FLASH_CACHED) * (\mode - FLASH)
    .section .text.microbench, "ax", %progbits
    .else
    .section .ramfunc.microbench, "awx", %progbits
    .endif
    .balign 16
    .type microbench_\name, %function
microbench_\name:
    push {r4-r11, lr}
    movw r12, 0x1004
    movt r12, 0xE000
    movw r0, :lower16:microbench_buffer
    movt r0, :upper16:microbench_buffer
    add r1, r0, 64
    add r5, r0, 128
    add r6, r0, 192
    mov r7, r0
    movs r2, 3
    movs r3, 5
    movs r4, 7
    mov r8, 9
    mov r9, 1
    mov r10, 0
    .irp register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmov.f32 s\register, 1.0
    .endr
    \setup
    b.w 3f                  // also: the literals of the setup lie here, not within the body
    .ltorg
    .balign 16
    .if \offset
    .space \offset
    .endif
3:  ldr.w r11, [r12]
    fence
    .rept \count
    \body
    .endr
    fence
    ldr.w r0, [r12]
    sub.w r0, r0, r11
    pop {r4-r11, pc}
    .ltorg
    .size microbench_\name, . - microbench_\name

    .section .rodata.microbench_names, "a", %progbits
4:  .asciz "\name"
    .section .rodata.microbench_table, "a", %progbits
    .word 4b, microbench_\name + 1
    .if \iterations
    .word \iterations
    .else
    .word \count
    .endif
    .word \mode
    .endm

    .section .rodata.microbench_table, "a", %progbits
    .balign 4
    .global microbench_table
microbench_table:
    kernel empty, 0, ""
    kernel empty_ram, 0, "", mode=RAM
    kernel empty_cached, 0, "", mode=FLASH_CACHED
    kernel empty_flash, 0, "", mode=FLASH
    kernel empty_exception, 0, "", mode=EXCEPTION
#include "alu.inc"
#include "multiply.inc"
#include "divide.inc"
#include "branch.inc"
#include "fetch.inc"
#include "it.inc"
#include "load.inc"
#include "store.inc"
#include "fpu.inc"
#include "system.inc"
#include "exception.inc"
#include "memory.inc"
    .section .rodata.microbench_table, "a", %progbits
    .word 0                 // end of the table

    .section .rodata.microbench_flash_data, "a", %progbits
    .balign 16
    .global microbench_flash_data
microbench_flash_data:
    .word 0, 0, 0, 0

// What SVC, PendSV and SysTick do, in RAM as well: nothing.
    .section .ramfunc.microbench, "awx", %progbits
    .balign 16
    .global microbench_handler
    .type microbench_handler, %function
microbench_handler:
    bx lr

    .section .bss.microbench_buffer, "aw", %nobits
    .balign 256
    .global microbench_buffer
microbench_buffer:
    .space 4096
