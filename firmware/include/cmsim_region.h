/* Marks regions of C or C++ code for cmsim, which counts each pass in cycles and instructions:
 *
 *     CMSIM_REGION_BEGIN("filter");
 *     ...
 *     CMSIM_REGION_END("filter");
 *
 * Nothing is executed, neither on silicon nor in cmsim: the two places are written down in a debug section of the ELF,
 * which is not loaded. Memory accesses do not move across a mark; what the compiler keeps in registers may.
 */
#ifndef CMSIM_REGION_H
#define CMSIM_REGION_H

#if defined(__arm__) && defined(__ELF__)
#if defined(__clang__) || __GNUC__ >= 9
#define CMSIM_REGION_INLINE_ __inline__ /* the compiler is told that this is short */
#else
#define CMSIM_REGION_INLINE_
#endif
#define CMSIM_REGION_MARK_(kind, name)                                              \
    __asm__ CMSIM_REGION_INLINE_ volatile(                                          \
        "1: .pushsection .debug_cmsim_regions,\"\",%%progbits\n"                    \
        ".balign 4\n .word 1b\n .asciz \"" kind ":" name "\"\n"                     \
        ".popsection" ::: "memory")
#else
#define CMSIM_REGION_MARK_(kind, name) ((void)0)
#endif
#define CMSIM_REGION_BEGIN(name) CMSIM_REGION_MARK_("begin", name)
#define CMSIM_REGION_END(name) CMSIM_REGION_MARK_("end", name)

#endif
