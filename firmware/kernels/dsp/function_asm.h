// How the functions of the *_asm.cc files begin; a string literal for their asm blocks.
#pragma once

// A section of its own, so that the linker can leave out what nothing calls.
#define CMSIM_FUNCTION_MACRO                                    \
    ".macro FUNCTION name, alignment=16\n"                      \
    ".section .text.\\name, \"ax\", %progbits\n"                \
    ".balign \\alignment\n"                                     \
    ".global \\name\n"                                          \
    ".type \\name, %function\n"                                 \
    ".thumb_func\n"                                             \
    "\\name:\n"                                                 \
    ".endm\n"
