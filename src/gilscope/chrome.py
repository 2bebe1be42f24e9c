"""Traces as files in Chrome's trace event format, which Perfetto, chrome://tracing and Speedscope open.

A lane per thread: one slice for its life with one for each state inside. Spans do not nest with states, nor always with each
other, so they have lanes of their own, as few as hold them. The format is described in "Trace Event Format" (Google, 2016);
``ts`` and ``dur`` are microseconds since the start, here with decimals, so that no nanosecond is lost. What has no place in the
format stands in ``otherData``, which it leaves to the writer.

Programs that read it add ``ts`` and ``dur`` as floats, or cut both to nanoseconds: a slice would end after the next one begins,
and be taken for its parent (Speedscope). So slices are written a tenth of a nanosecond short, and lives a nanosecond long.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gilscope.files import write_atomically
from gilscope.machine import gilscope_version
from gilscope.span_rows import nested_rows
from gilscope.spans import TracedSpan, by_thread, in_order
from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, STATES, WAITING, Intervals
from gilscope.trace_looks import Function, Looks

__all__ = ["TraceError", "from_dict", "is_trace", "save"]

#: Of what `save` writes into ``otherData``.
FORMAT = 1

_FACTS = {
    "start_ns": int,
    "stop_ns": int,
    "events": int,
    "lost": int,
    "event_ns": float,
    "gil": bool,
    "forked": bool,
    "tells_forced": bool,
    "lost_marks": int,
}
_LOOKS = {"long_ns": int, "count": int, "lost": int, "look_ns": float}
#: What a function did at the end of a slice.
_DID = {HELD: "let go", WAITING: "waited"}
_PROCESS = 1
_SPANS = 2**30
_NEXT_USE = 2**22  # Linux's largest thread id: a lane must have an id of its own, although a later thread had it too


class TraceError(ValueError):
    """The file is no trace that this version can read; the message says why."""


def save(data: TraceData, path: Path) -> None:
    """Write a trace, whole or not at all."""
    content = "".join(_lines(data)).encode("ascii")
    write_atomically(path.resolve(), gzip.compress(content, 6) if path.suffix == ".gz" else content)


def is_trace(document: Any) -> bool:
    """Tell whether parsed JSON is in Chrome's format, which is not to say that gilscope wrote it."""
    return isinstance(document, dict) and "traceEvents" in document


def from_dict(document: Any) -> TraceData:
    """Return the trace that `save` wrote, from its parsed JSON.

    Raises
    ------
    TraceError
        It is something else, or damaged.
    """
    try:
        facts = document["otherData"]
        if "gilscope" not in facts or not is_trace(document):
            raise TraceError("it is not a trace that gilscope wrote")
        if facts["format"] > FORMAT:
            raise TraceError(f"format {facts['format']} is newer than {FORMAT}, the newest known: update gilscope")
        known = {name: kind(facts[name]) for name, kind in _FACTS.items()}
        named = [each for each in document["traceEvents"] if each["name"] == "thread_name"]
        lanes = [each for each in named if "native_id" in each["args"]]
        names = [str(each["args"]["name"]) for each in lanes]
        native_ids = [int(each["args"]["native_id"]) for each in lanes]
        slices = [each for each in document["traceEvents"] if each.get("cat") == "gil"]
        return TraceData(
            names=names,
            native_ids=native_ids,
            intervals=_intervals(slices, [each["tid"] for each in lanes], known["start_ns"]),
            spans=_spans(document["traceEvents"], named, known["start_ns"]),
            looks=_looks(slices, facts["looks"]) if "looks" in facts else None,
            cpu_ns=_cpu_times([each["args"].get("cpu_ns") for each in lanes]),
            **known,
        )
    except TraceError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise TraceError(f"the trace is damaged ({type(error).__name__}: {error})") from error


def _intervals(slices: list[dict[str, Any]], lanes: list[int], start: int) -> Intervals:
    numbers = {lane: number for number, lane in enumerate(lanes)}
    states = {state: code for code, state in enumerate(STATES)}
    starts = [start + round(each["ts"] * 1000) for each in slices]
    return Intervals(
        np.array([numbers[each["tid"]] for each in slices], np.uint16),
        np.array([states[each["name"]] for each in slices], np.uint8),
        np.array(starts, np.int64),
        np.array([first + round(each["dur"] * 1000) for first, each in zip(starts, slices, strict=True)], np.int64),
    )


def _looks(slices: list[dict[str, Any]], facts: dict[str, Any]) -> Looks:
    known: dict[str, Any] = {name: kind(facts[name]) for name, kind in _LOOKS.items()}
    ended = ((at, each["args"]) for at, each in enumerate(slices) if "args" in each)
    return Looks({at: _function(args) for at, args in ended}, **known)


def _function(args: dict[str, Any]) -> Function:
    (name,) = (args[did] for did in _DID.values() if did in args)
    return Function(str(name), str(args["file"]), int(args["line"]))


