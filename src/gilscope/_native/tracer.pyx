"""The recorder of csrc/tracer: who held, asked for and dropped the GIL, as events."""

import time

import numpy as np

from cpython.ref cimport Py_DECREF
from libc.string cimport memcpy

from gilscope.forced_switch import be_forced as _be_forced
from gilscope.forced_switch import block as _block

cdef extern from "Python.h":
    ctypedef struct PyThreadState
    PyThreadState *PyEval_SaveThread() nogil
    void PyEval_RestoreThread(PyThreadState *state) nogil
    PyThreadState *PyGILState_GetThisThreadState() nogil
    void PyErr_SetInterrupt()
    ctypedef struct PyCodeObject
    int PyCode_Addr2Line(PyCodeObject *code, int offset)
    bint PyCode_Check(object code)

cdef extern from "tracer/frame.h":
    const char *GS_NO_FRAMES
    void *gs_running(int *offset) noexcept nogil

cdef extern from "gilscope/trace.h":
    ctypedef struct gs_anchor:
        unsigned long long ticks
        long long ns

    ctypedef struct gs_trace_options:
        size_t max_events
        int counter
        const void *save_thread
        void (*pair)() noexcept nogil
        void *(*thread_state)() noexcept nogil
        void (*block)() noexcept
        void (*be_forced)() noexcept
        int alone
        void *(*running)(int *offset) noexcept nogil
        size_t max_looks
        long long long_ns

    ctypedef struct gs_look:
        size_t event
        void *code
        int offset

    ctypedef struct gs_recording:
        const void *events
        size_t count
        size_t lost
        const void *native_ids
        const void *cpu_ns
        size_t threads
        unsigned long long base
        int shift
        gs_anchor start
        gs_anchor stop
        double event_ns
        const gs_look *looks
        size_t look_count
        size_t lost_looks
        int tells_forced

    const char *GS_BUSY
    const char *GS_NO_ROOM
    int GS_KIND_BITS, GS_THREAD_BITS, GS_TAKE, GS_RELEASE, GS_DROP, GS_WAIT
    const char *gs_trace_unavailable()
    const char *gs_trace_start(const gs_trace_options *options)
    const char *gs_trace_learn()
    const char *gs_trace_stop(gs_recording *recording)
    void gs_trace_release()
    long long gs_thread_cpu_ns(int native_id)

cdef object cpu_before = {}

KIND_BITS, THREAD_BITS = GS_KIND_BITS, GS_THREAD_BITS
BUSY, NO_ROOM = (<bytes>GS_BUSY).decode(), (<bytes>GS_NO_ROOM).decode()
TAKE, RELEASE, DROP, WAIT = GS_TAKE, GS_RELEASE, GS_DROP, GS_WAIT

# The file of the code with which CPython 3.12 enters Python from C.
SHIM = "<shim>"
LOOKS = 1000


cdef void release_and_take() noexcept nogil:
    """One drop and one take, for the tracer to learn from. Called with the GIL held, whatever its signature says."""
    PyEval_RestoreThread(PyEval_SaveThread())


cdef void *thread_state() noexcept nogil:
    return PyGILState_GetThisThreadState()


cdef void block() noexcept:
    _block()


cdef void be_forced() noexcept:
    try:
        _be_forced()
    except KeyboardInterrupt:
        PyErr_SetInterrupt()  # again, in the traced program


cdef object text(const char *reason):
    return None if reason == NULL else (<bytes>reason).decode()


cdef object copied(const void *source, size_t count, dtype):
    cdef size_t bytes
    array = np.empty(count, dtype)
    cdef char[::1] memory
    if count:
        memory = array.view("c")
        bytes = memory.shape[0]
        memcpy(&memory[0], source, bytes)
    return array


def unavailable():
    """Return why there is no tracer on this system, or None."""
    return text(gs_trace_unavailable())


def no_functions():
    """Return why functions cannot be told in this Python, or None."""
    return text(GS_NO_FRAMES)


