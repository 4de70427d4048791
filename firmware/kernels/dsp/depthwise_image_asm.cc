// The inner loop of depthwise_image.h: two pixels by 4 outputs, up to 4 words of taps, whose weights stay in floating-point registers.
#include "kernels/dsp/function_asm.h"
#include "kernels/dsp/simd.h"

#if defined(__ARM_FEATURE_SIMD32)  // elsewhere add_pixels()
__asm__(".syntax unified\n.thumb\n" CMSIM_FUNCTION_MACRO R"(
@ r0 call: pixels, bytes to the next one, weights, words of taps, sums, bytes to the next pixel's, pairs of pixels.
@ Then r0 r1 the two pixels, r2 sums, r3 a weight, r4 r5 values, r6-r9 and r10-r12, lr sums; s0-s15 weights, the last ones at the
@ end; s16 bytes to the next pair of pixels, s17 bytes between sums, s18 pairs left, s19 where to enter the loop.
    .macro TAPS k, w0, w1, w2, w3
    ldr.n r4, [r0, #4 * \k]
    ldr.n r5, [r1, #4 * \k]
    vmov r3, \w0
    smlad r6, r4, r3, r6
    smlad r10, r5, r3, r10
    vmov r3, \w1
    smlad r7, r4, r3, r7
    smlad r11, r5, r3, r11
    vmov r3, \w2
    smlad r8, r4, r3, r8
    smlad r12, r5, r3, r12
    vmov r3, \w3
    smlad r9, r4, r3, r9
    smlad lr, r5, r3, lr
    .endm
    FUNCTION cmsim_add_pixel_pairs
    push.w {r3-r11, lr}
    vpush {s16-s19}
    ldm.w r0, {r4-r10}
    rsb.w r7, r7, #4             @ words of taps that are too many
    sub.w r6, r6, r7, lsl #4
    vldm r6, {s0-s15}
    adr.w r3, 2f
    movs.w r12, #52              @ bytes of code for one
    mla r3, r7, r12, r3
    orr.w r3, r3, #1             @ Thumb
    vmov s19, r3
    sub.w r0, r4, r7, lsl #2
    add.w r1, r0, r5
    add.w r5, r5, r5
    mov.w r2, r8
    vmov s16, r5
    vmov s17, r9
    vmov s18, r10
1:  vmov r5, s17
    vmov r4, s19
    add.w r3, r2, r5
    ldm.w r2, {r6-r9}
    ldm.w r3, {r10-r12, lr}
    bx r4
    .balign 4
2:  TAPS 0, s0, s1, s2, s3
3:  TAPS 1, s4, s5, s6, s7
    .if (3b - 2b) != 52
    .error "the length of a word of taps is wrong"
    .endif
    TAPS 2, s8, s9, s10, s11
    TAPS 3, s12, s13, s14, s15
    vmov r5, s17
    vmov r4, s16
    add.w r3, r2, r5
    stm.w r2, {r6-r9}
    vmov r6, s18
    stm.w r3, {r10-r12, lr}
    add.w r0, r0, r4
    add.w r1, r1, r4
    add.w r2, r3, r5
    subs.w r6, r6, #1
    vmov s18, r6
    bne.w 1b
    vpop {s16-s19}
    pop.w {r3-r11, pc}
    .size cmsim_add_pixel_pairs, . - cmsim_add_pixel_pairs
    .text
)");
#endif
