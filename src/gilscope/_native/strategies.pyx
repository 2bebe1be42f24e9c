# cython: boundscheck=False, wraparound=False
"""Every strategy, around any C loop: the one file that runs a C loop with the GIL released.

A loop (csrc/gilscope/loop.h) computes a range of elements and never mentions the GIL. A strategy is a driver: it decides on which
ranges to call the loop, and in what state of the GIL. So N kernels and M strategies are N + M pieces, and `held` and `released`
run the same machine code at the same address: a difference between them can only come from the GIL. NumPy's ufuncs are built in
the same way.

Two rules keep a driver safe:

- `run` checks every array, size and option before any driver starts, so that the released part needs no Python object.
- A driver returns normally or raises with the GIL held: Cython pairs each release with a re-take, also when an exception leaves
  the block. An early `return` between hand-written Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS would not.

A new strategy is one driver and one row in STRATEGIES.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from cython.parallel cimport prange
from libc.stdint cimport uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
cimport numpy as cnp

from gilscope._native.kernels cimport (
    GS_COMPILER, GS_FLAGS, GS_FOLD, GS_HAVE_OPENMP, GS_MAP, GS_WHOLE, gs_clock_ns, gs_isa, gs_kernel, gs_kernels, gs_loop, gs_task,
)

cnp.import_array()

COMPILER = GS_COMPILER.decode()
FLAGS = GS_FLAGS.decode()
HAVE_OPENMP = bool(GS_HAVE_OPENMP)
MAX_THREADS = 256
MAX_GRAIN = 2**62


def isa() -> str:
    """Return the instruction set of the clones that run here: "avx512f", "avx2" or "default"."""
    return gs_isa().decode()


# --- the loops -----------------------------------------------------------------------------------------------------------------

@cython.final
cdef class Loop:
    """One C loop: a kernel for one element type.

    Attributes
    ----------
    kernel : str
        The kernel's name.
    kind : str
        "map", "fold" or "whole".
    element, result : str
        NumPy's one-letter types of the inputs and of the result.
    inputs, parameters : int
        How many arrays and how many numbers it takes.
    address : int
        Where the machine code starts that every strategy runs.
    """

    cdef const gs_kernel *row
    cdef readonly str kernel, kind, element, result
    cdef readonly int inputs, parameters

    def __init__(self):
        raise TypeError("loops are not made: they are in LOOPS")

    @property
    def address(self):
        return <uintptr_t>self.row.run

    def __repr__(self):
        return f"<C loop {self.kernel} [{self.element}] at {self.address:#x}>"


cdef Loop loop_of(const gs_kernel *row):
    cdef Loop loop = Loop.__new__(Loop)
    loop.row = row
    loop.kernel = row.name.decode()
    loop.kind = {GS_MAP: "map", GS_FOLD: "fold", GS_WHOLE: "whole"}[row.kind]
    loop.element, loop.result = chr(row.element), chr(row.result)
    loop.inputs, loop.parameters = row.inputs, row.parameters
    return loop


def _all_loops():
    cdef const gs_kernel *row = gs_kernels
    while row.name != NULL:
        yield loop_of(row)
        row += 1


LOOPS = tuple(_all_loops())


# --- one call ------------------------------------------------------------------------------------------------------------------

ctypedef struct Job:
    gs_loop run
    gs_task task
    Py_ssize_t count
    Py_ssize_t results  # items that a fold adds to; 0 for a map
    Py_ssize_t grain
    Py_ssize_t threshold
    long long interval_ns
    int threads


cdef str flaw(const gs_kernel *row, tuple inputs, object result):
    """What is wrong with the arrays, or None."""
    cdef Py_ssize_t position
    if len(inputs) != row.inputs or not cnp.PyArray_CheckExact(result):
        return f"takes {row.inputs} input arrays and an array for the result"
    for position in range(row.inputs):
        if not cnp.PyArray_CheckExact(inputs[position]) or not usable(inputs[position], row.element):
            return f"takes C-contiguous, aligned input arrays of type {chr(row.element)!r}"
        if position and not same_shape(inputs[0], inputs[position]):
            return "takes inputs of equal shapes"
    if not usable(result, row.result) or not cnp.PyArray_ISWRITEABLE(result):
        return f"takes a writable, C-contiguous, aligned result of type {chr(row.result)!r}"
    if row.kind == GS_MAP and not same_shape(inputs[0], result):
        return "takes a result of the shape of its inputs"
    if row.kind != GS_MAP and cnp.PyArray_NDIM(inputs[0]) != 1:
        return "takes one-dimensional inputs"
    if row.kind != GS_MAP and cnp.PyArray_SIZE(result) != row.results:
        return f"takes a result of {row.results} items"
    for position in range(row.inputs):
        if overlaps_partly(row, inputs[position], result):
            return "takes a result that is an input or shares no memory with one"
    return None


cdef bint usable(cnp.ndarray array, char kind):
    return array.descr.type == kind and cnp.PyArray_ISCARRAY_RO(array)


cdef bint same_shape(cnp.ndarray left, cnp.ndarray right):
    cdef int axis, axes = cnp.PyArray_NDIM(left)
    if axes != cnp.PyArray_NDIM(right):
        return False
    for axis in range(axes):
        if cnp.PyArray_DIM(left, axis) != cnp.PyArray_DIM(right, axis):
            return False
    return True


cdef bint overlaps_partly(const gs_kernel *row, cnp.ndarray array, cnp.ndarray out):
    cdef uintptr_t start = <uintptr_t>cnp.PyArray_DATA(array), out_start = <uintptr_t>cnp.PyArray_DATA(out)
    if start == out_start and row.kind == GS_MAP and row.element == row.result:
        return False
    return start < out_start + <uintptr_t>cnp.PyArray_NBYTES(out) and out_start < start + <uintptr_t>cnp.PyArray_NBYTES(array)


cdef bint is_for(const gs_kernel *row, tuple inputs):
    """Tell whether the loop is the one for the inputs' element type."""
    return len(inputs) > 0 and cnp.PyArray_Check(inputs[0]) and (<cnp.ndarray>inputs[0]).descr.type == row.element


