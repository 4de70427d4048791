@ How firmware finds out how deep its main stack was: paint it from reset, let the program run, count after the next reset.
@ Placed where flash is free, in front of the program's own reset handler (tests/support/painted.py). It keeps nothing
@ on the stack and never moves SP, so that the depth it finds is the program's alone.
    .syntax unified
    .cpu cortex-m4
    .thumb
    .text
low:     .word 0            @ of the stack; filled in
program: .word 0            @ its reset handler; filled in
paint:   .word 0xA5A5A5A5

    b.n begin               @ offset 12: the first reset leads here
    b.n count               @ offset 14: the second one

begin:
    mov r4, sp
    adr r0, low
    ldm r0, {r1, r2, r3}
1:  cmp r1, r4
    beq 2f
    str r3, [r1], #4
    b 1b
2:  bx r2

count:                      @ R5: bytes from the lowest word that is not painted any more
    mov r4, sp
    adr r0, low
    ldm r0, {r1, r2, r3}
1:  cmp r1, r4
    beq 2f
    ldr r5, [r1]
    cmp r5, r3
    bne 2f
    adds r1, #4
    b 1b
2:  subs r5, r4, r1
    movs r0, #0x18          @ SYS_EXIT
    ldr r1, =0x20026
    bkpt 0xAB
    b .
    .align 2
    .ltorg
