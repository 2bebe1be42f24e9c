# cython: boundscheck=False, wraparound=False
"""Calling a function again and again, with the times at which each call began and ended."""

import numpy as np

from gilscope._native.kernels cimport gs_clock_ns


def stamped(call, Py_ssize_t count):
    """Call a function, and look at the clock right before and after.

    Parameters
    ----------
    call : callable
        Called without arguments. What it returns is freed after the second look, so that this is not part of the call.
    count : int
        How often.

    Returns
    -------
    ndarray of int64
        ``(count, 2)``: begin and end of each call, on the clock of `time.perf_counter_ns`.
    """
    stamps = np.empty((count, 2), np.int64)
    cdef long long[:, ::1] times = stamps
    cdef Py_ssize_t at
    for at in range(count):
        times[at, 0] = gs_clock_ns()
        result = call()
        times[at, 1] = gs_clock_ns()
        result = None  # noqa: F841
    return stamps