def pick(tuple loops not None, tuple inputs not None, result):
    """Return the loop that can run on these arrays as users pass them (a fold's result is 0-d), or None."""
    cdef Loop loop
    for loop in loops:
        if is_for(loop.row, inputs) and flaw(loop.row, inputs, result) is None:
            return loop if loop.row.kind != GS_FOLD or cnp.PyArray_NDIM(result) == 0 else None
    return None


cdef int fill(Job *job, Loop loop, tuple inputs, object result, tuple parameters) except -1:
    cdef const gs_kernel *row = loop.row
    cdef str wrong = flaw(row, inputs, result)
    if wrong is not None:
        raise ValueError(f"{loop.kernel} {wrong}")
    if len(parameters) != row.parameters:
        raise ValueError(f"{loop.kernel} takes {row.parameters} parameters")
    set_loop(job, row, parameters)
    point(job, row, inputs, result)
    return 0


cdef int set_loop(Job *job, const gs_kernel *row, tuple parameters) except -1:
    cdef int position
    for position in range(row.parameters):
        job.task.parameters[position] = parameters[position]
    job.run = row.run
    job.results = row.results
    return 0


cdef void point(Job *job, const gs_kernel *row, tuple inputs, cnp.ndarray result):
    """Point the job at checked arrays."""
    cdef int position
    for position in range(row.inputs):
        job.task.in_[position] = cnp.PyArray_DATA(<cnp.ndarray>inputs[position])
    job.task.out = cnp.PyArray_DATA(result)
    job.count = cnp.PyArray_SIZE(<cnp.ndarray>inputs[0])
    clear(job)


cdef inline void clear(const Job *job) noexcept nogil:
    """A fold adds to its result, which holds zeros at first. Results of folds are doubles."""
    if job.results:
        memset(job.task.out, 0, job.results * sizeof(double))


# --- the strategies ------------------------------------------------------------------------------------------------------------

ctypedef int (*driver)(Job *job) except -1


cdef int held(Job *job) except -1:
    job.run(&job.task, 0, job.count)
    return 0


cdef int released(Job *job) except -1:
    with nogil:
        job.run(&job.task, 0, job.count)
    return 0


cdef int declared_nogil(Job *job) except -1:
    permitted(job)
    return 0


cdef void permitted(Job *job) noexcept nogil:
    """`nogil` in the declaration permits a call without the GIL. It releases nothing."""
    job.run(&job.task, 0, job.count)


cdef int chunked(Job *job) except -1:
    cdef Py_ssize_t start = 0, stop
    while start < job.count:
        stop = chunk_end(job, start)
        with nogil:
            job.run(&job.task, start, stop)
        start = stop
    return 0


