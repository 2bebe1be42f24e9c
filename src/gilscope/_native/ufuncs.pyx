# cython: boundscheck=False, wraparound=False
"""The C loops as real NumPy ufuncs, under NumPy's own rule: released above 500 elements.

NumPy hands over strided memory; the loops want it contiguous. What is not is copied through a small buffer on the stack.
A fold becomes a generalized ufunc, such as `(n),(n)->()`. NumPy's rule counts *output* items there, so such a call keeps the GIL however
long it runs, unless it computes more than 500 results.
"""

from libc.stdlib cimport malloc
from libc.string cimport memcpy, memset
cimport numpy as cnp

from gilscope._native.kernels cimport GS_FOLD, GS_MAX_INPUTS, gs_loop, gs_task
from gilscope._native.loops cimport Loop, item_size
from gilscope._native.loops import LOOPS as _LOOPS
from gilscope.signatures import parsed

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    BLOCK = 512        # elements copied at a time: 3 arrays of doubles are 12 KiB, well inside the L1 cache
    MAX_RESULTS = 512  # items that a fold's result may have


cdef void gather(char *block, const char *source, Py_ssize_t stride, Py_ssize_t size, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t item
    for item in range(count):
        memcpy(block + item * size, source + item * stride, size)


cdef void scatter(char *target, Py_ssize_t stride, const char *block, Py_ssize_t size, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t item
    for item in range(count):
        memcpy(target + item * stride, block + item * size, size)


# A loop as NumPy's callbacks need it, without Python objects.
ctypedef struct Core:
    gs_loop run
    int inputs
    char element
    char result
    Py_ssize_t results  # items that a fold adds to


cdef bint all_contiguous(const Core *core, const cnp.npy_intp *strides) noexcept nogil:
    cdef int position
    for position in range(core.inputs):
        if strides[position] != item_size(core.element):
            return False
    return True


cdef void run_strided(const Core *core, char **args, const cnp.npy_intp *strides, Py_ssize_t count, bint map_out) noexcept nogil:
    """Block by block; a map's results are scattered, a fold's add up in args[inputs]."""
    cdef double blocks[GS_MAX_INPUTS + 1][BLOCK]  # doubles, so that they are aligned for any type
    cdef char *out = <char *>blocks[GS_MAX_INPUTS]
    cdef Py_ssize_t start = 0, length, in_size = item_size(core.element), out_size = item_size(core.result)
    cdef int position, inputs = core.inputs
    cdef gs_task task
    task.out = out if map_out else args[inputs]
    while start < count:
        length = min(count - start, <Py_ssize_t>BLOCK)
        for position in range(inputs):
            task.in_[position] = blocks[position]
            gather(<char *>blocks[position], args[position] + start * strides[position], strides[position], in_size,
                   length)
        core.run(&task, 0, length)
        if map_out:
            scatter(args[inputs] + start * strides[inputs], strides[inputs], out, out_size, length)
        start += length


cdef void run_contiguous(const Core *core, char **args, Py_ssize_t count) noexcept nogil:
    cdef gs_task task
    cdef int position
    for position in range(core.inputs):
        task.in_[position] = args[position]
    task.out = args[core.inputs]
    core.run(&task, 0, count)


cdef void map_loop(char **args, const cnp.npy_intp *dimensions, const cnp.npy_intp *strides, void *data) noexcept nogil:
    cdef const Core *core = <const Core *>data
    if all_contiguous(core, strides) and strides[core.inputs] == item_size(core.result):
        run_contiguous(core, args, dimensions[0])
    else:
        run_strided(core, args, strides, dimensions[0], True)


cdef void fold_loop(char **args, const cnp.npy_intp *dimensions, const cnp.npy_intp *strides, void *data) noexcept nogil:
    cdef const Core *core = <const Core *>data
    cdef int position, inputs = core.inputs
    cdef const cnp.npy_intp *inner = strides + inputs + 1
    cdef char *at[GS_MAX_INPUTS + 1]
    cdef double totals[MAX_RESULTS]
    cdef Py_ssize_t outer, size = item_size(core.result)
    at[inputs] = <char *>totals
    for outer in range(dimensions[0]):
        for position in range(inputs):
            at[position] = args[position] + outer * strides[position]
        memset(totals, 0, core.results * size)
        if all_contiguous(core, inner):
            run_contiguous(core, at, dimensions[1])
        else:
            run_strided(core, at, inner, dimensions[1], False)
        # `inner` has a stride for the result only if the result is more than a number.
        scatter(args[inputs] + outer * strides[inputs], inner[inputs] if core.results > 1 else 0, at[inputs], size, core.results)


cdef int set_core(Core *core, Loop loop) except -1:
    cdef int position
    core.run, core.inputs = loop.row.run, loop.inputs
    core.element, core.result, core.results = loop.row.element, loop.row.result, 1
    for position in range(loop.layout.axes[loop.inputs]):
        core.results *= loop.layout.fixed[loop.layout.axis[loop.inputs][position]]
    return 0


cdef object ufunc_of(list kernel_loops):
    """A ufunc of one kernel's loops: the very code that the strategies run. NumPy keeps the pointers, so nothing is freed."""
    cdef Loop loop = kernel_loops[0]
    cdef Py_ssize_t position, count = len(kernel_loops)
    cdef int argument, inputs = loop.inputs
    cdef bint folds = loop.row.kind == GS_FOLD
    cdef cnp.PyUFuncGenericFunction *loops = <cnp.PyUFuncGenericFunction *>malloc(count * sizeof(cnp.PyUFuncGenericFunction))
    cdef void **data = <void **>malloc(count * sizeof(void *))
    cdef Core *cores = <Core *>malloc(count * sizeof(Core))
    cdef char *types = <char *>malloc(count * (inputs + 1))
    if loops == NULL or data == NULL or cores == NULL or types == NULL:
        raise MemoryError
    for position, loop in enumerate(kernel_loops):
        loops[position] = <cnp.PyUFuncGenericFunction>(fold_loop if folds else map_loop)
        set_core(&cores[position], loop)
        data[position] = &cores[position]
        for argument in range(inputs):
            types[position * (inputs + 1) + argument] = loop.element_number
        types[position * (inputs + 1) + inputs] = loop.result_number
    return cnp.PyUFunc_FromFuncAndDataAndSignature(
        loops, data, types, count, inputs, 1, cnp.PyUFunc_None, loop.row.name, "A gilscope C loop as a ufunc.", 0,
        loop.row.signature if folds else NULL)


def _no_ufunc(loop):
    """Say why a loop cannot be a ufunc, or return None."""
    signature = parsed(loop.signature)
    if loop.parameters:
        return "a ufunc has no place for parameters"
    if loop.kind == "fold" and all(len(names) == 1 for names in signature.inputs) and len(signature.result) < 2:
        return None
    return None if signature.elementwise else "NumPy hands over strided arrays, which would all have to be copied"


def _by_kernel(loops):
    """The loops of each kernel, float32 first: NumPy takes the first one that casts safely."""
    found = {}
    for loop in sorted(loops, key=lambda loop: loop.element != "float32"):
        found.setdefault(loop.kernel, []).append(loop)
    return found


UFUNCS = {name: ufunc_of(loops) for name, loops in _by_kernel(_LOOPS).items() if not _no_ufunc(loops[0])}
MISSING = {name: _no_ufunc(loops[0]) for name, loops in _by_kernel(_LOOPS).items() if _no_ufunc(loops[0])}
