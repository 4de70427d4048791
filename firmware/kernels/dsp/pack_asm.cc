// What gemm.cc packs panels and pairs with, in assembly so that all stays in registers.
#include "kernels/dsp/function_asm.h"
#include "kernels/dsp/simd.h"

#if defined(__ARM_FEATURE_SIMD32)  // elsewhere gemm_portable.cc
__asm__(".syntax unified\n.thumb\n" CMSIM_FUNCTION_MACRO R"(
@ r0 panel, r1 values, r2 stride, r3 bytes of a pixel, then base and how many times 4 pixels. 24 cycles for 16 values.
@ Single stores: STM takes a cycle more.
    FUNCTION cmsim_pack_pixels
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
    str.w r11, [r0, #4]
    str.w r12, [r0, #8]
    str.w lr, [r0, #12]
    sxtab16 r6, r4, r6, ror #8
    sxtab16 r7, r4, r7, ror #8
    sxtab16 r8, r4, r8, ror #8
    sxtab16 r9, r4, r9, ror #8
    str.w r6, [r0, #16]
    str.w r7, [r0, #20]
    str.w r8, [r0, #24]
    str.w r9, [r0, #28]
    str.w r10, [r0], #32
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

@ r0 pair, r1 and r2 weights, r3 end of the first: 24 cycles for 8 of each channel, beside what flash takes.
    FUNCTION cmsim_pack_weights
    push.w {r4-r9}
    sub.w r12, r3, r1
    subs.w r12, r12, #8
    blo.n 2f
    .balign 4
1:  ldr.w r6, [r1, #4]
    ldr.w r4, [r1], #8
    ldr.w r7, [r2, #4]
    ldr.w r5, [r2], #8
    sxtb16 r8, r6
    sxtb16 r9, r7
    sxtb16 r6, r6, ror #8
    sxtb16 r7, r7, ror #8
    str.w r8, [r0, #16]
    str.w r9, [r0, #20]
    sxtb16 r8, r4
    sxtb16 r9, r5
    sxtb16 r4, r4, ror #8
    sxtb16 r5, r5, ror #8
    str.w r6, [r0, #24]
    str.w r7, [r0, #28]
    str.w r9, [r0, #4]
    str.w r4, [r0, #8]
    str.w r5, [r0, #12]
    str.w r8, [r0], #32
    subs.w r12, r12, #8
    bhs.w 1b
2:  tst.w r12, #4
    beq.n 3f
    ldr.n r4, [r1]
    ldr.n r5, [r2]
    sxtb16 r8, r4
    sxtb16 r9, r5
    sxtb16 r4, r4, ror #8
    sxtb16 r5, r5, ror #8
    strd r8, r9, [r0]
    strd r4, r5, [r0, #8]
    add.w r0, r0, #16
3:  pop.w {r4-r9}
    bx lr
    .size cmsim_pack_weights, . - cmsim_pack_weights
    .text
)");
#endif
