"""Which Python function ended a long hold or wait: what the tracer saw when it was asked to look."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gilscope._native import tracer
from gilscope.trace_events import HELD, WAITING, Intervals, Recording


class Function(NamedTuple):
    """A Python function, and the line where it was.

    Attributes
    ----------
    name : str
        Its qualified name; "<module>" for a module's own code.
    file : str
        As its code object has it.
    line : int
        In the file.
    """

    name: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.name} ({Path(self.file).name}:{self.line})"


class Sightings(NamedTuple):
    """The looks as the tracer returns them.

    Attributes
    ----------
    events, numbers : ndarray
        The event at which each look was, and the number of the function.
    functions : list
        By number: name, file and line, or None for what has none.
    lost : int
        Looks after their buffer was full.
    look_ns : float
        The cost of one.
    """

    events: NDArray[np.int64]
    numbers: NDArray[np.int32]
    functions: list[tuple[str, str, int] | None]
    lost: int
    look_ns: float


@dataclass(frozen=True, eq=False)
class Looks:
    """Which functions ended which intervals of a trace.

    Attributes
    ----------
    ended : dict of int to Function
        By the number of the interval: who let go of the GIL at the end of a hold, and who had it at the end of a wait.
    long_ns : int
        Holds and waits of at least this are looked at.
    count, lost : int
        Looks recorded and not.
    look_ns : float
        The cost of one.
    """

    ended: dict[int, Function]
    long_ns: int
    count: int = 0
    lost: int = 0
    look_ns: float = 0.0


def looks_of(sightings: Sightings, recording: Recording, intervals: Intervals, long_ns: int) -> Looks:
    """Return the looks by the intervals that end with their events."""
    functions = [None if each is None else Function(*each) for each in sightings.functions]
    threads, times = recording.threads[sightings.events], recording.times[sightings.events]
    wanted = np.where(recording.kinds[sightings.events] == tracer.TAKE, WAITING, HELD)
    ended = {}
    for at, state, number in zip(ending(intervals, threads, times), wanted, sightings.numbers, strict=True):
        function = functions[number]
        if function is not None and at < len(intervals) and intervals.state[at] == state:
            ended[int(at)] = function
    return Looks(ended, long_ns, len(sightings.events), sightings.lost, sightings.look_ns)


def ending(intervals: Intervals, threads: NDArray[Any], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which interval of each thread is the first that ends at a time or later."""
    order = np.unique(intervals.stop)
    keys = intervals.thread.astype(np.int64) * (len(order) + 1) + np.searchsorted(order, intervals.stop)
    return np.searchsorted(keys, threads.astype(np.int64) * (len(order) + 1) + np.searchsorted(order, times))
