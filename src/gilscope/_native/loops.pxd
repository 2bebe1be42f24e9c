# What strategies.pyx may see of loops.pyx.

from libc.string cimport memset

from gilscope._native.kernels cimport gs_kernel, gs_loop, gs_task


cdef class Loop:
    cdef const gs_kernel *row
    cdef readonly str kernel, kind, element, result
    cdef readonly int inputs, parameters


# One call of a loop.
ctypedef struct Job:
    gs_loop run
    gs_task task
    Py_ssize_t count
    Py_ssize_t results  # items that a fold adds to; 0 for a map
    Py_ssize_t grain
    Py_ssize_t threshold
    long long interval_ns
    int threads


cdef int fill(Job *job, Loop loop, tuple inputs, object result, tuple parameters) except -1
cdef int set_loop(Job *job, const gs_kernel *row, tuple parameters) except -1
cdef int point(Job *job, const gs_kernel *row, tuple inputs, object result) except -1


cdef inline void clear(const Job *job) noexcept nogil:
    """A fold adds to its result, which holds zeros at first. Results of folds are doubles."""
    if job.results:
        memset(job.task.out, 0, job.results * sizeof(double))
