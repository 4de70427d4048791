// The loops of depthwise_3x3.h, in assembly for the reasons that gemm_asm.cc gives.
#include "kernels/dsp/function_asm.h"
#include "kernels/dsp/rescale_asm.h"

#if defined(__ARM_FEATURE_SIMD32)  // elsewhere depthwise_3x3_portable.cc
__asm__(".syntax unified\n.thumb\n" CMSIM_FUNCTION_MACRO CMSIM_RESCALE_MACROS R"(
@ Sums of 6 results in r0-r5. r6 weights (0, 1), r7 weights (1, 2), r8-r11 pixels, r12 where they come from, lr to the next row.
@ a0 to a4: what is added to the first 5 sums, these themselves or r5.
    .macro ROW stride, first, second, last, a0=r0, a1=r1, a2=r2, a3=r3, a4=r4
    vmov r6, \first
    vmov r7, \second
    .if \stride == 1
    ldm.w r12, {r8-r11}
    .if \last == 0
    add.w r12, r12, lr
    .endif
    smlad r0, r8, r6, \a0
    smlabt r0, r9, r7, r0
    smlatb r1, r8, r6, \a1
    smlad r1, r9, r7, r1
    smlad r2, r9, r6, \a2
    smlabt r2, r10, r7, r2
    smlatb r3, r9, r6, \a3
    smlad r3, r10, r7, r3
    smlad r4, r10, r6, \a4
    smlabt r4, r11, r7, r4
    smlatb r5, r10, r6, r5
    smlad r5, r11, r7, r5
    .else
    ldm.w r12!, {r8-r11}
    smlad r0, r8, r6, \a0
    smlabt r0, r9, r7, r0
    smlad r1, r9, r6, \a1
    smlabt r1, r10, r7, r1
    smlad r2, r10, r6, \a2
    smlabt r2, r11, r7, r2
    smlad r3, r11, r6, \a3
    ldm.w r12, {r8-r10}
    .if \last == 0
    add.w r12, r12, lr
    .endif
    smlabt r3, r8, r7, r3
    smlad r4, r8, r6, \a4
    smlabt r4, r9, r7, r4
    smlad r5, r9, r6, r5
    smlabt r5, r10, r7, r5
    .endif
    .endm

    .macro DEPTHWISE stride
    FUNCTION cmsim_depthwise_3x3_stride_\stride, 4
    push.w {r1, r2, r4-r11, lr}
    vpush {s16-s25}
    vldm r0, {s11-s21}
    vmov lr, s12
    vmov s25, r2

9:  @ a channel
    vldm r1!, {s0-s10}
    vmov r0, s16
    vmov s24, r0      @ rows left
    str.w r1, [sp, #40]
1:  @ a row
    vmov r12, s0
    vmov r6, s17
    vmov r7, s1
    vmov s22, r6      @ columns left
    vmov s23, r7      @ output
2:  @ a block
    vmov r5, s2
    ROW \stride, s5, s6, 0, r5, r5, r5, r5, r5
    ROW \stride, s7, s8, 0
    ROW \stride, s9, s10, 1
    vmov r6, s18
    vmov r7, s13
    vmov r8, s3
    vmov r9, s4
    vmov r10, s19
    add.w r12, r12, r7
    cmp.w r6, #1
    bge.w 5f
    RESCALE_RELU r0, r8, r9, r10
    RESCALE_RELU r1, r8, r9, r10
    RESCALE_RELU r2, r8, r9, r10
    RESCALE_RELU r3, r8, r9, r10
    RESCALE_RELU r4, r8, r9, r10
    RESCALE_RELU r5, r8, r9, r10
3:  @ store
    vmov r9, s22
    vmov r8, s23
    vmov r7, s15
    subs.w r9, r9, #6
    add.w r10, r8, r7
    bmi.n 4f
    strb.w r0, [r8]
    add.w r8, r10, r7
    strb.w r1, [r10]
    add.w r10, r8, r7
    strb.w r2, [r8]
    add.w r8, r10, r7
    strb.w r3, [r10]
    add.w r10, r8, r7
    strb.w r4, [r8]
    add.w r8, r10, r7
    strb.w r5, [r10]
    vmov s23, r8
    vmov s22, r9
    bne.w 2b
    b.n 8f
4:  @ fewer than 6
    strb.w r0, [r8]
    adds.w r9, r9, #5
    beq.n 8f
    strb.w r1, [r10]
    add.w r10, r10, r7
    subs.w r9, r9, #1
    beq.n 8f
    strb.w r2, [r10]
    add.w r10, r10, r7
    subs.w r9, r9, #1
    beq.n 8f
    strb.w r3, [r10]
    add.w r10, r10, r7
    subs.w r9, r9, #1
    beq.n 8f
    strb.w r4, [r10]
8:  @ next row
    vmov r0, s0
    vmov r1, s11
    vmov r2, s1
    vmov r3, s14
    vmov r4, s24
    add r0, r1
    add r2, r3
    subs r4, #1
    vmov s0, r0
    vmov s1, r2
    vmov s24, r4
    bne.w 1b
    vmov r2, s25
    ldr.w r1, [sp, #40]
    subs r2, #1
    vmov s25, r2
    bne.w 9b
    vpop {s16-s25}
    pop.w {r1, r2, r4-r11, pc}

5:  cmp.w r6, #4
    beq.n 6f
    RESCALE_SIGNED r0, r8, r9, r10
    RESCALE_SIGNED r1, r8, r9, r10
    RESCALE_SIGNED r2, r8, r9, r10
    RESCALE_SIGNED r3, r8, r9, r10
    RESCALE_SIGNED r4, r8, r9, r10
    RESCALE_SIGNED r5, r8, r9, r10
    cmp.w r6, #3
    bne.w 3b
    vmov r8, s20
    vmov r9, s21
    CLAMP r0, r8, r9, r7
    CLAMP r1, r8, r9, r7
    CLAMP r2, r8, r9, r7
    CLAMP r3, r8, r9, r7
    CLAMP r4, r8, r9, r7
    CLAMP r5, r8, r9, r7
    b.w 3b

6:  @ sums
    vmov r9, s22
    vmov r8, s23
    subs.w r9, r9, #6
    stm r8!, {r0-r5}
    vmov s22, r9
    vmov s23, r8
    bgt.w 2b
    b.n 8b
    .size cmsim_depthwise_3x3_stride_\stride, . - cmsim_depthwise_3x3_stride_\stride
    .endm

    DEPTHWISE 1
    DEPTHWISE 2

@ Pixels of 4 channels: r0 from where, r1 channels, r2 base, r4-r7 planes. Loads two, or one beside a zero.
    .macro SPREAD_TWO
    ldr.w r8, [r0]
    ldr.w r9, [r0, r1]
    add.w r0, r0, r1, lsl #1
    sxtab16 r10, r2, r8
    sxtab16 r11, r2, r9
    sxtab16 r8, r2, r8, ror #8
    sxtab16 r9, r2, r9, ror #8
    pkhbt r12, r10, r11, lsl #16
    pkhtb r10, r11, r10, asr #16
    pkhbt r11, r8, r9, lsl #16
    pkhtb r8, r9, r8, asr #16
    STORE_SPREAD
    .endm
    .macro SPREAD_ONE high      @ into the high lanes, or the low ones
    ldr.w r8, [r0]
    add.w r0, r0, r1
    mov.w r9, #0
    sxtab16 r10, r2, r8
    sxtab16 r8, r2, r8, ror #8
    .if \high
    pkhbt r12, r9, r10, lsl #16
    pkhtb r10, r10, r9, asr #16
    pkhbt r11, r9, r8, lsl #16
    pkhtb r8, r8, r9, asr #16
    .else
    pkhbt r12, r10, r9, lsl #16
    pkhtb r10, r9, r10, asr #16
    pkhbt r11, r8, r9, lsl #16
    pkhtb r8, r9, r8, asr #16
    .endif
    STORE_SPREAD
    .endm
    .macro STORE_SPREAD
    str.w r12, [r4], #4
    str.w r11, [r5], #4
    str.w r10, [r6], #4
    str.w r8, [r7], #4
    .endm

    .section .text.cmsim_spread_rows, "ax", %progbits
    .balign 4
    .global cmsim_spread_rows
    .type cmsim_spread_rows, %function
    .thumb_func
cmsim_spread_rows:
    push.w {r4-r11, lr}
    vldm r0, {s0-s6}
    add.w r0, r0, #28
    ldm.w r0, {r4-r7}
    vmov r0, s0
    vmov r1, s1
    vmov r2, s2
    vmov lr, s6       @ rows
1:  @ a row
    vmov r3, s3
    cbz.n r3, 2f
    SPREAD_ONE 1
2:  vmov r3, s4       @ pairs
    cbz.n r3, 4f
    .balign 4
3:  SPREAD_TWO
    subs.w r3, r3, #1
    bne.w 3b
4:  vmov r3, s5
    cmp.w r3, #1
    blt.n 6f
    bne.n 5f
    SPREAD_ONE 0
    b.n 6f
5:  mov.w r12, #0
    mov.w r11, #0
    mov.w r10, #0
    mov.w r8, #0
    STORE_SPREAD
6:  subs.w lr, lr, #1
    bne.w 1b
    pop.w {r4-r11, pc}
    .size cmsim_spread_rows, . - cmsim_spread_rows
    .text
)");
#endif