cdef int per_item(Job *job) except -1:
    job.grain = 1
    return chunked(job)


cdef int thresholded(Job *job) except -1:
    return released(job) if job.count > job.threshold else held(job)


cdef int reacquired(Job *job) except -1:
    cdef Py_ssize_t start = 0, stop
    with nogil:
        while start < job.count:
            stop = chunk_end(job, start)
            job.run(&job.task, start, stop)
            with gil:
                pass
            start = stop
    return 0


cdef int yielding(Job *job) except -1:
    cdef Py_ssize_t start = 0, stop
    while start < job.count:
        stop = chunk_end(job, start)
        job.run(&job.task, start, stop)
        with nogil:
            pass
        start = stop
    return 0


cdef int interruptible(Job *job) except -1:
    cdef Py_ssize_t start = 0, stop
    cdef long long due
    with nogil:
        due = gs_clock_ns() + job.interval_ns
        while start < job.count:
            stop = chunk_end(job, start)
            job.run(&job.task, start, stop)
            start = stop
            if gs_clock_ns() >= due:
                with gil:
                    PyErr_CheckSignals()
                due = gs_clock_ns() + job.interval_ns
    return 0


cdef int parallel(Job *job) except -1:
    cdef int thread, threads = job.threads
    cdef double *partials = NULL
    cdef Py_ssize_t stride = padded(job.results)
    if job.results:
        partials = <double *>calloc(threads * stride, sizeof(double))
        if partials == NULL:
            raise MemoryError
    for thread in prange(threads, nogil=True, num_threads=threads, schedule="static", chunksize=1):
        run_share(job, thread, partials + thread * stride if partials != NULL else NULL)
    combine(job, partials, stride)
    free(partials)
    return 0


cdef void run_share(const Job *job, int thread, double *partial) noexcept nogil:
    """One thread's even share of the elements; a fold's into a partial result of its own."""
    cdef gs_task task = job.task
    cdef Py_ssize_t share = job.count // job.threads, rest = job.count % job.threads
    cdef Py_ssize_t start = thread * share + min(thread, rest)
    if partial != NULL:
        task.out = partial
    job.run(&task, start, start + share + (thread < rest))


cdef void combine(const Job *job, const double *partials, Py_ssize_t stride) noexcept:
    cdef Py_ssize_t item
    cdef int thread
    for thread in range(job.threads if partials != NULL else 0):
        for item in range(job.results):
            (<double *>job.task.out)[item] += partials[thread * stride + item]


cdef inline Py_ssize_t padded(Py_ssize_t results) noexcept:
    """Whole cache lines, so that two threads' partial results never share one."""
    return (results + 7) // 8 * 8


cdef inline Py_ssize_t chunk_end(const Job *job, Py_ssize_t start) noexcept nogil:
    return job.count if job.count - start <= job.grain else start + job.grain


# --- the table -----------------------------------------------------------------------------------------------------------------

@cython.final
cdef class Strategy:
    """How a native call treats the GIL.

    Attributes
    ----------
    name, summary : str
        What users call it, and what it does.
    options : dict
        The options it takes, with their defaults.
    missing : str or None
        Why it cannot be used in this build.
    """

    cdef driver drive
    cdef readonly str name, summary, missing
    cdef readonly dict options

    def __init__(self):
        raise TypeError("strategies are not made: they are in STRATEGIES")

    def __repr__(self):
        return f"<strategy {self.name}: {self.summary}>"


cdef Strategy strategy_of(driver drive, str name, str summary, dict options={}, str missing=None):
    cdef Strategy strategy = Strategy.__new__(Strategy)
    strategy.drive = drive
    strategy.name, strategy.summary, strategy.options, strategy.missing = name, summary, options, missing
    return strategy


