# cython: boundscheck=False, wraparound=False
"""Calling a function again and again, with the times at which each call began and ended."""

import numpy as np

from gilscope._native.kernels cimport gs_clock_ns

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
