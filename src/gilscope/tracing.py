"""Who held, waited for and dropped the GIL, and when: `trace` records it, a `Trace` tells it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gilscope import chrome, spans
from gilscope._native import tracer
from gilscope.cpu_time import cpu_used
from gilscope.machine import gil_is_on
from gilscope.spans import TracedSpan
from gilscope.stretches import TracedStretch, longest, stretch
from gilscope.thread_names import ThreadNames
from gilscope.trace_data import TraceCost, TraceData, TracedThread
from gilscope.trace_events import HELD, WAITING, Recording, intervals_of, span
from gilscope.trace_looks import Looks, Sightings, looks_of
from gilscope.trace_table import table

__all__ = ["Trace", "TracerUnavailable", "trace"]

#: 80 MB of addresses; memory is used only for what is recorded.
MAX_EVENTS = 10_000_000

#: With `who`: 24 MB of addresses likewise, and the shortest holds and waits at which the tracer looks who ends them. There are at
#: most 10,000 of these a second for each thread, and a look takes some 20 ns.
MAX_LOOKS = 1_000_000
LONG_NS = 100_000

#: The kernel keeps time by these counters only where they tick evenly and agree on all cores.
_STEADY_COUNTERS = {"tsc", "arch_sys_counter"}
_CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")


class TracerUnavailable(RuntimeError):
    """There is no tracer for this system or this Python; the message says why."""


class Trace:
    """What `trace` recorded, once its block has ended."""

    def __init__(self, data: TraceData | None = None) -> None:
        self._found = data

    @property
    def _data(self) -> TraceData:
        if self._found is None:
            raise RuntimeError("the trace is still running: what it found is there when its block has ended")
        return self._found

    @property
    def data(self) -> TraceData:
        """What was found, as reports take it."""
        return self._data

    @cached_property
    def threads(self) -> tuple[TracedThread, ...]:
        """What each thread did, in the order in which they were first heard of."""
        return self._data.threads()

    def intervals(self, native_id: int) -> NDArray[Any]:
        """Return the states of a thread one after the other.

        Parameters
        ----------
        native_id : int
            The system's number of the thread, as in ``threading.Thread.native_id``.

        Returns
        -------
        ndarray
            ``start_ns`` and ``stop_ns`` on the clock of `time.perf_counter_ns`, and ``state``: "held", "waiting" or "outside".
            Of all threads that had this number, if the system gave it to more than one.

        Raises
        ------
        KeyError
            The trace knows of no such thread.
        """
        if native_id not in self._data.native_ids:
            raise KeyError(
                f"no thread {native_id} in this trace; there are {', '.join(map(str, self._data.native_ids)) or 'none'}"
            )
        return self._data.of(native_id)

    @property
    def start_ns(self) -> int:
        """When the trace started, on the clock of `time.perf_counter_ns`."""
        return self._data.start_ns

    @property
    def stop_ns(self) -> int:
        """When it ended; if the buffer was full, when that was."""
        return self._data.stop_ns

    @property
    def gil(self) -> bool:
        """Whether there was a GIL to trace: not in a free-threaded Python."""
        return self._data.gil

    @property
    def held_fraction(self) -> float:
        """The share of the time in which any thread held the GIL."""
        return self._data.held_fraction()

    @property
    def dropped_events(self) -> int:
        """Events that were not recorded because the buffer was full; `stop_ns` is when."""
        return self._data.lost

    def top_holders(self, n: int = 10) -> tuple[TracedStretch, ...]:
        """Return the longest holds, each with the Python function that let go of the GIL at its end.

        That is the innermost function which the thread ran at that moment. It is not always what kept the GIL: a thread that
        computes for long in one function and then returns, or calls another that releases the GIL, is named by the other.
        Functions of C and Cython have no frames: the Python function that called them is named. The function is None for holds
        shorter than 0.1 ms, for the one with which the trace ended, and where a thread ran no Python when it let go.

        Parameters
        ----------
        n : int
            How many.

        Raises
        ------
        RuntimeError
            The trace was taken without ``who=True``, or is still running.
        """
        return self._longest(HELD, n)

    def top_waiters(self, n: int = 10) -> tuple[TracedStretch, ...]:
        """Return the longest waits for the GIL, each with the innermost Python function of the thread that waited.

        Parameters
        ----------
        n : int
            How many.

        Raises
        ------
        RuntimeError
            The trace was taken without ``who=True``, or is still running.
        """
        return self._longest(WAITING, n)

    def _longest(self, state: int, most: int) -> tuple[TracedStretch, ...]:
        if self._data.looks is None:
            raise RuntimeError("this trace does not know functions: it was taken without who=True (gilscope trace --who)")
        return tuple(stretch(self._data, interval) for interval in longest(self._data, state, most))

    @property
    def spans(self) -> tuple[TracedSpan, ...]:
        """What the program marked with `gilscope.span`, in the order of the starts."""
        return self._data.spans

    @property
    def cost(self) -> TraceCost:
        """What the tracing itself cost."""
        return self._data.cost()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace in Chrome's format, which https://ui.perfetto.dev shows; compressed if the path ends in ``.gz``."""
        chrome.save(self._data, Path(path))

    def timeline(self, path: str | os.PathLike[str], *, title: str = "who held the GIL") -> None:
        """Draw the trace: a lane for each thread, coloured by state, below what the program marked with `gilscope.span`.

        Parameters
        ----------
        path : path-like
            Ends in ``.png``, ``.svg`` or ``.html``: a page to zoom into, which makes no request.
        title : str
            What was traced.

        Raises
        ------
        ValueError
            It ends in something else.
        RuntimeError
            The libraries for it are not installed: ``pip install 'gilscope[report]'``.
        """
        from gilscope.reports import timeline

        timeline.draw(self._data, Path(path), title)

    def _repr_html_(self) -> str | None:
        from gilscope.reports import notebook_cell

        return None if self._found is None else notebook_cell.html(self._found)

    @classmethod
    def from_dict(cls, document: Any) -> "Trace":
        """Return the trace that `save` wrote, from its parsed JSON."""
        return cls(chrome.from_dict(document))

    def __str__(self) -> str:
        return "a trace that is still running" if self._found is None else table(self._found)

    def __repr__(self) -> str:
        if self._found is None:
            return "<Trace: running>"
        return f"<Trace: {len(self.threads)} threads, {self.cost.events} events, GIL held {self.held_fraction:.1%}>"


