/* What native code tells Python: addresses of callbacks, sizes of structures. */
#ifndef CMSIM_MODULE_H
#define CMSIM_MODULE_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

static inline int add_address(PyObject *module, const char *name, void (*function)(void))
{
    PyObject *value = PyLong_FromVoidPtr((void *)(uintptr_t)function);
    int failed = value == NULL || PyModule_AddObjectRef(module, name, value) < 0;
    Py_XDECREF(value);
    return failed;
}

/* Non-zero: a Python exception is set. */
#define ADDRESS(name) add_address(module, #name, (void (*)(void))name)
#define SIZE(name) (PyModule_AddIntConstant(module, "sizeof_" #name, (long)sizeof(struct name)) < 0)

/* The parts of the module `_hot` that are files of their own. */
int add_calls(PyObject *module);
int add_devices(PyObject *module);
int add_hooks(PyObject *module);
int add_areas(PyObject *module);
int add_stacks(PyObject *module);
int add_waves(PyObject *module);

#endif
