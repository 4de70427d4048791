/* What `_waves.c` offers to the module `_hot`. */
#ifndef CMSIM_WAVES_H
#define CMSIM_WAVES_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>

int add_waves(PyObject *module); /* non-zero: a Python exception is set */

#endif
