# cython: boundscheck=False, wraparound=False
from libc.stdlib cimport qsort


# qsort calls this back, so it must not need the GIL. A NaN is unequal to itself, and comes last.
cdef int ascending(const void *left, const void *right) noexcept nogil:
    cdef double a = (<const double *>left)[0], b = (<const double *>right)[0]
    return (a > b) - (a < b) + (a != a) - (b != b)


def sort_held(
    const double[::1] x, double[::1] out
):
    cdef Py_ssize_t i
    if out.shape[0] != x.shape[0]:
        raise ValueError("x and out differ in length")
    for i in range(x.shape[0]):
        out[i] = x[i]
    qsort(&out[0], x.shape[0], sizeof(double), ascending)


def sort_released(
    const double[::1] x, double[::1] out
):
    cdef Py_ssize_t i
    if out.shape[0] != x.shape[0]:
        raise ValueError("x and out differ in length")
    with nogil:
        for i in range(x.shape[0]):
            out[i] = x[i]
        qsort(&out[0], x.shape[0], sizeof(double), ascending)


# `nogil` in a declaration only permits calls without the GIL ...
cdef void sort_loop(const double[::1] x, double[::1] out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        out[i] = x[i]
    qsort(&out[0], x.shape[0], sizeof(double), ascending)


# ... so this call, made with the GIL, keeps it.
def sort_declared_nogil(
    const double[::1] x, double[::1] out
):
    if out.shape[0] != x.shape[0]:
        raise ValueError("x and out differ in length")
    sort_loop(x, out)
