"""Numba: the plain loops, compiled at the first call; with `prange` where all cores are to work.

Sums may be added in any order (fastmath), as ours are. Everything else computes the same bits or counts as NumPy.
"""

import numba
import numpy as np

prange = numba.prange


def exp(x, out):
    for i in prange(x.size):
        out[i] = np.exp(x[i])


def add(x, y, out):
    for i in prange(x.size):
        out[i] = x[i] + y[i]


def poly(x, out, degree=16):
    for i in prange(x.size):
        total = x[i] * 0 + 1
        for _ in range(degree):
            total = total * x[i] + 1
        out[i] = total


def sum_(x, out):
    total = 0.0
    for i in prange(x.size):
        total += x[i]
    out[0] = total


def dot(x, y, out):
    total = 0.0
    for i in prange(x.size):
        total += x[i] * y[i]
    out[0] = total


def pairwise(x, y, out):
    for i in prange(x.shape[0]):
        for j in range(y.shape[0]):
            total = 0.0
            for d in range(x.shape[1]):
                total += (x[i, d] - y[j, d]) ** 2
            out[i, j] = total


def histogram(x, out):
    out[:] = 0
    for i in range(x.size):
        if 0 <= x[i] <= 1:
            out[min(int(x[i] * 256), 255)] += 1


def stencil(u, out):
    m, n = u.shape
    out[:] = u
    for i in prange(1, m - 1):
        for j in range(1, n - 1):
            out[i, j] = u[i, j] + 0.1 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j])


def mandelbrot(x, y, out):
    for i in prange(x.size):
        a = b = 0.0
        out[i] = 256
        for step in range(256):
            aa, bb = a * a, b * b
            if not aa + bb <= 4:
                out[i] = step
                break
            a, b = (aa - bb) + x[i], (a + a) * b + y[i]


def primes(n, out):
    for i in prange(n.size):
        value = n[i]
        prime = value > 1 and (value < 4 or (value % 2 != 0 and value % 3 != 0))
        divisor = 5
        while prime and divisor <= value // divisor:
            prime = value % divisor != 0 and value % (divisor + 2) != 0
            divisor += 6
        out[i] = prime


def matmul(a, b, out):
    out[:] = 0
    for i in prange(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += a[i, k] * b[k, j]


def sort(x, out):
    out[:] = x
    out.sort()


SUMS = {"sum": sum_, "dot": dot, "pairwise": pairwise, "matmul": matmul}
SERIAL = {"histogram": histogram, "sort": sort}
MAPS = {"exp": exp, "add": add, "poly": poly, "stencil": stencil, "mandelbrot": mandelbrot, "primes": primes}


def functions(threads):
    """Return what computes each kernel, by its name."""
    numba.set_num_threads(threads)
    options = {"nogil": True, "error_model": "numpy", "parallel": threads > 1}
    compiled = {name: numba.njit(**options)(each) for name, each in MAPS.items()}
    compiled |= {name: numba.njit(**options, fastmath=True)(each) for name, each in SUMS.items()}
    return compiled | ({} if threads > 1 else {name: numba.njit(nogil=True)(each) for name, each in SERIAL.items()})
