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
from libc.stdlib cimport calloc, free

from gilscope._native.kernels cimport GS_WHOLE, gs_clock_ns, gs_task
from gilscope._native.loops cimport Job, Loop, clear, fill, item_size, picked, point, set_loop
from gilscope._native.loops import HAVE_OPENMP as _HAVE_OPENMP

MAX_THREADS = 256
MAX_GRAIN = 2**62

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
    cdef char *partials = NULL
    cdef Py_ssize_t stride = padded(job.results * item_size(job.result))
    if job.results:
        partials = <char *>calloc(threads, stride)
        if partials == NULL:
            raise MemoryError
    for thread in prange(threads, nogil=True, num_threads=threads, schedule="static", chunksize=1):
        run_share(job, thread, partials + thread * stride if partials != NULL else NULL)
    for thread in range(threads if partials != NULL else 0):
        combine(job, partials + thread * stride)
    free(partials)
    return 0


cdef void run_share(const Job *job, int thread, char *partial) noexcept nogil:
    """One thread's even share of the elements; a fold's into a partial result of its own."""
    cdef gs_task task = job.task
    cdef Py_ssize_t share = job.count // job.threads, rest = job.count % job.threads
    cdef Py_ssize_t start = thread * share + min(thread, rest)
    if partial != NULL:
        task.out = partial
    job.run(&task, start, start + share + (thread < rest))


cdef void combine(const Job *job, const char *partial) noexcept:
    cdef Py_ssize_t item
    for item in range(job.results):
        if job.result == c"d":
            (<double *>job.task.out)[item] += (<const double *>partial)[item]
        else:
            (<Py_ssize_t *>job.task.out)[item] += (<const Py_ssize_t *>partial)[item]


cdef inline Py_ssize_t padded(Py_ssize_t size) noexcept:
    """Whole cache lines, so that two threads' partial results never share one."""
    return (size + 63) // 64 * 64


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
    cuts : bool
        Whether it computes range by range, which a whole does not allow.
    missing : str or None
        Why it cannot be used in this build.
    """

    cdef driver drive
    cdef readonly str name, summary, missing
    cdef readonly dict options
    cdef readonly bint cuts

    def __init__(self):
        raise TypeError("strategies are not made: they are in STRATEGIES")

    def __repr__(self):
        return f"<strategy {self.name}: {self.summary}>"


cdef Strategy strategy_of(driver drive, str name, str summary, dict options={}, bint cuts=False, str missing=None):
    cdef Strategy strategy = Strategy.__new__(Strategy)
    strategy.drive = drive
    strategy.name, strategy.summary, strategy.options = name, summary, options
    strategy.cuts, strategy.missing = cuts, missing
    return strategy


# Those with True compute range by range, which a whole does not allow.
STRATEGIES = (
    strategy_of(held, "held", "keeps the GIL for the whole call"),
    strategy_of(released, "released", "releases the GIL once, around the loop"),
    strategy_of(declared_nogil, "declared_nogil", "is declared nogil but called with the GIL held: does not release"),
    strategy_of(chunked, "chunked", "releases for `grain` elements at a time", {"grain": 4096}, True),
    strategy_of(per_item, "per_item", "releases for each element", {}, True),
    strategy_of(thresholded, "thresholded", "releases above `threshold` elements (NumPy's rule)", {"threshold": 500}),
    strategy_of(reacquired, "reacquired", "released, but takes the GIL back every `grain` elements", {"grain": 4096}, True),
    strategy_of(yielding, "yielding", "held, with an empty release every `grain` elements", {"grain": 4096}, True),
    strategy_of(interruptible, "interruptible", "released, checks for signals every `interval` seconds",
                {"interval": 0.005, "grain": 4096}, True),
    strategy_of(parallel, "parallel", "releases once, then runs OpenMP threads inside", {"threads": 2}, True,
                None if _HAVE_OPENMP else "built without OpenMP"),
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
        C-contiguous, aligned, of the loop's element type, of shapes as its signature says.
    result : ndarray
        Likewise, of the loop's result type; one item of any shape where the signature says a number. Where the work is element
        by element it may be one of the inputs.
    parameters : tuple of float
        The loop's numbers.
    options : dict
        The strategy's options; what is absent has its default.

    Raises
    ------
    ValueError, TypeError
        When an array, a parameter or an option is not as the loop needs it. Nothing has run then.
    RuntimeError
        When the strategy cannot be used in this build, or cuts what can only be computed at once.
    """
    cdef Job job
    require(strategy, loop)
    set_options(&job, {**strategy.options, **options})
    fill(&job, loop, inputs, result, parameters)
    strategy.drive(&job)


cdef int require(Strategy strategy, Loop loop) except -1:
    if strategy.cuts and loop.row.kind == GS_WHOLE:
        raise RuntimeError(f"{strategy.name} is unavailable: {loop.kernel} can only be computed at once")
    if strategy.missing is not None:
        raise RuntimeError(f"{strategy.name} is unavailable: {strategy.missing}")
    return 0


@cython.final
cdef class Direct:
    """The quick way in: runs at once on arrays that fit one of a kernel's loops, or returns False.

    Called with the inputs, the result and the strategy's options that are not the defaults.

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
        set_options(&self.template, strategy.options)
        for loop in loops:
            require(strategy, loop)
            if len(parameters) != loop.parameters:
                raise ValueError(f"{loop.kernel} takes {loop.parameters} parameters")
        self.loops, self.strategy, self.parameters = loops, strategy, parameters

    def __call__(self, tuple inputs not None, result, dict options not None):
        cdef Loop loop = picked(self.loops, inputs, result)
        cdef Job job = self.template
        if loop is None or (options and not options.keys() <= self.strategy.options.keys()):
            return False
        if options:
            set_options(&job, {**self.strategy.options, **options})
        set_loop(&job, loop, self.parameters)
        point(&job, loop, inputs, result)
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
