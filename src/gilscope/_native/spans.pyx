# cython: boundscheck=False, wraparound=False
"""The recorder behind `gilscope.span`: while it records, entering and leaving a span appends a mark to one bounded buffer.

A mark keeps a reference to its span, so that one address is one span in the whole recording, and labels need no table. The buffer is
changed with the GIL held; on a Python without one the critical section keeps threads apart, elsewhere it compiles to nothing.
"""

cimport cython
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdlib cimport free, realloc

import numpy as np

from gilscope._native.kernels cimport gs_clock_ns

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_native_id()

cdef extern from *:
    """
    #ifdef _MSC_VER
    #define GS_THREAD_LOCAL __declspec(thread)
    #else
    #define GS_THREAD_LOCAL _Thread_local
    #endif
    /* To ask the system takes 100 ns, so a thread asks once in a recording; not once and for all, since a fork changes it. */
    static GS_THREAD_LOCAL unsigned long gs_native_id;
    static GS_THREAD_LOCAL unsigned long gs_asked_in;
    """
    unsigned long gs_native_id
    unsigned long gs_asked_in

ctypedef struct Mark:
    PyObject *span
    long long time_ns
    unsigned long native_id
    bint enters

cdef size_t FIRST_ROOM = 1024
cdef object _guard = object()
cdef bint _records = False
cdef unsigned long _recording = 0  # its number
cdef Mark *_marks = NULL
cdef size_t _count = 0, _room = 0, _most = 0, _lost = 0


cdef bint has_room() noexcept:
    """Grow the buffer where needed, up to the most that was asked for."""
    global _marks, _room
    if _count < _room:
        return True
    cdef size_t room = min(max(2 * _room, FIRST_ROOM), _most)
    cdef Mark *grown = <Mark *>realloc(_marks, room * sizeof(Mark)) if room > _room else NULL
    if grown == NULL:
        return False
    _marks, _room = grown, room
    return True


cdef unsigned long native_id() noexcept:
    global gs_native_id, gs_asked_in
    if gs_asked_in != _recording:
        gs_native_id, gs_asked_in = PyThread_get_thread_native_id(), _recording
    return gs_native_id


cdef void add(object span, bint enters) noexcept:
    global _count, _lost
    with cython.critical_section(_guard):
        if not _records:
            return
        if not has_room():
            _lost += 1
            return
        Py_INCREF(span)
        _marks[_count] = Mark(<PyObject *>span, gs_clock_ns(), native_id(), enters)
        _count += 1


@cython.freelist(64)
cdef class Span:
    """What `gilscope.span` is made of: a label, and marks where it is entered and left."""

    cdef readonly str label

    def __init__(self, str label not None):
        self.label = label

    def __enter__(self):
        if _records:
            add(self, True)
        return self

    def __exit__(self, kind, error, traceback):
        if _records:
            add(self, False)


def start(size_t most):
    """Forget earlier marks and record up to so many from now on."""
    global _records, _recording, _most
    stop()
    with cython.critical_section(_guard):
        _most = most
        _recording += 1
        _records = True


def stop():
    """Stop, and return the marks.

    Returns
    -------
    tuple
        The spans (a list), the times, the threads' native ids, whether each enters (arrays), and how many marks had no room.
    """
    global _records, _marks, _count, _room, _lost
    with cython.critical_section(_guard):
        _records = False
        marks, count, lost = _marks, _count, _lost
        _marks, _count, _room, _lost = NULL, 0, 0, 0
    found = [<object>marks[at].span for at in range(count)]
    times = np.array([marks[at].time_ns for at in range(count)], np.int64)
    ids = np.array([marks[at].native_id for at in range(count)], np.int64)
    enters = np.array([marks[at].enters for at in range(count)], np.bool_)
    for each in found:
        Py_DECREF(each)
    free(marks)
    return found, times, ids, enters, lost
