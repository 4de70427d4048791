@ How firmware finds out how deep a stack was: paint it, let the program run, count after the next reset.
@ Placed where flash is free, in front of the program's own reset handler (tests/support/painted.py), it paints the main
@ stack; programs paint the stacks of their threads themselves. It keeps nothing on any stack and never moves SP, so
@ that the depth it finds is the program's alone.
    .syntax unified
    .cpu cortex-m4
    .thumb
    .text
low:     .word 0            @ of the stack; filled in
top:     .word 0            @ behind it; filled in
program: .word 0            @ its reset handler; filled in
paint:   .word 0xA5A5A5A5

    b.n begin               @ offset 16: the first reset leads here
    b.n count               @ offset 18: further ones

begin:
    adr r0, low
    ldm r0, {r1, r2, r3, r4}
1:  cmp r1, r2
    beq 2f
    str r4, [r1], #4
    b 1b
2:  movs r4, #0             @ the program may store what it finds there
    bx r3

count:                      @ R5: bytes from the lowest word that is not painted any more
    adr r0, low
    ldm r0, {r1, r2, r3, r4}
1:  cmp r1, r2
    beq 2f
    ldr r5, [r1]
    cmp r5, r4
    bne 2f
    adds r1, #4
    b 1b
2:  subs r5, r2, r1
    movs r0, #0x18          @ SYS_EXIT
    ldr r1, =0x20026
    bkpt 0xAB
    b .
    .align 2
    .ltorg
