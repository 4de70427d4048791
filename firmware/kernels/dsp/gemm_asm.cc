// The inner loops of gemm.h. They are written out in assembly because a compiler does not keep 8 sums, 4 operands and 2
// pointers in the 14 registers that there are; loop limits, outputs and the like wait in floating-point registers (VMOV: one
// cycle).
//
// Loads go through LDM, which costs 1 + N cycles by the manual and on silicon alike. Single loads that overlap would save 1 of
// 17 cycles on silicon, but need a quarter more words of code, which a flash with wait states and without cache has to deliver.
// All instructions of the inner loop have 32 bits and are aligned.
#include "kernels/dsp/rescale_asm.h"

#if defined(__ARM_FEATURE_SIMD32)  // elsewhere gemm_portable.cc
__asm__(".syntax unified\n.thumb\n" CMSIM_RESCALE_MACROS R"(
@ Sums: channel 0 in r2-r5, channel 1 in r6-r9, one register a pixel. r0 panel, r1 pair, r10 r11 weights, r12 lr pixels.
    .macro PRODUCTS pixels
    ldm r1!, {r10, r11}
    .if \pixels == 1
    ldr r12, [r0], #4
    smlad r2, r12, r10, r2
    smlad r6, r12, r11, r6
    .elseif \pixels == 3
    ldm r0!, {r9, r12, lr}
    smlad r2, r9, r10, r2
    smlad r3, r12, r10, r3
    smlad r4, lr, r10, r4
    smlad r6, r9, r11, r6
    smlad r7, r12, r11, r7
    smlad r8, lr, r11, r8
    .else
    ldm r0!, {r12, lr}
    smlad r2, r12, r10, r2
    smlad r3, lr, r10, r3
    smlad r6, r12, r11, r6
    smlad r7, lr, r11, r7
    .if \pixels == 4
    ldm r0!, {r12, lr}
    smlad r4, r12, r10, r4
    smlad r5, lr, r10, r5
    smlad r8, r12, r11, r8
    smlad r9, lr, r11, r9
    .endif
    .endif
    .endm

@ The sums of one channel, from r\first on. lr zero point.
    .macro RESCALE kind, first, pixels
    ldm r1!, {r10, r11}
    RESCALE_\kind r\first, r10, r11, lr
    .if \first == 2
    .if \pixels > 1
    RESCALE_\kind r3, r10, r11, lr
    .endif
    .if \pixels > 2
    RESCALE_\kind r4, r10, r11, lr
    .endif
    .if \pixels > 3
    RESCALE_\kind r5, r10, r11, lr
    .endif
    .else
    .if \pixels > 1
    RESCALE_\kind r7, r10, r11, lr
    .endif
    .if \pixels > 2
    RESCALE_\kind r8, r10, r11, lr
    .endif
    .if \pixels > 3
    RESCALE_\kind r9, r10, r11, lr
    .endif
    .endif
    .endm

@ The two results of a pixel side by side.
    .macro JOIN pixels
    bfi r2, r6, #8, #8
    .if \pixels > 1
    bfi r3, r7, #8, #8
    .endif
    .if \pixels > 2
    bfi r4, r8, #8, #8
    .endif
    .if \pixels > 3
    bfi r5, r9, #8, #8
    .endif
    .endm
    .macro GEMM pixels, quad
    .section .text.cmsim_gemm_\pixels, "ax", %progbits
    .balign 4
    .global cmsim_gemm_\pixels
    .type cmsim_gemm_\pixels, %function
    .thumb_func
cmsim_gemm_\pixels:
    push.w {r4-r11, lr}
    vldm r0, {s0-s13}
    vmov r0, s9
    adr.w r1, 2f
    mov r2, #\quad
    mla r1, r0, r2, r1
    orr r1, r1, #1    @ Thumb
    vmov s9, r1

7:  @ one pair
    vmov r0, s8
1:  @ one panel
    vmov r1, s1
    vmov r10, s9
    ldm r1!, {r2, r6}
    .if \pixels > 1
    mov.w r3, r2
    mov.w r7, r6
    .endif
    .if \pixels > 2
    mov.w r4, r2
    mov.w r8, r6
    .endif
    .if \pixels > 3
    mov.w r5, r2
    mov.w r9, r6
    .endif
    bx r10
    .balign 4
2:  PRODUCTS \pixels
    PRODUCTS \pixels
    PRODUCTS \pixels
    PRODUCTS \pixels
    PRODUCTS \pixels
    PRODUCTS \pixels
3:  PRODUCTS \pixels
    PRODUCTS \pixels
9:  .if (9b - 3b) != \quad
    .error "the length of a quad is wrong"
    .endif
    vmov r12, s0
    cmp.w r1, r12
    bne.w 2b

    vmov r12, s5
    vmov lr, s13
    cmp r12, #1
    bge 5f
    RESCALE RELU, 2, \pixels
    RESCALE RELU, 6, \pixels
    JOIN \pixels
4:  @ store
    vmov r10, s2
    vmov r11, s3
    vmov r1, s4
    add r12, r10, r11
    strh r2, [r10]
    .if \pixels > 1
    add r10, r12, r11
    strh r3, [r12]
    .endif
    .if \pixels > 2
    add r12, r10, r11
    strh r4, [r10]
    .endif
    .if \pixels > 3
    add r10, r12, r11
    strh r5, [r12]
    .endif
    .if \pixels == 1 || \pixels == 3
    vmov s2, r12
    .else
    vmov s2, r10
    .endif
    cmp r0, r1
    bne.w 1b
    vmov r0, s11
    vmov r1, s1
    vmov r2, s0
    vmov r3, s10
    vmov r10, s12
    add r1, r0
    add r2, r0
    add.w r10, r10, #2
    subs r3, #1
    vmov s1, r1
    vmov s0, r2
    vmov s10, r3
    vmov s12, r10
    vmov s2, r10
    bne.w 7b
    pop.w {r4-r11, pc}

5:  cmp r12, #4
    beq 6f
    RESCALE SIGNED, 2, \pixels
    RESCALE SIGNED, 6, \pixels
    JOIN \pixels
    vmov r12, s5
    cmp r12, #3
    bne.w 4b
    vmov r10, s6
    vmov r11, s7
    CLAMP r2, r10, r11, r12
    .if \pixels > 1
    CLAMP r3, r10, r11, r12
    .endif
    .if \pixels > 2
    CLAMP r4, r10, r11, r12
    .endif
    .if \pixels > 3
    CLAMP r5, r10, r11, r12
    .endif
    b.w 4b

6:  @ sums
    vmov r10, s2
    .if \pixels == 1
    stm r10!, {r2, r6}
    .elseif \pixels == 2
    stm r10!, {r2, r3, r6, r7}
    .elseif \pixels == 3
    stm r10!, {r2, r3, r4, r6, r7, r8}
    .else
    stm r10!, {r2-r9}
    .endif
    vmov s2, r10
    vmov r10, s4
    cmp r0, r10
    bne.w 1b
    pop.w {r4-r11, pc}
    .size cmsim_gemm_\pixels, . - cmsim_gemm_\pixels
    .endm

    GEMM 1, 32
    GEMM 2, 48
    GEMM 3, 64
    GEMM 4, 88

@ r0 panel, r1 values, r2 stride, r3 bytes of a pixel, then base and how many times 4 pixels. 27 cycles for 16 values.
    .section .text.cmsim_pack_pixels, "ax", %progbits
    .balign 4
    .global cmsim_pack_pixels
    .type cmsim_pack_pixels, %function
    .thumb_func
cmsim_pack_pixels:
    push.w {r4-r11, lr}
    ldrd r4, r12, [sp, #36]
    vmov s0, r3
2:  vmov s1, r12
    vmov r3, s0
    add.w r5, r1, r2, lsl #1
    add.w r3, r3, r1
    .balign 4
1:  ldr.w r7, [r1, r2]
    ldr.w r6, [r1], #4
    ldr.w r9, [r5, r2]
    ldr.w r8, [r5], #4
    sxtab16 r10, r4, r6
    sxtab16 r11, r4, r7
    sxtab16 r12, r4, r8
    sxtab16 lr, r4, r9
    stm r0!, {r10, r11, r12, lr}
    sxtab16 r6, r4, r6, ror #8
    sxtab16 r7, r4, r7, ror #8
    sxtab16 r8, r4, r8, ror #8
    sxtab16 r9, r4, r9, ror #8
    stm.w r0!, {r6, r7, r8, r9}
    cmp.w r1, r3
    bne.w 1b
    vmov r12, s1
    vmov r3, s0
    add.w r1, r1, r2, lsl #2
    sub.w r1, r1, r3
    subs.w r12, r12, #1
    bne.w 2b
    pop.w {r4-r11, pc}
    .size cmsim_pack_pixels, . - cmsim_pack_pixels

@ 27 cycles for 16 weights.
    .macro PACK_WEIGHTS
    ldr.w r6, [r1], #4
    ldr.w r7, [r2], #4
    sxtb16 r4, r6
    sxtb16 r5, r7
    sxtb16 r6, r6, ror #8
    sxtb16 r7, r7, ror #8
    stm.w r0!, {r4, r5, r6, r7}
    .endm
    .section .text.cmsim_pack_weights, "ax", %progbits
    .balign 4
    .global cmsim_pack_weights
    .type cmsim_pack_weights, %function
    .thumb_func
cmsim_pack_weights:
    push.w {r4-r7}
    subs.w r12, r3, r1
    tst.w r12, #4
    bne.w 2f
    .balign 4
1:  PACK_WEIGHTS
2:  PACK_WEIGHTS
    cmp.w r1, r3
    bne.w 1b
    pop.w {r4-r7}
    bx lr
    .size cmsim_pack_weights, . - cmsim_pack_weights
    .text
)");
#endif
