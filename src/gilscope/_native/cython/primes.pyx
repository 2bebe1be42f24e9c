# cython: boundscheck=False, wraparound=False, cdivision=True
from cython.parallel cimport prange
from libc.stdint cimport int64_t

ctypedef unsigned char boolean  # one byte, as in NumPy


# One number is a function of its own: it may be called with or without the GIL.
cdef inline boolean is_prime(int64_t x) noexcept nogil:
    cdef int64_t k = 5
    if x < 4:
        return x > 1
    if x % 2 == 0 or x % 3 == 0:
        return False
    while k <= x // k:  # k * k could overflow
        if x % k == 0 or x % (k + 2) == 0:
            return False
        k += 6
    return True


def primes_held(const int64_t[::1] x, boolean[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for i in range(n):
        out[i] = is_prime(x[i])


def primes_released(const int64_t[::1] x, boolean[::1] out):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    with nogil:
        for i in range(n):
            out[i] = is_prime(x[i])


# `nogil` in a declaration only permits calls without the GIL ...
cdef void primes_loop(const int64_t[::1] x, boolean[::1] out) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(x.shape[0]):
        out[i] = is_prime(x[i])


# ... so this call, made with the GIL, keeps it.
def primes_declared_nogil(const int64_t[::1] x, boolean[::1] out):
    if out.shape[0] != x.shape[0]:
        raise ValueError("x and out differ in length")
    primes_loop(x, out)


# Numbers differ in cost, so threads take a few at a time.
def primes_parallel(const int64_t[::1] x, boolean[::1] out, int threads):
    cdef Py_ssize_t i, n = x.shape[0]
    if out.shape[0] != n:
        raise ValueError("x and out differ in length")
    for i in prange(n, nogil=True, num_threads=threads, schedule="dynamic", chunksize=64):
        out[i] = is_prime(x[i])
