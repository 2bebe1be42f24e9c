"""The threads of a trace as coloured boxes: what a picture of it is made of, without any library for drawing.

Where a lane has few intervals each is a box. Where it has many its time is cut into bins, and each bin shows the share of every
state, one on the other; so a picture of ten million intervals has as many boxes as one of a thousand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gilscope.span_rows import flat_rows
from gilscope.spans import TracedSpan, by_thread
from gilscope.trace_data import TraceData, TracedThread
from gilscope.trace_events import STATES

WIDTH = 1000
MOST_LANES, MOST_ROWS = 32, 4
ROW_HEIGHT = 16
#: An interval a bin apart, boxes are about as wide as what they stand on.
_EXACT = 250

Box = dict[str, Any]


@dataclass(frozen=True)
class Lane:
    """A thread in the picture; lengths in pixels, from the top.

    Attributes
    ----------
    number : int
        The thread's number in the trace.
    thread : TracedThread
        What it did.
    top, height : float
        Of the states; the spans are above.
    spans : list of (TracedSpan, int)
        With the row of each, counted from the bottom.
    """

    number: int
    thread: TracedThread
    top: int
    height: int
    spans: list[tuple[TracedSpan, int]]

    @property
    def middle(self) -> float:
        """Where its name stands."""
        return self.top + self.height / 2


def lanes(data: TraceData) -> list[Lane]:
    """Return a lane for each thread, in the order of the trace; of too many threads those that used the GIL most."""
    threads = data.threads()
    wanted = sorted(range(len(threads)), key=lambda at: -threads[at].held_ns - threads[at].waiting_ns)[:MOST_LANES]
    height = int(np.clip(600 // max(len(wanted), 1), 14, 44))
    spans_by_thread = by_thread(data.spans)
    found, top = [], 0
    for number in sorted(wanted):
        spans = _spans_in(data, number, spans_by_thread[threads[number].native_id])
        top += ROW_HEIGHT * (max((row for _, row in spans), default=-1) + 1)
        found.append(Lane(number, threads[number], top, height, spans))
        top += height + max(height // 4, 5)
    return found


def _spans_in(data: TraceData, number: int, spans: list[TracedSpan]) -> list[tuple[TracedSpan, int]]:
    """Return the spans of a native id that started in a thread's life with their rows, but for those nested too deep."""
    first, last = _life(data, number)
    ours = [each for each in spans if first <= each.start_ns <= last]
    return [(each, row) for each, row in zip(ours, flat_rows(ours), strict=True) if row < MOST_ROWS]


def _life(data: TraceData, number: int) -> tuple[int, int]:
    if data.native_ids.count(data.native_ids[number]) == 1:
        return data.start_ns, data.stop_ns
    ours = data.intervals.of([number])
    return int(data.intervals.start[ours].min(initial=data.stop_ns)), int(data.intervals.stop[ours].max(initial=data.start_ns))


def state_boxes(data: TraceData, lane: Lane, bins: int) -> Iterator[Box]:
    """Return the boxes of a lane: ``from`` and ``to`` in ns since the start, ``top``, ``bottom``, ``state`` and its ``share``."""
    ours = data.intervals.of([lane.number])
    start, stop, state = (getattr(data.intervals, name)[ours] for name in ("start", "stop", "state"))
    start, stop = start - data.start_ns, stop - data.start_ns
    if len(start) <= _EXACT:
        rows = zip(start.tolist(), stop.tolist(), state.tolist(), strict=True)
        return (_box(lane, first, last, 0, 1, each) for first, last, each in rows)
    return _binned(lane, shares(start, stop, state, np.linspace(0, data.stop_ns - data.start_ns, bins + 1)))


def shares(
    start: NDArray[np.int64], stop: NDArray[np.int64], state: NDArray[np.uint8], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return edges, and for each bin between two of them the share of its time in every state, as a table of bins by states.

    Bins with equal shares are joined. Intervals come one after the other; times are any, but the same in all arguments.
    """
    times = np.column_stack([start, stop]).ravel()
    spent = np.zeros((len(edges), len(STATES)))
    for code in range(len(STATES)):
        until = np.cumsum(np.column_stack([np.zeros(len(start)), np.where(state == code, stop - start, 0)]).ravel())
        spent[:, code] = np.interp(edges, times, until)
    # Rounded after adding up, so that no bin is fuller than full.
    tops = np.round(np.cumsum(np.diff(spent, axis=0) / np.diff(edges)[:, None], axis=1), 3)
    found = np.round(np.diff(tops, axis=1, prepend=0), 3)
    differs = np.append(True, (found[1:] != found[:-1]).any(axis=1))
    return np.append(edges[:-1][differs], edges[-1]), found[differs]


def _binned(lane: Lane, bins: tuple[NDArray[np.float64], NDArray[np.float64]]) -> Iterator[Box]:
    edges, found = bins
    tops = np.cumsum(found, axis=1)
    for at, code in zip(*(each.tolist() for each in np.nonzero(found)), strict=True):
        low, high = float(tops[at, code] - found[at, code]), float(tops[at, code])
        yield _box(lane, float(edges[at]), float(edges[at + 1]), low, high, code)


def _box(lane: Lane, first: float, last: float, low: float, high: float, state: int) -> Box:
    """Return a box; `low` and `high` are shares of the lane, from its bottom."""
    bottom = lane.top + lane.height
    top, base = bottom - high * lane.height, bottom - low * lane.height
    share = round(high - low, 3)
    return {"from": first, "to": last, "top": round(top, 2), "bottom": round(base, 2), "state": STATES[state], "share": share}


def span_boxes(data: TraceData, lane: Lane) -> Iterator[Box]:
    """Return the boxes of a lane's spans: ``from``, ``to``, ``top``, ``bottom``, ``label`` and the ``text`` that has room."""
    pixel = max(data.stop_ns - data.start_ns, 1) / WIDTH
    for row in range(MOST_ROWS):
        ours = [each for each, at in lane.spans if at == row]
        bottom = lane.top - ROW_HEIGHT * row - 1
        place = {"top": bottom - ROW_HEIGHT + 2, "bottom": bottom}
        for first, last, label in [*_wide(ours, pixel, data.start_ns), *_narrow(ours, pixel, data.start_ns)]:
            room = int((last - first) / pixel / 6.5)
            text = label if len(label) <= room else label[: room - 2] + "…" if room >= 4 else ""
            yield {"from": first, "to": last, **place, "label": label, "text": text}


def _wide(spans: list[TracedSpan], pixel: float, origin: int) -> Iterator[tuple[float, float, str]]:
    for each in spans:
        if each.stop_ns - each.start_ns >= pixel:
            yield each.start_ns - origin, each.stop_ns - origin, each.label


def _narrow(spans: list[TracedSpan], pixel: float, origin: int) -> Iterator[tuple[float, float, str]]:
    """Join what is narrower than a pixel: a box for each run of pixels in which there is any."""
    at = np.array([(each.start_ns - origin) // pixel for each in spans if each.stop_ns - each.start_ns < pixel], np.int64)
    if len(at):
        for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1):
            label = "1 short span" if len(run) == 1 else f"{len(run):,} short spans"
            yield float(run[0] * pixel), float((run[-1] + 1) * pixel), label
