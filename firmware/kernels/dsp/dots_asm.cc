// The inner loop of dots.cc, in assembly so that all that it needs stays in registers.
#include "kernels/dsp/function_asm.h"
#include "kernels/dsp/simd.h"

#if defined(__ARM_FEATURE_SIMD32)  // elsewhere dots.cc
__asm__(".syntax unified\n.thumb\n" CMSIM_FUNCTION_MACRO R"(
@ r0 values, r1 weights, r2 depth, r3 base, then where the sums go. 33 cycles for 16 products, 4 of them for flash. r4 3 * depth,
@ r5 end of whole words, r6-r9 sums, r10 r11 values, r12 lr weights.
    .macro DOT sum
    sxtb16 lr, r12
    smlad \sum, lr, r10, \sum
    sxtb16 r12, r12, ror #8
    smlad \sum, r12, r11, \sum
    .endm
    FUNCTION cmsim_four_dots
    push.w {r4-r11, lr}
    bic.w r5, r2, #3
    add.w r4, r2, r2, lsl #1
    add.w r5, r5, r0
    movs.n r6, #0
    movs.n r7, #0
    mov.w r8, #0
    mov.w r9, #0
    cmp.n r0, r5
    beq.n 2f
    .balign 4
1:  ldr.w r11, [r0], #4
    ldr.w r12, [r1, r2]
    sxtab16 r10, r3, r11
    sxtab16 r11, r3, r11, ror #8
    DOT r7
    ldr.w r12, [r1, r2, lsl #1]
    DOT r8
    ldr.w r12, [r1, r4]
    DOT r9
    ldr.w r12, [r1], #4
    DOT r6
    cmp.w r0, r5
    bne.w 1b
2:  ands.w r10, r2, #3
    beq.n 4f
    .balign 4
3:  ldrsb.w r11, [r0], #1
    ldrsb.w r12, [r1, r2]
    ldrsb.w lr, [r1, r4]
    add.w r11, r11, r3
    smlabb r7, r11, r12, r7
    smlabb r9, r11, lr, r9
    add.w r12, r1, r2
    ldrsb.w lr, [r1], #1
    ldrsb.w r12, [r12, r2]
    smlabb r6, r11, lr, r6
    smlabb r8, r11, r12, r8
    subs.w r10, r10, #1
    bne.w 3b
4:  ldr.w r5, [sp, #36]
    stm.w r5, {r6-r9}
    pop.w {r4-r11, pc}
    .size cmsim_four_dots, . - cmsim_four_dots
    .text
)");
#endif
