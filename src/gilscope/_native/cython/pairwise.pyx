# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange


# One distance is a function of its own: it may be called with or without the GIL.
cdef inline double distance(const double[:, ::1] x, Py_ssize_t i, const double[:, ::1] y, Py_ssize_t j) noexcept nogil:
    cdef Py_ssize_t d
    cdef double difference, total = 0
    for d in range(x.shape[1]):
        difference = x[i, d] - y[j, d]
        total += difference * difference
    return total


def pairwise_held(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out
):
    cdef Py_ssize_t i, j
    if y.shape[1] != x.shape[1]:
        raise ValueError("x and y differ in their numbers of coordinates")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[0]:
        raise ValueError("out must have a row for each point of x and a column for each of y")
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            out[i, j] = distance(x, i, y, j)


def pairwise_released(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out
):
    cdef Py_ssize_t i, j
    if y.shape[1] != x.shape[1]:
        raise ValueError("x and y differ in their numbers of coordinates")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[0]:
        raise ValueError("out must have a row for each point of x and a column for each of y")
    with nogil:
        for i in range(x.shape[0]):
            for j in range(y.shape[0]):
                out[i, j] = distance(x, i, y, j)


# `nogil` in a declaration only permits calls without the GIL ...
cdef void pairwise_loop(const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out) noexcept nogil:
    cdef Py_ssize_t i, j
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            out[i, j] = distance(x, i, y, j)


# ... so this call, made with the GIL, keeps it.
def pairwise_declared_nogil(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out
):
    if y.shape[1] != x.shape[1]:
        raise ValueError("x and y differ in their numbers of coordinates")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[0]:
        raise ValueError("out must have a row for each point of x and a column for each of y")
    pairwise_loop(x, y, out)


def pairwise_parallel(
    const double[:, ::1] x, const double[:, ::1] y, double[:, ::1] out, int threads
):
    cdef Py_ssize_t i, j
    if y.shape[1] != x.shape[1]:
        raise ValueError("x and y differ in their numbers of coordinates")
    if out.shape[0] != x.shape[0] or out.shape[1] != y.shape[0]:
        raise ValueError("out must have a row for each point of x and a column for each of y")
    for i in prange(x.shape[0], nogil=True, num_threads=threads):
        for j in range(y.shape[0]):
            out[i, j] = distance(x, i, y, j)
