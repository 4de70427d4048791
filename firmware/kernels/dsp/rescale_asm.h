// Assembly macros for what rescale.h describes; string literals for the asm blocks of the *_asm.cc files.
#pragma once

// All arguments are registers; `scratch` may be overwritten.
#define CMSIM_RESCALE_MACROS                                           \
    ".macro RESCALE_RELU sum, multiplier, addend, shift, scratch\n"    \
    "add \\sum, \\sum\n"                                               \
    "smmlar \\sum, \\sum, \\multiplier, \\addend\n"                    \
    "asr \\sum, \\sum, \\shift\n"                                      \
    "ssat \\sum, #8, \\sum\n"                                          \
    ".endm\n"                                                          \
    ".macro RESCALE_SIGNED sum, multiplier, addend, shift, scratch\n"  \
    "add \\sum, \\sum\n"                                               \
    "smmulr \\sum, \\sum, \\multiplier\n"                              \
    "add \\scratch, \\addend, \\sum, asr #31\n"                        \
    "add \\sum, \\scratch\n"                                           \
    "asr \\sum, \\sum, \\shift\n"                                      \
    "ssat \\sum, #8, \\sum\n"                                          \
    ".endm\n"                                                          \
    ".macro CLAMP sum, low, high, scratch\n" /* each of 4 bytes */     \
    "ssub8 \\scratch, \\sum, \\low\n"                                  \
    "sel \\sum, \\sum, \\low\n"                                        \
    "ssub8 \\scratch, \\sum, \\high\n"                                 \
    "sel \\sum, \\high, \\sum\n"                                       \
    ".endm\n"