def start(size_t max_events, bint counter, bint alone=False, size_t max_looks=0, long long long_ns=0, native_ids=()):
    """Start to record.

    Parameters
    ----------
    max_events : int
        Room to reserve, 8 bytes each.
    counter : bool
        Read the processor's time-stamp counter, which must be what the kernel keeps time by; else the monotonic clock.
    alone : bool
        The calling thread is the only one, and `learn` will be called before it starts another.
    max_looks : int
        Look which function ends a long hold or wait, so many times at most, 24 bytes each.
    long_ns : int
        What is long.
    native_ids : sequence of int
        The threads that there are: what CPU time they have used by then is returned by `stop`.

    Returns
    -------
    str or None
        Why it did not start.
    """
    global cpu_before
    cdef gs_trace_options options
    options.max_events = max_events
    options.counter = counter
    options.save_thread = <const void *>PyEval_SaveThread
    options.pair = release_and_take
    options.thread_state = thread_state
    options.block = block
    options.be_forced = be_forced
    options.alone = alone
    options.running = NULL
    if max_looks:
        options.running = gs_running
    options.max_looks = max_looks
    options.long_ns = long_ns
    error = text(gs_trace_start(&options))
    if error is None:
        cpu_before = cpu_ns(native_ids)  # the GIL is held since the start
    return error


def cpu_ns(native_ids):
    """Return the CPU time that each of these threads has used, in nanoseconds; those that there are not are left out."""
    found = {native_id: gs_thread_cpu_ns(native_id) for native_id in native_ids}
    return {native_id: ns for native_id, ns in found.items() if ns >= 0}


def learn():
    """Learn what a forced switch looks like, unless it is known; in the only thread, while recording.

    Returns
    -------
    str or None
        Why it cannot be learned.
    """
    return text(gs_trace_learn())


cdef object seen(const gs_look *looks, size_t count):
    """Return the events at which somebody looked, the number of what was seen at each, and what that is: (code, offset).

    Takes over the looks' references. What was seen is kept until the caller is done: what its end may run does not run here.
    """
    cdef size_t at
    events, numbers, found = np.empty(count, np.int64), np.empty(count, np.int32), {}
    cdef long long[::1] event = events
    cdef int[::1] number = numbers
    for at in range(count):
        code = <object>looks[at].code
        Py_DECREF(code)
        event[at] = looks[at].event
        number[at] = found.setdefault((id(code), looks[at].offset), (len(found), code))[0]
    return events, numbers, [(code, offset) for (_, offset), (_, code) in found.items()]


cdef object function(code, int offset):
    """Return a function's qualified name, its file and the line; None for the frames by which CPython enters Python from C."""
    if not PyCode_Check(code) or code.co_filename == SHIM:
        return None
    cdef int line = PyCode_Addr2Line(<PyCodeObject *><void *>code, offset)
    return code.co_qualname, code.co_filename, line if line > 0 else code.co_firstlineno


cdef double measured_look_ns():
    """The nanoseconds of a look, which is here at what the processor has in its caches."""
    cdef int offset, each
    cdef void *code
    before = time.perf_counter_ns()
    for each in range(LOOKS):
        code = gs_running(&offset)
        if code != NULL:
            Py_DECREF(<object>code)
    return (time.perf_counter_ns() - before) / LOOKS


def stop():
    """Stop, and return the fields of a `gilscope.trace_events.Recording` by name, and those of `gilscope.trace_looks.Sightings`.

    Raises
    ------
    RuntimeError
        No trace is running.
    """
    cdef gs_recording found
    cdef bint looked
    error = text(gs_trace_stop(&found))
    if error is not None:
        raise RuntimeError(error)
    try:
        looked = found.looks != NULL
        events, numbers, ran = seen(found.looks, found.look_count)
        fields = {
            "events": copied(found.events, found.count, np.uint64),
            "native_ids": copied(found.native_ids, found.threads, np.int32),
            "cpu_ns": copied(found.cpu_ns, found.threads, np.int64),
            "cpu_before": cpu_before,
            "lost": found.lost,
            "base": found.base,
            "shift": found.shift,
            "start": (found.start.ticks, found.start.ns),
            "stop": (found.stop.ticks, found.stop.ns),
            "event_ns": found.event_ns,
            "tells_forced": bool(found.tells_forced),
        }
    finally:
        gs_trace_release()
    functions = [function(code, offset) for code, offset in ran]
    return fields, (events, numbers, functions, found.lost_looks, measured_look_ns() if looked else 0.0)
