/* What `_calls.c` offers to the module `_hot`. */
#ifndef CMSIM_CALLS_H
#define CMSIM_CALLS_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>

int add_calls(PyObject *module); /* non-zero: a Python exception is set */

#endif
