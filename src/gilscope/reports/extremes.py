"""The longest holds and waits of a trace, as lines of text."""

from collections.abc import Iterator

import numpy as np

from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, WAITING


def extremes(data: TraceData, most: int) -> str:
    """Return so many of the longest holds and waits each: how long, by which thread, when, and in which span.

    Nothing where no thread waited: then no hold mattered to anyone.
    """
    if not (data.intervals.state == WAITING).any():
        return ""
    return "\n".join([*_section(data, "longest holds", HELD, most), *_section(data, "longest waits", WAITING, most)])


def _section(data: TraceData, title: str, state: int, most: int) -> Iterator[str]:
    intervals = data.intervals
    chosen = np.flatnonzero(intervals.state == state)
    spent = (intervals.stop - intervals.start)[chosen]
    for rank, at in enumerate(chosen[np.argsort(-spent, kind="stable")][:most].tolist()):
        if not rank:
            yield title
        yield _line(data, int(intervals.thread[at]), int(intervals.start[at]), int(intervals.stop[at]))


def _line(data: TraceData, thread: int, start: int, stop: int) -> str:
    label = _innermost(data, data.native_ids[thread], (start + stop) // 2)
    where = f", in {label!r}" if label is not None else ""
    what = f"{(stop - start) / 1e6:>12,.3f} ms  {data.distinct_names()[thread]}"
    return f"{what}, {(start - data.start_ns) / 1e9:.3f} s after the start{where}"


def _innermost(data: TraceData, native_id: int, time: int) -> str | None:
    """Return the label of the span that a thread was in at a time; of several the one that it entered last."""
    there = [each.label for each in data.spans if each.native_id == native_id and each.start_ns <= time < each.stop_ns]
    return there[-1] if there else None
