# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange

ctypedef fused real:
    double
    float


# One element is a function of its own: it may be called with or without the GIL.
cdef inline real horner(real x, int degree) noexcept nogil:
    cdef real p = 1
    cdef int step
    for step in range(degree):
        p = p * x + 1
    return p


def poly_held(const real[::1] x, real[::1] out, int degree):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for i in range(n):
        out[i] = horner(x[i], degree)


def poly_released(const real[::1] x, real[::1] out, int degree):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    with nogil:
        for i in range(n):
            out[i] = horner(x[i], degree)


# `nogil` in a declaration only permits calls without the GIL ...
cdef void poly_loop(const real[::1] x, real[::1] out, int degree) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        out[i] = horner(x[i], degree)


# ... so this call, made with the GIL, keeps it.
def poly_declared_nogil(const real[::1] x, real[::1] out, int degree):
    if out.shape[0] != x.shape[0]:
        raise ValueError("x and out differ in length")
    poly_loop(x, out, degree)


def poly_parallel(const real[::1] x, real[::1] out, int degree, int threads):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for i in prange(n, nogil=True, num_threads=threads):
        out[i] = horner(x[i], degree)
