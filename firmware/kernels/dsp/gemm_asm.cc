// The inner loops of gemm.h. They are written out in assembly because a compiler does not keep 8 sums, 4 operands and 2
// pointers in the 14 registers that there are; outputs, limits and the like wait in floating-point registers (VMOV: one cycle).
//
// Loads stand in groups, because the core overlaps them: N of them in a row take N + 1 cycles, as LDM does, but may come from two
// pointers. With addresses and operands in r0 to r7 they have 16 bits each, so that flash delivers code faster than the
// multiplications use it up; instructions of 32 bits are aligned. Up to 16 values a pixel the weights of a pair fit
// into floating-point registers and need neither loads nor a pointer.
#include "kernels/dsp/function_asm.h"
#include "kernels/dsp/rescale_asm.h"

#if defined(__ARM_FEATURE_SIMD32)  // elsewhere gemm_portable.cc
__asm__(".syntax unified\n.thumb\n" CMSIM_FUNCTION_MACRO CMSIM_RESCALE_MACROS R"(
@ Sums of 4 pixels: channel 0 in r6-r9, channel 1 in r10-r12 and lr. Of 1 to 3: from r7 and from r10 on.
@ s0 output, s1 stride, s2 end of panels, s3 finish, s4 zero point; of a pair: s5 s6 biases, s7 s8 s9 s10 rescale, s11 weights,
@ s12 end of those in whole loops, s13 end of all. Pointers to panels and weights are 4 bytes less.

@ Step k of `steps`, which move the pointers on: even or odd lanes of a quad. r0 panel, r1 weights.
    .macro PRODUCTS pixels, k, steps
    ldr.n r2, [r1, #8 * \k + 4]
    .if \k == \steps - 1
    ldr.w r3, [r1, #8 * \steps]!
    .else
    ldr.n r3, [r1, #8 * \k + 8]
    .endif
    .if \pixels == 4
    ldr.n r4, [r0, #16 * \k + 4]
    .if \k == \steps - 1
    ldr.w r5, [r0, #16 * \k + 8]
    .else
    ldr.n r5, [r0, #16 * \k + 8]
    .endif
    smlad r6, r4, r2, r6
    smlad r7, r5, r2, r7
    smlad r10, r4, r3, r10
    smlad r11, r5, r3, r11
    .if \k == \steps - 1
    ldr.w r4, [r0, #16 * \k + 12]
    ldr.w r5, [r0, #16 * \steps]!
    .else
    ldr.n r4, [r0, #16 * \k + 12]
    ldr.n r5, [r0, #16 * \k + 16]
    .endif
    smlad r8, r4, r2, r8
    smlad r9, r5, r2, r9
    smlad r12, r4, r3, r12
    smlad lr, r5, r3, lr
    .elseif \pixels == 3
    ldr.n r4, [r0, #12 * \k + 4]
    .if \k == \steps - 1
    ldr.w r5, [r0, #12 * \k + 8]
    ldr.w r6, [r0, #12 * \steps]!
    .else
    ldr.n r5, [r0, #12 * \k + 8]
    ldr.w r6, [r0, #12 * \k + 12]
    .endif
    smlad r7, r4, r2, r7
    smlad r8, r5, r2, r8
    smlad r9, r6, r2, r9
    smlad r10, r4, r3, r10
    smlad r11, r5, r3, r11
    smlad r12, r6, r3, r12
    .elseif \pixels == 2
    ldr.n r4, [r0, #8 * \k + 4]
    .if \k == \steps - 1
    ldr.w r5, [r0, #8 * \steps]!
    .else
    ldr.n r5, [r0, #8 * \k + 8]
    .endif
    smlad r7, r4, r2, r7
    smlad r8, r5, r2, r8
    smlad r10, r4, r3, r10
    smlad r11, r5, r3, r11
    .else
    .if \k == \steps - 1
    ldr.w r4, [r0, #4 * \steps]!
    .else
    ldr.w r4, [r0, #4 * \k + 4]
    .endif
    smlad r7, r4, r2, r7
    smlad r10, r4, r3, r10
    .endif
    .endm

    .macro BIASES pixels
    .if \pixels == 4
    vmov r6, s5
    vmov r10, s6
    mov.w r7, r6
    mov.w r8, r6
    mov.w r9, r6
    mov.w r11, r10
    mov.w r12, r10
    mov.w lr, r10
    .else
    vmov r7, s5
    vmov r10, s6
    .if \pixels > 1
    mov.w r8, r7
    mov.w r11, r10
    .endif
    .if \pixels > 2
    mov.w r9, r7
    mov.w r12, r10
    .endif
    .endif
    .endm

@ r1 zero point.
    .macro RESCALE_ALL kind, pixels
    vmov r2, s7
    vmov r3, s8
    vmov r4, s9
    vmov r5, s10
    .if \pixels == 4
    RESCALE_\kind r6, r2, r3, r1
    .endif
    RESCALE_\kind r7, r2, r3, r1
    .if \pixels > 1
    RESCALE_\kind r8, r2, r3, r1
    .endif
    .if \pixels > 2
    RESCALE_\kind r9, r2, r3, r1
    .endif
    RESCALE_\kind r10, r4, r5, r1
    .if \pixels > 1
    RESCALE_\kind r11, r4, r5, r1
    .endif
    .if \pixels > 2
    RESCALE_\kind r12, r4, r5, r1
    .endif
    .if \pixels == 4
    RESCALE_\kind lr, r4, r5, r1
    .endif
    .endm

@ The two results of a pixel side by side.
    .macro JOIN pixels
    .if \pixels == 4
    bfi r6, r10, #8, #8
    bfi r7, r11, #8, #8
    bfi r8, r12, #8, #8
    bfi r9, lr, #8, #8
    .else
    bfi r7, r10, #8, #8
    .if \pixels > 1
    bfi r8, r11, #8, #8
    .endif
    .if \pixels > 2
    bfi r9, r12, #8, #8
    .endif
    .endif
    .endm

@ r2 where the first pixel's results go, r3 stride. In the end r2 is where the next panel's go.
    .macro STORE pixels
    .if \pixels == 4
    add.w r4, r2, r3
    strh.w r6, [r2]
    add.w r2, r4, r3
    strh.w r7, [r4]
    add.w r4, r2, r3
    strh.w r8, [r2]
    add.w r2, r4, r3
    strh.w r9, [r4]
    .elseif \pixels == 3
    add.w r4, r2, r3
    strh.w r7, [r2]
    add.w r5, r4, r3
    strh.w r8, [r4]
    add.w r2, r5, r3
    strh.w r9, [r5]
    .elseif \pixels == 2
    add.w r4, r2, r3
    strh.w r7, [r2]
    add.w r2, r4, r3
    strh.w r8, [r4]
    .else
    add.w r4, r2, r3
    strh.w r7, [r2]
    mov.w r2, r4
    .endif
    .endm

@ r0 the call: its first words to s0-s4.
    .macro BEGIN_CALL
    push.w {r0, r4-r11, lr}
    vldm r0, {s0-s4}
    .endm
@ A pair to s5-s10. At the end r0 panel, r1 weights, r2 quads.
    .macro BEGIN_PAIR
    ldr.w r1, [r0, #20]
    ldr.w r2, [r0, #24]
    ldr.w r0, [r0, #28]
    vldm r1!, {s5-s10}
    .endm

@ The call, at sp + frame, moves on to the next pair; r0 its address. Flag Z when there is none.
    .macro END_PAIR frame
    ldr.w r0, [sp, #\frame]
    ldr.w r1, [r0, #20]
    ldr.w r2, [r0, #32]
    ldr.w r3, [r0, #36]
    ldr.w r4, [r0, #40]
    add.w r1, r1, r3
    add.w r4, r4, #2
    subs.w r2, r2, #1
    str.w r1, [r0, #20]
    str.w r2, [r0, #32]
    str.w r4, [r0, #40]
    vmov s0, r4
    .endm

@ Finishes and stores the sums of a RELU. Label 1 begins the next panel, 7 the next pair.
    .macro FINISH pixels, frame
2:  vmov r1, s4
    RESCALE_ALL RELU, \pixels
    JOIN \pixels
6:  @ store
    vmov r2, s0
    vmov r3, s1
    STORE \pixels
    vmov r3, s2
    vmov s0, r2
    cmp.w r0, r3
    bne.w 1b
8:  END_PAIR \frame
    bne.w 7b
    .if \frame > 0
    vpop {s16-s31}
    .endif
    pop.w {r0, r4-r11, pc}
    .endm

@ The same otherwise, behind it. r2 the finish.
    .macro FINISH_OTHERS pixels, frame
    vmov r1, s4
    cmp.w r2, #4
    beq.w 9f
    RESCALE_ALL SIGNED, \pixels
    JOIN \pixels
    vmov r2, s3
    cmp.w r2, #3
    bne.w 6b
    ldr.w r3, [sp, #\frame]
    ldr.w r2, [r3, #44]
    ldr.w r3, [r3, #48]
    .if \pixels == 4
    CLAMP r6, r2, r3, r1
    .endif
    CLAMP r7, r2, r3, r1
    .if \pixels > 1
    CLAMP r8, r2, r3, r1
    .endif
    .if \pixels > 2
    CLAMP r9, r2, r3, r1
    .endif
    b.w 6b

9:  @ sums
    vmov r2, s0
    vmov r3, s2
    .if \pixels == 4
    stm.w r2!, {r6-r12, lr}
    .elseif \pixels == 3
    stm.w r2!, {r7-r12}
    .elseif \pixels == 2
    stm.w r2!, {r7, r8, r10, r11}
    .else
    stm.w r2!, {r7, r10}
    .endif
    vmov s0, r2
    cmp.w r0, r3
    bne.w 1b
    b.w 8b
    .endm

    .macro GEMM pixels
    FUNCTION cmsim_gemm_\pixels
    BEGIN_CALL
    vmov r1, s2
    sub.w r1, r1, #4
    vmov s2, r1
7:  BEGIN_PAIR
    sub.w r1, r1, #4
    sub.w r0, r0, #4
    bic.w r3, r2, #3
    vmov s11, r1
    add.w r3, r1, r3, lsl #4
    add.w r1, r1, r2, lsl #4
    vmov s13, r1
    vmov r4, s3
    cmp.w r3, r1
    it eq
    cmpeq r4, #0
    it ne
    subne r3, r3, #4  @ so that the loop ends beyond it: something else than RELU is to be done
    vmov s12, r3
1:  vmov r1, s11
    BIASES \pixels
    .if \pixels < 4    @ there may be fewer than 4 quads
    vmov r2, s12
    cmp.w r1, r2
    bhs.w 3f
    .endif
    .balign 4
2:  PRODUCTS \pixels, 0, 8
    PRODUCTS \pixels, 1, 8
    PRODUCTS \pixels, 2, 8
    PRODUCTS \pixels, 3, 8
    PRODUCTS \pixels, 4, 8
    PRODUCTS \pixels, 5, 8
    PRODUCTS \pixels, 6, 8
    PRODUCTS \pixels, 7, 8
    vmov r2, s12
    cmp.w r1, r2
    blo.w 2b
    bne.w 3f
    FINISH \pixels, 0
3:  vmov r2, s13
    cmp.w r1, r2
    beq.n 5f
    .balign 4
4:  PRODUCTS \pixels, 0, 2  @ a quad at a time
    PRODUCTS \pixels, 1, 2
    vmov r2, s13
    cmp.w r1, r2
    bne.w 4b
5:  vmov r2, s3
    cmp.w r2, #0
    beq.w 2b
    FINISH_OTHERS \pixels, 0
    .size cmsim_gemm_\pixels, . - cmsim_gemm_\pixels
    .endm

    GEMM 1
    GEMM 2
    GEMM 3
    GEMM 4

@ Up to 4 quads: their weights are in the last of s16-s31; those of the first step, which begins with the biases, in s16, s17, too.
    .macro SHALLOW_PRODUCTS first, second
    ldm.w r0!, {r1-r4}
    vmov r5, \first
    smlad r6, r1, r5, r6
    smlad r7, r2, r5, r7
    smlad r8, r3, r5, r8
    smlad r9, r4, r5, r9
    vmov r5, \second
    smlad r10, r1, r5, r10
    smlad r11, r2, r5, r11
    smlad r12, r3, r5, r12
    smlad lr, r4, r5, lr
    .endm
    FUNCTION cmsim_gemm_4_shallow
    BEGIN_CALL
    vpush {s16-s31}
    ldr.w r2, [r0, #24]
    adr.w r1, 3f
    rsb.w r2, r2, #4
    movs.w r3, #88    @ bytes of code a quad
    mla r1, r2, r3, r1
    orr.w r1, r1, #1  @ Thumb
    vmov s11, r1      @ where to go on after the first step
7:  BEGIN_PAIR
    add.w r2, r1, r2, lsl #4
    sub.w r2, r2, #64
    vldm r2, {s16-s31}
    vldm r1, {s16, s17}
1:  ldm.w r0!, {r1-r4}
    vmov lr, s5
    vmov r5, s16
    smlad r6, r1, r5, lr
    smlad r7, r2, r5, lr
    smlad r8, r3, r5, lr
    smlad r9, r4, r5, lr
    vmov lr, s6
    vmov r5, s17
    smlad r10, r1, r5, lr
    smlad r11, r2, r5, lr
    smlad r12, r3, r5, lr
    smlad lr, r4, r5, lr
    vmov r5, s11
    bx r5
    .balign 4
3:  SHALLOW_PRODUCTS s18, s19
    SHALLOW_PRODUCTS s20, s21
9:  .if (9b - 3b) != 88
    .error "the length of a quad is wrong"
    .endif
    SHALLOW_PRODUCTS s22, s23
    SHALLOW_PRODUCTS s24, s25
    SHALLOW_PRODUCTS s26, s27
    SHALLOW_PRODUCTS s28, s29
    SHALLOW_PRODUCTS s30, s31
    vmov r2, s3
    cmp.w r2, #0
    bne.w 3f
    FINISH 4, 64
3:  FINISH_OTHERS 4, 64
    .size cmsim_gemm_4_shallow, . - cmsim_gemm_4_shallow
    .text
)");
#endif
