"""What a worker does for one sample: make its arrays once, wait for the others, run its share of the calls, say what it took."""

from __future__ import annotations

import hashlib
import itertools
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from gilscope.cases import Case
from gilscope.cores import pinned
from gilscope.machine import Usage, usage
from gilscope.surroundings import settle

CACHEABLE_BYTES = 64_000_000
WARM_SECONDS = 0.003

_local = threading.local()
_limits: list[Any] = []


@dataclass(frozen=True)
class Share:
    """One worker's part of a sample.

    `start_ns` and `stop_ns` are on the clock of `time.perf_counter_ns`, which the machine's processes share.
    """

    start_ns: int
    stop_ns: int
    usage: Usage
    checksum: str | None = None


def take(
    index: int,
    start: Callable[[], None],
    case: Case,
    calls: int,
    cores: list[int] | None,
    digest: bool,
    fresh: bool = False,
) -> Share:
    """Run one worker's share of a sample.

    Parameters
    ----------
    index : int
        Which worker this is.
    start : callable
        Returns when all workers are ready.
    case : Case
        What to run.
    calls : int
        How often this worker calls it.
    cores : list of int, optional
        One core for each worker; None lets them float.
    digest : bool
        Whether to return a checksum of the output.
    fresh : bool
        Whether other workers ran last, on arrays of their own.
    """
    run = prepared(case)
    thread = case.executor in ("threads", "native")
    with pinned(cores[index]) if cores else nullcontext():
        if fresh and calls > 1:
            warm_up(run, arrays_of(case))
        start()
        before = usage(thread=thread)
        start_ns = time.perf_counter_ns()
        run(calls)
        stop_ns = time.perf_counter_ns()
        after = usage(thread=thread)
    return Share(start_ns, stop_ns, after - before, checksum(arrays_of(case)) if digest else None)


def warm_up(run: Callable[[int], None], arrays: tuple[Any, ...]) -> None:
    """Call for a few milliseconds, and at least twice, to have the arrays back in the caches if they fit.

    Else the first case after a change of workers pays for it in every block: two threads on 16 MB each took 1.2 ms a call
    instead of 0.6 ms, and the third call was the first at full speed.
    """
    if sum(each.nbytes for each in arrays if isinstance(each, np.ndarray)) > CACHEABLE_BYTES:
        return
    run(2)
    until = time.perf_counter() + WARM_SECONDS
    while time.perf_counter() < until:
        run(1)


def prepared(case: Case) -> Callable[[int], None]:
    """Return what runs the case a number of times, on arrays that belong to this worker and stay the same."""
    limit_blas()
    arrays = arrays_of(case)
    if case.executor == "native":
        return native_rounds(case, arrays)
    call = case.target.bound(arrays, case.call_options)

    def run(calls: int) -> None:
        for _ in itertools.repeat(None, calls):
            call()

    return run


def native_rounds(case: Case, arrays: tuple[Any, ...]) -> Callable[[int], None]:
    """Return what repeats a C loop in one release: a native thread, for all that Python has to do with it."""
    from gilscope._native.loops import pick
    from gilscope._native.strategies import repeat
    from gilscope.kernels._implementations import c_loops

    kernel = case.target.kernel
    *inputs, out = arrays
    loop = pick(tuple(c_loops(kernel).values()), tuple(inputs), out)
    assert loop is not None, f"{case.id} has no C loop"
    parameters = tuple({**kernel.parameters, **case.options}[name] for name in kernel.parameters)
    return lambda calls: repeat(loop, tuple(inputs), out, parameters, calls)


def arrays_of(case: Case) -> tuple[Any, ...]:
    """Return this worker's arrays: the same for all cases on the same data, so that addresses do not differ between them."""
    from gilscope.kernels._routines import ROUTINES

    data = case.call if case.call in ROUTINES else case.kernel
    key = (data, case.size, case.dtype)
    if getattr(_local, "key", None) != key:
        _local.key, _local.arrays = None, ()  # let the old arrays go before the new ones come
        _local.arrays = case.target.arrays(case.size, case.dtype)
        _local.key = key
    arrays: tuple[Any, ...] = _local.arrays
    return arrays


def forget() -> None:
    """Let this thread's arrays go."""
    _local.key, _local.arrays = None, ()


def limit_blas() -> None:
    """Limit BLAS to one thread, once in each process: what is measured are our threads."""
    if not _limits:
        from threadpoolctl import threadpool_limits

        _limits.append(threadpool_limits(1, user_api="blas"))


def unlimit_blas() -> None:
    """Give BLAS its threads back."""
    while _limits:
        _limits.pop().restore_original_limits()


@contextmanager
def blas_threads(number: int) -> Iterator[None]:
    """Let BLAS have more threads than one for a while, and wait until they are quiet before others are measured."""
    if number == 1:
        yield
        return
    from threadpoolctl import threadpool_limits

    limit_blas()  # before, so that what it had at first is known
    with threadpool_limits(number, user_api="blas"):
        yield
    settle()


def checksum(arrays: tuple[Any, ...]) -> str | None:
    """Return a digest of the output, the last array; None where there is no output to look at."""
    out = arrays[-1]
    if not isinstance(out, np.ndarray):
        return None
    content = pickle.dumps(out.tolist()) if out.dtype.hasobject else out.tobytes()
    return hashlib.blake2b(content, digest_size=8).hexdigest()
