# cython: boundscheck=False, wraparound=False
"""The C loops, and the checks that every array passes before one runs on it."""

import os

cimport cython
from libc.stdint cimport uintptr_t
cimport numpy as cnp

from gilscope._native.kernels cimport (
    GS_COMPILER, GS_FLAGS, GS_FOLD, GS_HAVE_OPENMP, GS_MAP, GS_WHOLE, gs_kernel, gs_level, gs_levels,
)

import numpy as np

from gilscope.signatures import parsed

cnp.import_array()

COMPILER = GS_COMPILER.decode()
FLAGS = GS_FLAGS.decode()
HAVE_OPENMP = bool(GS_HAVE_OPENMP)

#: The types of gs_kernel. NumPy has several numbers for types of one size: these are the ones its arrays carry.
_DTYPES = {"d": np.dtype("f8"), "f": np.dtype("f4"), "i": np.dtype("intc"), "q": np.dtype("i8"), "p": np.dtype("intp"),
           "?": np.dtype("?")}


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
    signature : str
        Which shapes it takes and gives; see `gilscope.signatures`.
    element, result : str
        Names of the dtypes of the inputs and of the result.
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

    def lengths(self, tuple inputs not None, result):
        """Return the lengths of the signature's dimensions for arrays that `pick` chose this loop for."""
        cdef Job job
        point(&job, self, inputs, result)
        return tuple(job.task.lengths[position] for position in range(self.layout.dimensions))

    def __repr__(self):
        return f"<C loop {self.kernel} [{self.element}] at {self.address:#x}>"


cdef Loop loop_of(const gs_kernel *row):
    cdef Loop loop = Loop.__new__(Loop)
    loop.row = row
    loop.kernel = row.name.decode()
    loop.kind = {GS_MAP: "map", GS_FOLD: "fold", GS_WHOLE: "whole"}[row.kind]
    loop.signature = row.signature.decode()
    element, result = _DTYPES[chr(row.element)], _DTYPES[chr(row.result)]
    loop.element, loop.result = element.name, result.name
    loop.element_number, loop.result_number = element.num, result.num
    set_layout(&loop.layout, parsed(loop.signature))
    loop.inputs, loop.parameters = loop.layout.inputs, row.parameters
    return loop


cdef int set_layout(Layout *layout, signature) except -1:
    cdef int argument, axis
    names = signature.dimensions
    layout.inputs, layout.dimensions, layout.elementwise = len(signature.inputs), len(names), signature.elementwise
    for axis, name in enumerate(names):
        layout.fixed[axis] = int(name) if name.isdigit() else -1
    for argument, axes in enumerate((*signature.inputs, signature.result)):
        layout.axes[argument] = len(axes)
        for axis, name in enumerate(axes):
            layout.axis[argument][axis] = names.index(name)
    return 0


def loops_at(str level not None):
    """Return all loops as they were compiled for a level of instructions: one of `levels()`."""
    cdef const gs_level *each = gs_levels
    if level not in levels():
        raise ValueError(f"there is no level {level!r}: this build has, on this processor, {', '.join(levels())}")
    while each.name.decode() != level:
        each += 1
    return tuple(_all_loops(<uintptr_t>each.kernels))


def _all_loops(uintptr_t table):
    cdef const gs_kernel *row = <const gs_kernel *>table
    while row.name != NULL:
        yield loop_of(row)
        row += 1


def levels():
    """Return the levels of instructions that this build and this processor have, the plainest first."""
    cdef const gs_level *level = gs_levels
    found = []
    while level.name != NULL:
        if level.supported():
            found.append(level.name.decode())
        level += 1
    return tuple(found)


def _chosen_level():
    there = levels()
    wanted = os.environ.get("GILSCOPE_ISA") or there[len(there) - 1]
    if wanted not in there:
        raise ValueError(f"GILSCOPE_ISA is {wanted!r}: this build has, on this processor, {', '.join(there)}")
    return wanted


