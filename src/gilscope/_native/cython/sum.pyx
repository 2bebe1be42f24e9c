# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange


def sum_held(const double[::1] x, double[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    cdef double total = 0
    if out.shape[0] != 1:
        raise ValueError("out is not one number")
    for i in range(n):
        total += x[i]
    out[0] = total


def sum_released(const double[::1] x, double[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    cdef double total = 0
    if out.shape[0] != 1:
        raise ValueError("out is not one number")
    with nogil:
        for i in range(n):
            total += x[i]
    out[0] = total


# `nogil` in a declaration only permits calls without the GIL ...
cdef double sum_loop(const double[::1] x) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0
    for i in range(x.shape[0]):
        total += x[i]
    return total


# ... so this call, made with the GIL, keeps it.
def sum_declared_nogil(const double[::1] x, double[::1] out):
    if out.shape[0] != 1:
        raise ValueError("out is not one number")
    out[0] = sum_loop(x)


# Cython sees `total +=` inside prange and gives each thread a partial sum of its own.
def sum_parallel(const double[::1] x, double[::1] out, int threads):
    cdef Py_ssize_t i, n = x.shape[0]
    cdef double total = 0
    if out.shape[0] != 1:
        raise ValueError("out is not one number")
    for i in prange(n, nogil=True, num_threads=threads):
        total += x[i]
    out[0] = total
