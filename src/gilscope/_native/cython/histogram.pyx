# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange

import numpy as np


# Counting one number is a function of its own: it may be called with or without the GIL.
cdef inline void count(double x, Py_ssize_t[::1] out) noexcept nogil:
    if 0 <= x <= 1:  # never true for NaN
        out[min(<int>(x * 256), 255)] += 1


def histogram_held(const double[::1] x, Py_ssize_t[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != 256:
        raise ValueError("out has not 256 elements")
    out[:] = 0
    for i in range(n):
        count(x[i], out)


def histogram_released(const double[::1] x, Py_ssize_t[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != 256:
        raise ValueError("out has not 256 elements")
    out[:] = 0
    with nogil:
        for i in range(n):
            count(x[i], out)


# `nogil` in a declaration only permits calls without the GIL ...
cdef void histogram_loop(const double[::1] x, Py_ssize_t[::1] out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        count(x[i], out)


# ... so this call, made with the GIL, keeps it.
def histogram_declared_nogil(const double[::1] x, Py_ssize_t[::1] out):
    if out.shape[0] != 256:
        raise ValueError("out has not 256 elements")
    out[:] = 0
    histogram_loop(x, out)


# Threads that counted in one table would lose counts, so each has a table of its own.
def histogram_parallel(const double[::1] x, Py_ssize_t[::1] out, int threads):
    cdef Py_ssize_t thread, n = x.shape[0]
    cdef Py_ssize_t[:, ::1] tables = np.zeros((threads, 256), np.intp)
    if out.shape[0] != 256:
        raise ValueError("out has not 256 elements")
    for thread in prange(threads, nogil=True, num_threads=threads, schedule="static", chunksize=1):
        histogram_loop(x[n * thread // threads : n * (thread + 1) // threads], tables[thread])
    np.sum(tables, axis=0, out=np.asarray(out))