STRATEGIES = (
    strategy_of(held, "held", "keeps the GIL for the whole call"),
    strategy_of(released, "released", "releases the GIL once, around the loop"),
    strategy_of(declared_nogil, "declared_nogil", "is declared nogil but called with the GIL held: does not release"),
    strategy_of(chunked, "chunked", "releases for `grain` elements at a time", {"grain": 4096}),
    strategy_of(per_item, "per_item", "releases for each element"),
    strategy_of(thresholded, "thresholded", "releases above `threshold` elements (NumPy's rule)", {"threshold": 500}),
    strategy_of(reacquired, "reacquired", "released, but takes the GIL back every `grain` elements", {"grain": 4096}),
    strategy_of(yielding, "yielding", "held, with an empty release every `grain` elements", {"grain": 4096}),
    strategy_of(interruptible, "interruptible", "released, checks for signals every `interval` seconds",
                {"interval": 0.005, "grain": 4096}),
    strategy_of(parallel, "parallel", "releases once, then runs OpenMP threads inside", {"threads": 2},
                None if HAVE_OPENMP else "built without OpenMP"),
)


cdef Py_ssize_t whole(str name, object value, Py_ssize_t low, Py_ssize_t high) except -1:
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be at least {low} and at most {high}, not {value}")
    return value


cdef long long nanoseconds(str name, object seconds) except -1:
    if isinstance(seconds, bool) or not hasattr(type(seconds), "__float__"):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    if not 0 <= seconds <= 3600:
        raise ValueError(f"{name} must be from 0 to 3600 seconds, not {seconds}")
    return <long long>(<double>seconds * 1e9)


cdef int set_options(Job *job, dict options) except -1:
    job.grain = whole("grain", options.get("grain", MAX_GRAIN), 1, MAX_GRAIN)
    job.threshold = whole("threshold", options.get("threshold", 0), 0, MAX_GRAIN)
    job.threads = whole("threads", options.get("threads", 1), 1, MAX_THREADS)
    job.interval_ns = nanoseconds("interval", options.get("interval", 0))
    return 0


def check_options(dict options not None):
    """Check a strategy's options as `run` does, for who takes them without it."""
    cdef Job job
    set_options(&job, options)


def run(Loop loop not None, Strategy strategy not None, tuple inputs not None, result, tuple parameters=(), dict options={}):
    """Run a loop under a strategy.

    Parameters
    ----------
    loop : Loop
        What to compute.
    strategy : Strategy
        How to treat the GIL.
    inputs : tuple of ndarray
        C-contiguous, aligned, of the loop's element type, of one shape.
    result : ndarray
        Likewise, of the loop's result type; a map's may be one of the inputs.
    parameters : tuple of float
        The loop's numbers.
    options : dict
        The strategy's options; what is absent has its default.

    Raises
    ------
    ValueError, TypeError
        When an array, a parameter or an option is not as the loop needs it. Nothing has run then.
    RuntimeError
        When the strategy cannot be used in this build.
    """
    cdef Job job
    require(strategy)
    set_options(&job, {**strategy.options, **options})
    fill(&job, loop, inputs, result, parameters)
    strategy.drive(&job)


cdef int require(Strategy strategy) except -1:
    if strategy.missing is not None:
        raise RuntimeError(f"{strategy.name} is unavailable: {strategy.missing}")
    return 0


@cython.final
cdef class Direct:
    """The quick way in: runs at once on arrays that fit one of a kernel's loops, with default options, or returns False.

    Parameters
    ----------
    loops : tuple of Loop
        The kernel's loops, one for each element type.
    strategy : Strategy
        How to treat the GIL.
    parameters : tuple of float
        The loops' numbers.
    """

    cdef tuple loops
    cdef Strategy strategy
    cdef tuple parameters
    cdef Job template

    def __init__(self, tuple loops not None, Strategy strategy not None, tuple parameters not None):
        require(strategy)
        set_options(&self.template, strategy.options)
        for loop in loops:
            if len(parameters) != loop.parameters:
                raise ValueError(f"{loop.kernel} takes {loop.parameters} parameters")
        self.loops, self.strategy, self.parameters = loops, strategy, parameters

    def __call__(self, tuple inputs not None, result):
        cdef Loop loop = pick(self.loops, inputs, result)
        cdef Job job = self.template
        if loop is None:
            return False
        set_loop(&job, loop.row, self.parameters)
        point(&job, loop.row, inputs, result)
        self.strategy.drive(&job)
        return True


def repeat(Loop loop not None, tuple inputs not None, result, tuple parameters, calls):
    """Run a loop many times in one release: what a native thread does, with no Python in the way."""
    cdef Job job
    cdef Py_ssize_t call, count = whole("calls", calls, 0, MAX_GRAIN)
    fill(&job, loop, inputs, result, parameters)
    with nogil:
        for call in range(count):
            clear(&job)
            job.run(&job.task, 0, job.count)
