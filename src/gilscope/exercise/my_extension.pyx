# cython: boundscheck=False, wraparound=False, freethreading_compatible=True
import numpy as np


# `nogil` here only permits calls without the GIL; it is the caller who lets go of it.
cdef void loop(const double[::1] x, double[::1] result, int steps) noexcept nogil:
    cdef Py_ssize_t i
    cdef int step
    cdef double value
    for i in range(x.shape[0]):
        value = x[i]
        for step in range(steps):
            value = 3.9 * value * (1 - value)
        result[i] = value


def logistic(const double[::1] x, int steps):
    """Return each number of x after some steps of the logistic map, value -> 3.9 * value * (1 - value)."""
    cdef double[::1] result = np.empty(x.shape[0])
    # with nogil:
    loop(x, result, steps)
    return np.asarray(result)
