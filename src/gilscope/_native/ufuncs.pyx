# cython: boundscheck=False, wraparound=False
"""The C loops as real NumPy ufuncs, under NumPy's own rule: released above 500 elements.

NumPy hands over strided memory; the loops want it contiguous. What is not is copied through a small buffer on the stack.
A fold becomes a generalized ufunc, `(n),(n)->()`. NumPy's rule counts *output* items there, so such a call keeps the GIL however
long it runs, unless it computes more than 500 results.
"""

from libc.stdlib cimport malloc
from libc.string cimport memcpy
cimport numpy as cnp

from gilscope._native.kernels cimport GS_FOLD, GS_MAX_INPUTS, gs_kernel, gs_task
from gilscope._native.loops cimport Loop
from gilscope._native.loops import LOOPS as _LOOPS

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    BLOCK = 512      # elements copied at a time: 3 arrays of doubles are 12 KiB, well inside the L1 cache


cdef Py_ssize_t item_size(char kind) noexcept nogil:
    return 8 if kind == c"d" else 4


cdef void gather(char *block, const char *source, Py_ssize_t stride, Py_ssize_t size, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t item
    for item in range(count):
        memcpy(block + item * size, source + item * stride, size)


cdef void scatter(char *target, Py_ssize_t stride, const char *block, Py_ssize_t size, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t item
    for item in range(count):
        memcpy(target + item * stride, block + item * size, size)


cdef bint all_contiguous(const gs_kernel *kernel, const cnp.npy_intp *strides) noexcept nogil:
    cdef int position
    for position in range(kernel.inputs):
        if strides[position] != item_size(kernel.element):
            return False
    return True


cdef void run_strided(const gs_kernel *kernel, char **args, const cnp.npy_intp *strides, Py_ssize_t count, bint map_out) noexcept nogil:
    """Block by block; a map's results are scattered, a fold's add up in args[inputs]."""
    cdef double blocks[GS_MAX_INPUTS + 1][BLOCK]  # doubles, so that they are aligned for any type
    cdef char *out = <char *>blocks[GS_MAX_INPUTS]
    cdef Py_ssize_t start = 0, length, in_size = item_size(kernel.element), out_size = item_size(kernel.result)
    cdef int position, inputs = kernel.inputs
    cdef gs_task task
    task.out = out if map_out else args[inputs]
    while start < count:
        length = min(count - start, <Py_ssize_t>BLOCK)
        for position in range(inputs):
            task.in_[position] = blocks[position]
            gather(<char *>blocks[position], args[position] + start * strides[position], strides[position], in_size,
                   length)
        kernel.run(&task, 0, length)
        if map_out:
            scatter(args[inputs] + start * strides[inputs], strides[inputs], out, out_size, length)
        start += length


cdef void run_contiguous(const gs_kernel *kernel, char **args, Py_ssize_t count) noexcept nogil:
    cdef gs_task task
    cdef int position
    for position in range(kernel.inputs):
        task.in_[position] = args[position]
    task.out = args[kernel.inputs]
    kernel.run(&task, 0, count)


cdef void map_loop(char **args, const cnp.npy_intp *dimensions, const cnp.npy_intp *strides, void *data) noexcept nogil:
    cdef const gs_kernel *kernel = <const gs_kernel *>data
    if all_contiguous(kernel, strides) and strides[kernel.inputs] == item_size(kernel.result):
        run_contiguous(kernel, args, dimensions[0])
    else:
        run_strided(kernel, args, strides, dimensions[0], True)


cdef void fold_loop(char **args, const cnp.npy_intp *dimensions, const cnp.npy_intp *strides, void *data) noexcept nogil:
    cdef const gs_kernel *kernel = <const gs_kernel *>data
    cdef int position, inputs = kernel.inputs
    cdef const cnp.npy_intp *inner = strides + inputs + 1
    cdef char *at[GS_MAX_INPUTS + 1]
    cdef double total
    cdef Py_ssize_t outer
    for outer in range(dimensions[0]):
        for position in range(inputs):
            at[position] = args[position] + outer * strides[position]
        total = 0
        at[inputs] = <char *>&total
        if all_contiguous(kernel, inner):
            run_contiguous(kernel, at, dimensions[1])
        else:
            run_strided(kernel, at, inner, dimensions[1], False)
        memcpy(args[inputs] + outer * strides[inputs], &total, sizeof(double))


cdef int type_number(char kind):
    return {b"d": cnp.NPY_DOUBLE, b"f": cnp.NPY_FLOAT, b"i": cnp.NPY_INT}[bytes([kind])]


cdef object ufunc_of(list kernel_loops):
    """A ufunc of one kernel's loops: the very code that the strategies run. NumPy keeps the pointers, so nothing is freed."""
    cdef Py_ssize_t position, count = len(kernel_loops)
    cdef const gs_kernel *kernel = (<Loop>kernel_loops[0]).row
    cdef int argument, inputs = kernel.inputs
    cdef bint folds = kernel.kind == GS_FOLD
    cdef cnp.PyUFuncGenericFunction *loops = <cnp.PyUFuncGenericFunction *>malloc(count * sizeof(cnp.PyUFuncGenericFunction))
    cdef void **data = <void **>malloc(count * sizeof(void *))
    cdef char *types = <char *>malloc(count * (inputs + 1))
    cdef const char *signature = NULL
    if loops == NULL or data == NULL or types == NULL:
        raise MemoryError
    for position in range(count):
        kernel = (<Loop>kernel_loops[position]).row
        loops[position] = <cnp.PyUFuncGenericFunction>(fold_loop if folds else map_loop)
        data[position] = <void *>kernel
        for argument in range(inputs):
            types[position * (inputs + 1) + argument] = type_number(kernel.element)
        types[position * (inputs + 1) + inputs] = type_number(kernel.result)
    if folds:
        signature = "(n),(n)->()"
    return cnp.PyUFunc_FromFuncAndDataAndSignature(
        loops, data, types, count, inputs, 1, cnp.PyUFunc_None, kernel.name, "A gilscope C loop as a ufunc.", 0, signature)


def _loops_by_name():
    """The loops that can be ufuncs, float32 first: NumPy takes the first one that casts safely."""
    found = {}
    for loop in sorted(_LOOPS, key=lambda loop: loop.element != "f"):
        if loop.parameters == 0 and loop.kind in ("map", "fold"):
            found.setdefault(loop.kernel, []).append(loop)
    return found


UFUNCS = {name: ufunc_of(kernel_loops) for name, kernel_loops in _loops_by_name().items()}
