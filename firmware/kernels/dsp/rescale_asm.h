// Assembly macros for what rescale.h describes; string literals for the asm blocks of the *_asm.cc files.
#pragma once

// All arguments are registers; `scratch` may be overwritten. CLAMP works on 4 bytes at a time.
#define CMSIM_RESCALE_MACROS                                    \
    ".macro RESCALE_RELU sum, multiplier, power, zero\n"        \
    "smmlar \\sum, \\sum, \\multiplier, \\sum\n"                \
    "smmlsr \\sum, \\sum, \\power, \\zero\n"                    \
    "ssat \\sum, #8, \\sum\n"                                   \
    ".endm\n"                                                   \
    ".macro RESCALE_SIGNED sum, multiplier, power, zero\n"      \
    "smmlar \\sum, \\sum, \\multiplier, \\sum\n"                \
    "add.w \\sum, \\sum, \\sum, asr #31\n"                      \
    "smmlsr \\sum, \\sum, \\power, \\zero\n"                    \
    "ssat \\sum, #8, \\sum\n"                                   \
    ".endm\n"                                                   \
    ".macro CLAMP sum, low, high, scratch\n"                    \
    "ssub8 \\scratch, \\sum, \\low\n"                           \
    "sel \\sum, \\sum, \\low\n"                                 \
    "ssub8 \\scratch, \\sum, \\high\n"                          \
    "sel \\sum, \\high, \\sum\n"                                \
    ".endm\n"
