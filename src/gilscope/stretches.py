"""The longest holds and waits of a trace, and who ended them: pure functions of its data."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD
from gilscope.trace_looks import Function


@dataclass(frozen=True)
class TracedStretch:
    """A hold or a wait.

    Attributes
    ----------
    thread : str
        The thread's name.
    native_id : int
        The system's number of the thread.
    start_ns, stop_ns : int
        On the clock of `time.perf_counter_ns`.
    function : str or None
        The innermost Python function of the thread when a hold ended, which let go of the GIL then and need not be what held it
        for long; or that waited. None where it is not known.
    file : str or None
        Where it is defined.
    line : int or None
        Where it was in the file.
    """

    thread: str
    native_id: int
    start_ns: int
    stop_ns: int
    function: str | None
    file: str | None
    line: int | None

    @property
    def duration_ns(self) -> int:
        """How long it lasted."""
        return self.stop_ns - self.start_ns


@dataclass(frozen=True)
class LetGo:
    """The long holds at whose end one function let go of the GIL.

    Attributes
    ----------
    function, file : str
        The function.
    holds, held_ns : int
        How many, and how long they lasted together.
    """

    function: str
    file: str
    holds: int
    held_ns: int


def longest(data: TraceData, state: int, most: int) -> list[int]:
    """Return the numbers of so many of the longest intervals in a state, the longest first."""
    chosen = np.flatnonzero(data.intervals.state == state)
    spent = (data.intervals.stop - data.intervals.start)[chosen]
    found: list[int] = chosen[np.argsort(-spent, kind="stable")][:most].tolist()
    return found


def ended_by(data: TraceData, interval: int | None) -> Function | None:
    """Return who ended an interval, as far as it is known."""
    return None if data.looks is None or interval is None else data.looks.ended.get(interval)


def stretch(data: TraceData, interval: int) -> TracedStretch:
    """Return an interval with all that is known of it."""
    thread, each = int(data.intervals.thread[interval]), data.intervals
    when = int(each.start[interval]), int(each.stop[interval])
    return TracedStretch(data.names[thread], data.native_ids[thread], *when, *(ended_by(data, interval) or (None, None, None)))


def let_go(data: TraceData) -> list[LetGo]:
    """Return who let go at the ends of long holds, those first whose holds lasted longest together."""
    holds: dict[tuple[str, str], list[int]] = defaultdict(list)
    for interval, (name, file, _) in ({} if data.looks is None else data.looks.ended).items():
        if data.intervals.state[interval] == HELD:
            holds[name, file].append(int(data.intervals.stop[interval] - data.intervals.start[interval]))
    found = [LetGo(*function, len(times), sum(times)) for function, times in holds.items()]
    return sorted(found, key=lambda each: -each.held_ns)
