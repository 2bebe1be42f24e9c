# cython: boundscheck=False, wraparound=False
"""The C loops, and the checks that every array passes before one runs on it."""

cimport cython
from libc.stdint cimport uintptr_t
cimport numpy as cnp

from gilscope._native.kernels cimport (
    GS_COMPILER, GS_FLAGS, GS_FOLD, GS_HAVE_OPENMP, GS_MAP, GS_WHOLE, gs_isa, gs_kernel, gs_kernels,
)

cnp.import_array()

COMPILER = GS_COMPILER.decode()
FLAGS = GS_FLAGS.decode()
HAVE_OPENMP = bool(GS_HAVE_OPENMP)


def isa() -> str:
    """Return the instruction set of the clones that run here: "avx512f", "avx2" or "default"."""
    return gs_isa().decode()


# --- the loops -----------------------------------------------------------------------------------------------------------------

@cython.final
cdef class Loop:
    """One C loop: a kernel for one element type.

    Attributes
    ----------
    kernel : str
        The kernel's name.
    kind : str
        "map", "fold" or "whole".
    element, result : str
        NumPy's one-letter types of the inputs and of the result.
    inputs, parameters : int
        How many arrays and how many numbers it takes.
    address : int
        Where the machine code starts that every strategy runs.
    """

    def __init__(self):
        raise TypeError("loops are not made: they are in LOOPS")

    @property
    def address(self):
        return <uintptr_t>self.row.run

    def __repr__(self):
        return f"<C loop {self.kernel} [{self.element}] at {self.address:#x}>"


cdef Loop loop_of(const gs_kernel *row):
    cdef Loop loop = Loop.__new__(Loop)
    loop.row = row
    loop.kernel = row.name.decode()
    loop.kind = {GS_MAP: "map", GS_FOLD: "fold", GS_WHOLE: "whole"}[row.kind]
    loop.element, loop.result = chr(row.element), chr(row.result)
    loop.inputs, loop.parameters = row.inputs, row.parameters
    return loop


def _all_loops():
    cdef const gs_kernel *row = gs_kernels
    while row.name != NULL:
        yield loop_of(row)
        row += 1


LOOPS = tuple(_all_loops())


# --- one call ------------------------------------------------------------------------------------------------------------------

cdef str flaw(const gs_kernel *row, tuple inputs, object result):
    """What is wrong with the arrays, or None."""
    cdef Py_ssize_t position
    if len(inputs) != row.inputs or not cnp.PyArray_CheckExact(result):
        return f"takes {row.inputs} input arrays and an array for the result"
    for position in range(row.inputs):
        if not cnp.PyArray_CheckExact(inputs[position]) or not usable(inputs[position], row.element):
            return f"takes C-contiguous, aligned input arrays of type {chr(row.element)!r}"
        if position and not same_shape(inputs[0], inputs[position]):
            return "takes inputs of equal shapes"
    if not usable(result, row.result) or not cnp.PyArray_ISWRITEABLE(result):
        return f"takes a writable, C-contiguous, aligned result of type {chr(row.result)!r}"
    if row.kind == GS_MAP and not same_shape(inputs[0], result):
        return "takes a result of the shape of its inputs"
    if row.kind != GS_MAP and cnp.PyArray_NDIM(inputs[0]) != 1:
        return "takes one-dimensional inputs"
    if row.kind != GS_MAP and cnp.PyArray_SIZE(result) != row.results:
        return f"takes a result of {row.results} items"
    for position in range(row.inputs):
        if overlaps_partly(row, inputs[position], result):
            return "takes a result that is an input or shares no memory with one"
    return None


cdef bint usable(cnp.ndarray array, char kind):
    return array.descr.type == kind and cnp.PyArray_ISCARRAY_RO(array)


cdef bint same_shape(cnp.ndarray left, cnp.ndarray right):
    cdef int axis, axes = cnp.PyArray_NDIM(left)
    if axes != cnp.PyArray_NDIM(right):
        return False
    for axis in range(axes):
        if cnp.PyArray_DIM(left, axis) != cnp.PyArray_DIM(right, axis):
            return False
    return True


cdef bint overlaps_partly(const gs_kernel *row, cnp.ndarray array, cnp.ndarray out):
    cdef uintptr_t start = <uintptr_t>cnp.PyArray_DATA(array), out_start = <uintptr_t>cnp.PyArray_DATA(out)
    if start == out_start and row.kind == GS_MAP and row.element == row.result:
        return False
    return start < out_start + <uintptr_t>cnp.PyArray_NBYTES(out) and out_start < start + <uintptr_t>cnp.PyArray_NBYTES(array)


cdef bint is_for(const gs_kernel *row, tuple inputs):
    """Tell whether the loop is the one for the inputs' element type."""
    return len(inputs) > 0 and cnp.PyArray_Check(inputs[0]) and (<cnp.ndarray>inputs[0]).descr.type == row.element


def pick(tuple loops not None, tuple inputs not None, result):
    """Return the loop that can run on these arrays as users pass them (a fold's result is 0-d), or None."""
    cdef Loop loop
    for loop in loops:
        if is_for(loop.row, inputs) and flaw(loop.row, inputs, result) is None:
            return loop if loop.row.kind != GS_FOLD or cnp.PyArray_NDIM(result) == 0 else None
    return None


cdef int fill(Job *job, Loop loop, tuple inputs, object result, tuple parameters) except -1:
    cdef const gs_kernel *row = loop.row
    cdef str wrong = flaw(row, inputs, result)
    if wrong is not None:
        raise ValueError(f"{loop.kernel} {wrong}")
    if len(parameters) != row.parameters:
        raise ValueError(f"{loop.kernel} takes {row.parameters} parameters")
    set_loop(job, row, parameters)
    point(job, row, inputs, result)
    return 0


cdef int set_loop(Job *job, const gs_kernel *row, tuple parameters) except -1:
    cdef int position
    for position in range(row.parameters):
        job.task.parameters[position] = parameters[position]
    job.run = row.run
    job.results = row.results
    return 0


cdef int point(Job *job, const gs_kernel *row, tuple inputs, object result) except -1:
    """Point the job at checked arrays."""
    cdef int position
    for position in range(row.inputs):
        job.task.in_[position] = cnp.PyArray_DATA(<cnp.ndarray>inputs[position])
    job.task.out = cnp.PyArray_DATA(<cnp.ndarray>result)
    job.count = cnp.PyArray_SIZE(<cnp.ndarray>inputs[0])
    clear(job)
    return 0
