# What strategies.pyx and ufuncs.pyx may see of loops.pyx.

from libc.string cimport memset

from gilscope._native.kernels cimport GS_MAX_DIMENSIONS, GS_MAX_INPUTS, gs_kernel, gs_loop, gs_task

cdef enum:
    MAX_AXES = 2


# The axes of each input and then of the result, by the number of their dimension in the signature.
ctypedef struct Layout:
    int inputs
    int dimensions
    int axes[GS_MAX_INPUTS + 1]
    int axis[GS_MAX_INPUTS + 1][MAX_AXES]
    Py_ssize_t fixed[GS_MAX_DIMENSIONS]  # -1 where any length is right
    bint elementwise


cdef class Loop:
    cdef const gs_kernel *row
    cdef Layout layout
    cdef int element_number, result_number
    cdef readonly str kernel, kind, signature, element, result
    cdef readonly int inputs, parameters


# One call of a loop.
ctypedef struct Job:
    gs_loop run
    gs_task task
    Py_ssize_t count
    Py_ssize_t results  # items that a fold adds to; 0 for others
    char result         # the type of the result, as in gs_kernel
    Py_ssize_t grain
    Py_ssize_t threshold
    long long interval_ns
    int threads


cdef Loop picked(tuple loops, tuple inputs, object result)
cdef int fill(Job *job, Loop loop, tuple inputs, object result, tuple parameters) except -1
cdef int set_loop(Job *job, Loop loop, tuple parameters) except -1
cdef int point(Job *job, Loop loop, tuple inputs, object result) except -1


cdef inline Py_ssize_t item_size(char kind) noexcept nogil:
    if kind == c"f" or kind == c"i":
        return 4
    return 1 if kind == c"?" else 8 if kind != c"p" else <Py_ssize_t>sizeof(Py_ssize_t)


cdef inline void clear(const Job *job) noexcept nogil:
    """A fold adds to its result, which holds zeros at first."""
    if job.results:
        memset(job.task.out, 0, job.results * item_size(job.result))
