/* Which Python function this thread runs: the one part of the tracer that depends on the version of CPython.
 *
 * Called in a hook: while the thread drops the GIL but still holds gil->mutex, or when it has just taken the GIL. So nobody
 * else runs Python, and to take a reference is safe; but nothing here may allocate, lock, call Python or give a reference
 * back. Only the thread's own state is read, whose frames change in this thread alone.
 */
#ifndef GILSCOPE_TRACER_FRAME_H
#define GILSCOPE_TRACER_FRAME_H

#include <Python.h>

/* A debug build counts references in the current thread state, of which there is none while the GIL is dropped. */
#if defined(Py_GIL_DISABLED)
#define GS_NO_FRAMES "a free-threaded Python has no GIL that would keep its frames still"
#elif defined(Py_REF_DEBUG)
#define GS_NO_FRAMES "this is a debug build of Python"
#elif defined(PYPY_VERSION) || PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030F0000
#define GS_NO_FRAMES "the frames of this version of Python are not known"
#endif

#ifdef GS_NO_FRAMES
static inline void *gs_running(int *offset) {
    (void)offset;
    return NULL;
}
#else
#define GS_NO_FRAMES NULL

#if PY_VERSION_HEX >= 0x030D0000
#define GS_CURRENT_FRAME(state) ((state)->current_frame)
#define GS_IS_FINALIZING Py_IsFinalizing
#else
#define GS_CURRENT_FRAME(state) ((state)->cframe->current_frame)
#define GS_IS_FINALIZING _Py_IsFinalizing
#endif

#if PY_VERSION_HEX < 0x030C0000
#ifndef Py_BUILD_CORE
#define Py_BUILD_CORE 1
#endif
#include <internal/pycore_frame.h>

/* In 3.11.0 a frame is current until its code is gone: a reference to what is being destroyed would revive it. */
static inline PyObject *gs_code_of(struct _PyInterpreterFrame *frame) {
    PyObject *code = (PyObject *)frame->f_code;
    return Py_REFCNT(code) > 0 ? Py_NewRef(code) : NULL;
}

static inline int gs_offset_in(struct _PyInterpreterFrame *frame) {
    return _PyInterpreterFrame_LASTI(frame) * (int)sizeof(_Py_CODEUNIT);
}
#else
#define gs_code_of PyUnstable_InterpreterFrame_GetCode
#define gs_offset_in PyUnstable_InterpreterFrame_GetLasti
#endif

/* A new reference to what the thread's innermost frame runs, which need not be code, and the offset of its instruction if it
 * is. NULL where the thread runs no Python, ends, or is one that a Python that is about to end has left: its state may be
 * gone. */
static inline void *gs_running(int *offset) {
    PyThreadState *state = GS_IS_FINALIZING() ? NULL : PyGILState_GetThisThreadState();
    struct _PyInterpreterFrame *frame = state ? GS_CURRENT_FRAME(state) : NULL;
    PyObject *code = frame ? gs_code_of(frame) : NULL;
    *offset = code && PyCode_Check(code) ? gs_offset_in(frame) : -1;
    return code;
}
#endif

#endif
