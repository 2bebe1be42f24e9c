# cython: boundscheck=False, wraparound=False
"""Calling a function again and again, with the times at which each call began and ended; and looking whether the GIL is free."""

import numpy as np

from gilscope._native.kernels cimport gs_clock_ns, gs_sleep_ns

cdef extern from *:
    """
    #include <signal.h>
    static void (*gs_on_interrupt)(int);

    static void gs_first_interrupt(int number) {
        signal(number, SIG_DFL);
        gs_on_interrupt(number);
    }

    static void gs_let_second_interrupt_end(void) {
    #ifndef _WIN32
        /* Like Python without SA_RESTART, so that a wait for a lock ends. */
        struct sigaction action;
        if (sigaction(SIGINT, NULL, &action) || action.sa_handler == SIG_IGN || action.sa_handler == SIG_DFL) return;
        if (action.sa_handler == gs_first_interrupt) return;
        gs_on_interrupt = action.sa_handler;
        action.sa_handler = gs_first_interrupt;
        sigaction(SIGINT, &action, NULL);
    #endif
    }
    """
    void gs_let_second_interrupt_end()


def let_second_interrupt_end():
    """Let the second Ctrl-C end the process at once, where signals are as in POSIX.

    The first is seen by Python when it runs again: never, if a function hangs while it holds the GIL.
    """
    gs_let_second_interrupt_end()


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


def looks(const double[::1] waits_ns, const unsigned char[::1] done):
    """Ask for the GIL at times of one's own, and look at the clock before and after.

    Parameters
    ----------
    waits_ns : ndarray of float64
        How long to wait before each look, without the GIL.
    done : ndarray of uint8
        One number, which another thread sets to end this after the next look.

    Returns
    -------
    ndarray of int64
        ``(looks, 2)``: when each asked for the GIL and when it had it, on the clock of `time.perf_counter_ns`.
    """
    if done.shape[0] != 1:
        raise ValueError(f"done must be one number, not {done.shape[0]}")
    stamps = np.empty((waits_ns.shape[0], 2), np.int64)
    cdef long long[:, ::1] times = stamps
    cdef Py_ssize_t at
    for at in range(waits_ns.shape[0]):
        with nogil:
            gs_sleep_ns(waits_ns[at])
            times[at, 0] = gs_clock_ns()
        times[at, 1] = gs_clock_ns()
        if done[0]:
            return stamps[: at + 1]
    return stamps
