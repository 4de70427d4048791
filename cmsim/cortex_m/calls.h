/* What `_hot.c` and `_calls.c` have in common. */
#ifndef CMSIM_CALLS_H
#define CMSIM_CALLS_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

enum { STACK_PATHS = 6 };

/* A stack whose deepest use is wanted. */
struct stack {
    uint32_t low, high, deepest;
    uint32_t guard; /* SP below it is an overflow; 0: the limit is not known, or passed already */
    uint32_t at;    /* the block in which SP came down to `deepest` */
    uint32_t paths; /* of `nodes`, which lead there in the call tree: what was interrupted on this stack, then who runs */
    uint32_t nodes[STACK_PATHS];
};

int add_calls(PyObject *module); /* non-zero: a Python exception is set */

#endif
