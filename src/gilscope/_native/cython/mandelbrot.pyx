# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange

ctypedef fused real:
    double
    float


# One point is a function of its own: it may be called with or without the GIL.
cdef inline int escape(real x, real y, int iterations) noexcept nogil:
    cdef real a = 0, b = 0, aa, bb
    cdef int n
    for n in range(iterations):
        aa, bb = a * a, b * b
        if not (aa + bb <= 4):
            return n
        b = (a + a) * b + y
        a = (aa - bb) + x
    return iterations


def mandelbrot_held(
    const real[::1] x, const real[::1] y, int[::1] out, int iterations
):
    cdef Py_ssize_t i, n = x.shape[0]
    if y.shape[0] != n or out.shape[0] != n:
        raise ValueError("x, y and out differ in length")
    for i in range(n):
        out[i] = escape(x[i], y[i], iterations)


def mandelbrot_released(
    const real[::1] x, const real[::1] y, int[::1] out, int iterations
):
    cdef Py_ssize_t i, n = x.shape[0]
    if y.shape[0] != n or out.shape[0] != n:
        raise ValueError("x, y and out differ in length")
    with nogil:
        for i in range(n):
            out[i] = escape(x[i], y[i], iterations)


# `nogil` in a declaration only permits calls without the GIL ...
cdef void mandelbrot_loop(const real[::1] x, const real[::1] y, int[::1] out, int iterations) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        out[i] = escape(x[i], y[i], iterations)


# ... so this call, made with the GIL, keeps it.
def mandelbrot_declared_nogil(
    const real[::1] x, const real[::1] y, int[::1] out, int iterations
):
    if y.shape[0] != x.shape[0] or out.shape[0] != x.shape[0]:
        raise ValueError("x, y and out differ in length")
    mandelbrot_loop(x, y, out, iterations)


# Points differ in cost, so threads take a few at a time.
def mandelbrot_parallel(
    const real[::1] x, const real[::1] y, int[::1] out, int iterations, int threads
):
    cdef Py_ssize_t i, n = x.shape[0]
    if y.shape[0] != n or out.shape[0] != n:
        raise ValueError("x, y and out differ in length")
    for i in prange(n, nogil=True, num_threads=threads, schedule="dynamic", chunksize=64):
        out[i] = escape(x[i], y[i], iterations)
