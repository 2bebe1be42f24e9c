# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange
from libc.math cimport exp

ctypedef fused real:
    double
    float


def exp_held(const real[::1] x, real[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for i in range(n):
        out[i] = exp(x[i])


def exp_released(const real[::1] x, real[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    with nogil:
        for i in range(n):
            out[i] = exp(x[i])


# `nogil` in a declaration only permits calls without the GIL ...
cdef void exp_loop(const real[::1] x, real[::1] out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        out[i] = exp(x[i])


# ... so this call, made with the GIL, keeps it.
def exp_declared_nogil(const real[::1] x, real[::1] out):
    if out.shape[0] != x.shape[0]:
        raise ValueError("x and out differ in length")
    exp_loop(x, out)


def exp_parallel(
    const real[::1] x, real[::1] out, int threads
):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for i in prange(n, nogil=True, num_threads=threads):
        out[i] = exp(x[i])