def _cpu_times(found: list[Any]) -> list[int | None]:
    """Return what the threads say, which files of earlier versions do not."""
    return [None if each is None else int(each) for each in found]


def _spans(events: list[dict[str, Any]], lanes: list[dict[str, Any]], start: int) -> tuple[TracedSpan, ...]:
    threads = {each["tid"]: int(each["args"]["spans_of"]) for each in lanes if "spans_of" in each["args"]}
    found = []
    for each in events:
        if each.get("cat") == "span":
            first = start + round(each["ts"] * 1000)
            found.append(TracedSpan(threads[each["tid"]], str(each["name"]), first, first + round(each["dur"] * 1000)))
    return in_order(found)


def _lines(data: TraceData) -> Iterator[str]:
    facts = {"gilscope": gilscope_version(), "format": FORMAT, **{name: getattr(data, name) for name in _FACTS}}
    if data.looks is not None:
        facts["looks"] = {name: getattr(data.looks, name) for name in _LOOKS}
    yield f'{{"displayTimeUnit": "ns", "otherData": {json.dumps(facts)}, "traceEvents": [\n'
    process = {"ph": "M", "name": "process_name", "pid": _PROCESS, "tid": 0, "args": {"name": "traced by gilscope"}}
    yield json.dumps(process)
    lanes = _lanes(data.native_ids)
    cpu = data.cpu_ns or [None] * len(lanes)
    for name, native_id, cpu_ns, lane in zip(data.names, data.native_ids, cpu, lanes, strict=True):
        about = {"name": name, "native_id": native_id, "cpu_ns": cpu_ns}
        yield ",\n" + json.dumps({"ph": "M", "name": "thread_name", "pid": _PROCESS, "tid": lane, "args": about})
    yield from _lives(data, lanes)
    yield from _states(data, lanes)
    yield from _span_lanes(data)
    yield "\n]}\n"


def _lanes(native_ids: list[int]) -> list[int]:
    return [each + native_ids[:at].count(each) * _NEXT_USE for at, each in enumerate(native_ids)]


def _lives(data: TraceData, lanes: list[int]) -> Iterator[str]:
    thread = data.intervals.thread
    first = np.flatnonzero(np.diff(thread.astype(np.int64), prepend=-1))
    last = np.append(first[1:], len(thread))[: len(first)] - 1
    lives = zip(thread[first].tolist(), data.intervals.start[first].tolist(), data.intervals.stop[last].tolist(), strict=True)
    for number, start, stop in lives:
        yield _slice(json.dumps(data.names[number]), "thread", lanes[number], start - data.start_ns, stop - start + 1, cut=0)


def _states(data: TraceData, lanes: list[int]) -> Iterator[str]:
    names = [json.dumps(state) for state in STATES]
    each = data.intervals
    columns = (each.thread, each.state, each.start - data.start_ns, each.stop - each.start)
    ended = data.looks.ended if data.looks is not None else {}
    for at, (thread, state, start, spent) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        who = {_DID[state]: ended[at].name, "file": ended[at].file, "line": ended[at].line} if at in ended else None
        yield _slice(names[state], "gil", lanes[thread], start, spent, who)


def _span_lanes(data: TraceData) -> Iterator[str]:
    names = dict(zip(reversed(data.native_ids), reversed(data.names), strict=True))
    for native_id, spans in by_thread(data.spans).items():
        rows = nested_rows(spans)
        for row in range(max(rows) + 1):
            about = {"name": f"{names.get(native_id, f'thread {native_id}')}: spans", "spans_of": native_id}
            lane = _SPANS + native_id + row * _NEXT_USE
            yield ",\n" + json.dumps({"ph": "M", "name": "thread_name", "pid": _PROCESS, "tid": lane, "args": about})
        ended: Counter[int] = Counter()
        for each, row in zip(spans, rows, strict=True):
            lane, start = _SPANS + native_id + row * _NEXT_USE, each.start_ns - data.start_ns
            ended[each.stop_ns] += 1  # those inside one that ends with them, as all do that are open at the stop
            yield _slice(
                json.dumps(each.label), "span", lane, start, each.stop_ns - each.start_ns, cut=min(ended[each.stop_ns], 4)
            )


def _slice(name: str, category: str, lane: int, start: int, spent: int, args: object = None, *, cut: int = 1) -> str:
    """Write by hand what json.dumps would take five times as long for; `cut` in tenths of a nanosecond."""
    tenths = max(10 * spent - cut, 0)
    more = "" if args is None else f', "args": {json.dumps(args)}'
    times = f'"ts": {start // 1000}.{start % 1000:03}, "dur": {tenths // 10_000}.{tenths % 10_000:04}'
    return f',\n{{"ph": "X", "name": {name}, "cat": "{category}", "pid": {_PROCESS}, "tid": {lane}, {times}{more}}}'
