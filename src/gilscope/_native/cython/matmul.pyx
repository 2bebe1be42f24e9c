# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange


def matmul_held(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out
):
    cdef Py_ssize_t i, j, l
    if y.shape[0] != x.shape[1]:
        raise ValueError("y must have as many rows as x has columns")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[1]:
        raise ValueError("out must have the rows of x and the columns of y")
    for i in range(x.shape[0]):
        for j in range(y.shape[1]):
            out[i, j] = 0
        for l in range(x.shape[1]):
            for j in range(y.shape[1]):
                out[i, j] += x[i, l] * y[l, j]


def matmul_released(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out
):
    cdef Py_ssize_t i, j, l
    if y.shape[0] != x.shape[1]:
        raise ValueError("y must have as many rows as x has columns")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[1]:
        raise ValueError("out must have the rows of x and the columns of y")
    with nogil:
        for i in range(x.shape[0]):
            for j in range(y.shape[1]):
                out[i, j] = 0
            for l in range(x.shape[1]):
                for j in range(y.shape[1]):
                    out[i, j] += x[i, l] * y[l, j]


# `nogil` in a declaration only permits calls without the GIL ...
cdef void matmul_loop(const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out) noexcept nogil:
    cdef Py_ssize_t i, j, l
    for i in range(x.shape[0]):
        for j in range(y.shape[1]):
            out[i, j] = 0
        for l in range(x.shape[1]):
            for j in range(y.shape[1]):
                out[i, j] += x[i, l] * y[l, j]


# ... so this call, made with the GIL, keeps it.
def matmul_declared_nogil(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out
):
    if y.shape[0] != x.shape[1]:
        raise ValueError("y must have as many rows as x has columns")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[1]:
        raise ValueError("out must have the rows of x and the columns of y")
    matmul_loop(x, y, out)


# Rows are computed on their own, so threads may share them out.
def matmul_parallel(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out, int threads
):
    cdef Py_ssize_t i, j, l
    if y.shape[0] != x.shape[1]:
        raise ValueError("y must have as many rows as x has columns")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[1]:
        raise ValueError("out must have the rows of x and the columns of y")
    for i in prange(x.shape[0], nogil=True, num_threads=threads):
        for j in range(y.shape[1]):
            out[i, j] = 0
        for l in range(x.shape[1]):
            for j in range(y.shape[1]):
                out[i, j] += x[i, l] * y[l, j]