@contextmanager
def trace(*, who: bool = False, max_events: int = MAX_EVENTS) -> Iterator[Trace]:
    """Record who holds, waits for and drops the GIL while the block runs.

    In this process, in all its threads, from now on; without a GIL there is nothing to record, which `Trace.gil` says. A process
    that is forked meanwhile is not traced. Threads of a subinterpreter that has a GIL of its own appear as outside.

    Parameters
    ----------
    who : bool
        Also look which Python function ends each hold and each wait of at least 0.1 ms: `Trace.top_holders` and
        `Trace.top_waiters`. What that cost is in `Trace.cost`. Code that ran then is kept until the trace ends.
    max_events : int
        Room for this many, 8 bytes each, of which memory is used only for what is recorded. A take and a drop are two, a wait is
        one more. When they are used up the trace ends, and the rest is counted.

    Yields
    ------
    Trace
        Filled when the block ends.

    Raises
    ------
    TracerUnavailable
        There is no tracer for this system or this Python, or functions were asked for and cannot be told in it.
    RuntimeError
        Another trace is running.
    """
    _require_count(max_events)
    found, process = Trace(), os.getpid()
    _require_functions(who)
    with ThreadNames(tracer.learn) as names:
        without_gil = _start(max_events, names, MAX_LOOKS if who else 0)
        spans.start()
        try:
            yield found
        finally:
            marks = spans.stop()
            data = _stop(without_gil, names) if os.getpid() == process else TraceData(0, 0, forked=True)
            looks = (data.looks or Looks({}, LONG_NS)) if who else None
            marked = spans.matched(marks, data.start_ns, data.stop_ns)
            found._found = replace(data, spans=marked, lost_marks=marks.lost, looks=looks)


def _require_count(max_events: Any) -> None:
    if isinstance(max_events, bool) or not isinstance(max_events, int):
        raise TypeError(f"max_events must be an integer, not {type(max_events).__name__}")
    if not 1 <= max_events <= 2**44:
        raise ValueError(f"max_events must be from 1 to {2**44}, not {max_events}")


def _require_functions(who: bool) -> None:
    if who and (reason := tracer.no_functions()) is not None:
        raise TracerUnavailable(f"functions cannot be told (who): {reason}")


def _start(max_events: int, names: ThreadNames, max_looks: int) -> Recording | None:
    """Start to record; where there is no GIL return a recording that is empty and goes on."""
    if (reason := tracer.unavailable()) is not None:
        raise TracerUnavailable(f"the GIL cannot be traced: {reason}")
    if not gil_is_on():
        return _nothing(time.perf_counter_ns(), tracer.cpu_ns(names.before))
    steady = _counter_is_steady()
    if (reason := tracer.start(max_events, steady, names.started_alone, max_looks, LONG_NS, names.before)) is not None:
        kinds: dict[str, type[Exception]] = {tracer.BUSY: RuntimeError, tracer.NO_ROOM: MemoryError}
        raise kinds.get(reason, TracerUnavailable)(f"the GIL cannot be traced: {reason}")
    return None


def _stop(without_gil: Recording | None, names: ThreadNames) -> TraceData:
    if without_gil is not None:
        return traced(replace(without_gil, stop=(1, time.perf_counter_ns())), names, gil=False)
    fields, sightings = tracer.stop()
    recording = Recording(**fields)
    data = traced(recording, names)
    return replace(data, looks=looks_of(Sightings(*sightings), recording, data.intervals, LONG_NS))


def traced(recording: Recording, names: ThreadNames, *, gil: bool = True) -> TraceData:
    """Return what a recording says, with what is known of its threads."""
    heard = recording.native_ids.tolist()
    others = names.bystanders(heard)
    there_before, clocks = names.were_there_before(heard), tracer.cpu_ns(others)
    intervals = intervals_of(recording, there_before, names.have_ended(heard), len(others))
    ids = [*heard, *others]
    first, last = span(recording)
    counts = len(recording.events), recording.lost, recording.event_ns
    cpu = cpu_used(recording, there_before, {each: clocks.get(each) for each in others})
    told = recording.tells_forced
    return TraceData(first, last, names.names(ids), ids, intervals, *counts, gil=gil, tells_forced=told, cpu_ns=cpu)


def _nothing(start_ns: int, cpu_before: dict[int, int]) -> Recording:
    none = np.empty(0, np.uint64), np.empty(0, np.int32), 0, 0, 0
    return Recording(*none, (0, start_ns), (1, start_ns), 0.0, tells_forced=True, cpu_before=cpu_before)


def _counter_is_steady() -> bool:
    try:
        return _CLOCK_SOURCE.read_text(encoding="ascii").strip() in _STEADY_COUNTERS
    except OSError:
        return False