_ISA = _chosen_level()
LOOPS = loops_at(_ISA)


def isa():
    """Return the level of instructions that LOOPS are compiled for; GILSCOPE_ISA in the environment chooses another."""
    return _ISA


# --- one call ------------------------------------------------------------------------------------------------------------------

cdef str flaw(Loop loop, tuple inputs, object result):
    """What is wrong with the arrays, or None."""
    cdef Py_ssize_t position
    cdef Py_ssize_t lengths[GS_MAX_DIMENSIONS]
    if len(inputs) != loop.inputs or not cnp.PyArray_CheckExact(result):
        return f"takes {loop.inputs} input arrays and an array for the result"
    for position in range(loop.inputs):
        if not cnp.PyArray_CheckExact(inputs[position]) or not usable(inputs[position], loop.element_number):
            return f"takes C-contiguous, aligned input arrays of {loop.element}"
    if not usable(result, loop.result_number) or not cnp.PyArray_ISWRITEABLE(result):
        return f"takes a writable, C-contiguous, aligned result of {loop.result}"
    if not fits(loop, inputs, result, lengths):
        return "takes inputs and a result of one shape" if loop.layout.elementwise else f"takes shapes {loop.signature}"
    for position in range(loop.inputs):
        if overlaps(loop, inputs[position], result):
            return "takes a result that is an input or shares no memory with one" if in_place(loop) else (
                "takes a result that shares no memory with an input")
    return None


cdef bint usable(cnp.ndarray array, int number):
    return cnp.PyArray_TYPE(array) == number and cnp.PyArray_ISCARRAY_RO(array)


cdef bint fits(Loop loop, tuple inputs, cnp.ndarray result, Py_ssize_t *lengths):
    """Tell whether the shapes are as the signature says; set the lengths of its dimensions."""
    cdef const Layout *layout = &loop.layout
    if layout.elementwise:
        return all_of_one_shape(inputs, result)
    if not inputs_fit(loop, inputs, lengths):
        return False
    if layout.axes[layout.inputs] == 0:  # a number comes as an array of one item, of any shape
        return cnp.PyArray_SIZE(result) == 1
    return axes_fit(layout, layout.inputs, result, lengths)


cdef bint inputs_fit(Loop loop, tuple inputs, Py_ssize_t *lengths):
    cdef int argument
    cdef const Layout *layout = &loop.layout
    if len(inputs) != loop.inputs:
        return False
    for argument in range(layout.dimensions):
        lengths[argument] = layout.fixed[argument]
    for argument in range(layout.inputs):
        if not cnp.PyArray_Check(inputs[argument]) or not axes_fit(layout, argument, inputs[argument], lengths):
            return False
    return True


cdef bint axes_fit(const Layout *layout, int argument, cnp.ndarray array, Py_ssize_t *lengths):
    cdef int axis
    cdef Py_ssize_t *length
    if cnp.PyArray_NDIM(array) != layout.axes[argument]:
        return False
    for axis in range(layout.axes[argument]):
        length = &lengths[layout.axis[argument][axis]]
        if length[0] < 0:
            length[0] = cnp.PyArray_DIM(array, axis)
        if length[0] != cnp.PyArray_DIM(array, axis):
            return False
    return True


cdef bint all_of_one_shape(tuple inputs, cnp.ndarray result):
    for array in inputs:
        if not same_shape(array, result):
            return False
    return True


cdef bint same_shape(cnp.ndarray left, cnp.ndarray right):
    cdef int axis, axes = cnp.PyArray_NDIM(left)
    if axes != cnp.PyArray_NDIM(right):
        return False
    for axis in range(axes):
        if cnp.PyArray_DIM(left, axis) != cnp.PyArray_DIM(right, axis):
            return False
    return True


