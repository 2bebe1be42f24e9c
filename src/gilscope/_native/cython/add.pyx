# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange

ctypedef fused real:
    double
    float


def add_held(
    const real[::1] x, const real[::1] y, real[::1] out
):
    cdef Py_ssize_t i, n = x.shape[0]
    if y.shape[0] != n or out.shape[0] != n:
        raise ValueError("x, y and out differ in length")
    for i in range(n):
        out[i] = x[i] + y[i]


def add_released(
    const real[::1] x, const real[::1] y, real[::1] out
):
    cdef Py_ssize_t i, n = x.shape[0]
    if y.shape[0] != n or out.shape[0] != n:
        raise ValueError("x, y and out differ in length")
    with nogil:
        for i in range(n):
            out[i] = x[i] + y[i]


# `nogil` in a declaration only permits calls without the GIL ...
cdef void add_loop(const real[::1] x, const real[::1] y, real[::1] out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        out[i] = x[i] + y[i]


# ... so this call, made with the GIL, keeps it.
def add_declared_nogil(
    const real[::1] x, const real[::1] y, real[::1] out
):
    if y.shape[0] != x.shape[0] or out.shape[0] != x.shape[0]:
        raise ValueError("x, y and out differ in length")
    add_loop(x, y, out)


def add_parallel(
    const real[::1] x, const real[::1] y, real[::1] out, int threads
):
    cdef Py_ssize_t i, n = x.shape[0]
    if y.shape[0] != n or out.shape[0] != n:
        raise ValueError("x, y and out differ in length")
    for i in prange(n, nogil=True, num_threads=threads):
        out[i] = x[i] + y[i]
