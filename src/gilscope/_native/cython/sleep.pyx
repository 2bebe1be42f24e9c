# cython: boundscheck=False, wraparound=False
from cython.parallel cimport prange


# nanosleep until the time has come, whatever signals arrive; Sleep on Windows.
cdef extern from "gilscope/clock.h" nogil:
    void gs_sleep_ns(double nanoseconds)


def sleep_held(const double[::1] x, double[::1] out, int nanoseconds):
    cdef Py_ssize_t n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    gs_sleep_ns(<double>n * nanoseconds)
    out[:] = x


def sleep_released(const double[::1] x, double[::1] out, int nanoseconds):
    cdef Py_ssize_t n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    with nogil:
        gs_sleep_ns(<double>n * nanoseconds)
    out[:] = x


# `nogil` in a declaration only permits calls without the GIL ...
cdef void sleep_loop(Py_ssize_t n, int nanoseconds) noexcept nogil:
    gs_sleep_ns(<double>n * nanoseconds)


# ... so this call, made with the GIL, keeps it.
def sleep_declared_nogil(const double[::1] x, double[::1] out, int nanoseconds):
    cdef Py_ssize_t n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    sleep_loop(n, nanoseconds)
    out[:] = x


# Each thread waits for its share of the elements.
def sleep_parallel(const double[::1] x, double[::1] out, int nanoseconds, int threads):
    cdef Py_ssize_t thread, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for thread in prange(threads, nogil=True, num_threads=threads, schedule="static", chunksize=1):
        sleep_loop(n * (thread + 1) // threads - n * thread // threads, nanoseconds)
    out[:] = x