cdef bint in_place(Loop loop):
    """Tell whether the result may be an input: element by element, and of one type."""
    return loop.layout.elementwise and loop.row.element == loop.row.result


cdef bint overlaps(Loop loop, cnp.ndarray array, cnp.ndarray out):
    cdef uintptr_t start = <uintptr_t>cnp.PyArray_DATA(array), out_start = <uintptr_t>cnp.PyArray_DATA(out)
    if start == out_start and in_place(loop):
        return False
    return start < out_start + <uintptr_t>cnp.PyArray_NBYTES(out) and out_start < start + <uintptr_t>cnp.PyArray_NBYTES(array)


cdef bint is_for(Loop loop, tuple inputs):
    """Tell whether the loop is the one for the inputs' element type."""
    return len(inputs) > 0 and cnp.PyArray_Check(inputs[0]) and cnp.PyArray_TYPE(inputs[0]) == loop.element_number


def pick(tuple loops not None, tuple inputs not None, result):
    """Return the loop that can run on these arrays as users pass them (a number as a result is 0-d), or None."""
    return picked(loops, inputs, result)


cdef Loop picked(tuple loops, tuple inputs, object result):
    cdef Loop loop
    for loop in loops:
        if is_for(loop, inputs) and flaw(loop, inputs, result) is None:
            number = not loop.layout.elementwise and loop.layout.axes[loop.inputs] == 0
            return loop if not number or cnp.PyArray_NDIM(result) == 0 else None
    return None


def blank(tuple loops not None, tuple inputs not None):
    """Return an array for the result of these inputs, which `pick` may then choose a loop for; None if they fit none."""
    cdef Loop loop
    for loop in loops:
        if is_for(loop, inputs):
            return new_result(loop, inputs)
    return None


cdef object new_result(Loop loop, tuple inputs):
    cdef int argument
    cdef const Layout *layout = &loop.layout
    cdef Py_ssize_t lengths[GS_MAX_DIMENSIONS]
    cdef cnp.npy_intp shape[MAX_AXES]
    if layout.elementwise:
        return cnp.PyArray_EMPTY(cnp.PyArray_NDIM(inputs[0]), cnp.PyArray_DIMS(inputs[0]), loop.result_number, 0)
    if not inputs_fit(loop, inputs, lengths):
        return None
    for argument in range(layout.axes[layout.inputs]):
        shape[argument] = lengths[layout.axis[layout.inputs][argument]]
    return cnp.PyArray_EMPTY(layout.axes[layout.inputs], shape, loop.result_number, 0)


cdef int fill(Job *job, Loop loop, tuple inputs, object result, tuple parameters) except -1:
    cdef str wrong = flaw(loop, inputs, result)
    if wrong is not None:
        raise ValueError(f"{loop.kernel} {wrong}")
    if len(parameters) != loop.parameters:
        raise ValueError(f"{loop.kernel} takes {loop.parameters} parameters")
    set_loop(job, loop, parameters)
    point(job, loop, inputs, result)
    return 0


cdef int set_loop(Job *job, Loop loop, tuple parameters) except -1:
    cdef int position
    for position in range(loop.parameters):
        job.task.parameters[position] = parameters[position]
    job.run = loop.row.run
    job.result = loop.row.result
    return 0


cdef int point(Job *job, Loop loop, tuple inputs, object result) except -1:
    """Point the job at checked arrays."""
    cdef int position
    cdef bint folds = loop.row.kind == GS_FOLD
    for position in range(loop.inputs):
        job.task.in_[position] = cnp.PyArray_DATA(<cnp.ndarray>inputs[position])
    job.task.out = cnp.PyArray_DATA(<cnp.ndarray>result)
    fits(loop, inputs, result, job.task.lengths)
    job.count = cnp.PyArray_SIZE(<cnp.ndarray>(inputs[0] if folds else result))
    job.results = cnp.PyArray_SIZE(<cnp.ndarray>result) if folds else 0
    clear(job)
    return 0
