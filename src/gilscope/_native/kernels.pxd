# What Cython may see of csrc/gilscope.

cdef extern from "gilscope/kernels.h" nogil:
    enum: GS_MAX_INPUTS
    enum: GS_MAX_DIMENSIONS
    enum: GS_MAX_PARAMETERS

    ctypedef enum gs_kind:
        GS_MAP
        GS_FOLD
        GS_WHOLE

    ctypedef struct gs_task:
        const void *in_ "in"[3]
        void *out
        Py_ssize_t lengths[3]
        double parameters[2]

    ctypedef void (*gs_loop)(const gs_task *task, Py_ssize_t start, Py_ssize_t stop) noexcept nogil

    ctypedef struct gs_kernel:
        const char *name
        gs_kind kind
        const char *signature
        char element
        char result
        int parameters
        gs_loop run

    ctypedef struct gs_level:
        const char *name
        int (*supported)() noexcept nogil
        const gs_kernel *kernels

    const gs_level gs_levels[]

cdef extern from "gilscope/clock.h" nogil:
    long long gs_clock_ns()
    void gs_sleep_ns(double nanoseconds)

cdef extern from "gilscope/build.h" nogil:
    const char *GS_COMPILER
    const char *GS_FLAGS
    enum: GS_HAVE_OPENMP
