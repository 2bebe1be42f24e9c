# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange


def dot_held(
    const double[::1] x, const double[::1] y, double[::1] out
):
    cdef Py_ssize_t i, n = x.shape[0]
    cdef double total = 0
    if y.shape[0] != n or out.shape[0] != 1:
        raise ValueError("x and y differ in length")
    for i in range(n):
        total += x[i] * y[i]
    out[0] = total


def dot_released(
    const double[::1] x, const double[::1] y, double[::1] out
):
    cdef Py_ssize_t i, n = x.shape[0]
    cdef double total = 0
    if y.shape[0] != n or out.shape[0] != 1:
        raise ValueError("x and y differ in length")
    with nogil:
        for i in range(n):
            total += x[i] * y[i]
    out[0] = total


# `nogil` in a declaration only permits calls without the GIL ...
cdef double dot_loop(const double[::1] x, const double[::1] y) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0
    for i in range(x.shape[0]):
        total += x[i] * y[i]
    return total


# ... so this call, made with the GIL, keeps it.
def dot_declared_nogil(
    const double[::1] x, const double[::1] y, double[::1] out
):
    if y.shape[0] != x.shape[0] or out.shape[0] != 1:
        raise ValueError("x and y differ in length")
    out[0] = dot_loop(x, y)


# Cython sees `total +=` inside prange and gives each thread a partial sum of its own.
def dot_parallel(
    const double[::1] x, const double[::1] y, double[::1] out, int threads
):
    cdef Py_ssize_t i, n = x.shape[0]
    cdef double total = 0
    if y.shape[0] != n or out.shape[0] != 1:
        raise ValueError("x and y differ in length")
    for i in prange(n, nogil=True, num_threads=threads):
        total += x[i] * y[i]
    out[0] = total
