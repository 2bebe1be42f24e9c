"""The longest holds and waits of a trace, as lines of text."""

from collections.abc import Iterator
from pathlib import Path

from gilscope.stretches import LetGo, ended_by, let_go, longest
from gilscope.trace_data import TraceData
from gilscope.trace_events import HELD, WAITING
from gilscope.trace_table import table

#: What is said of the function that ended an interval. At the end of a hold it let go; who kept the GIL until then is not known.
_DID = {HELD: "let go", WAITING: "waited"}


def extremes(data: TraceData, most: int) -> str:
    """Return so many of the longest holds and waits each: how long, by which thread, when, in which span, and who ended it.

    Nothing where no thread waited: then no hold mattered to anyone.
    """
    if not (data.intervals.state == WAITING).any():
        return ""
    holds, waits = _section(data, "longest holds", HELD, most), _section(data, "longest waits", WAITING, most)
    return "\n".join([*holds, *waits, *_totals(data, most)])


def table_with_functions(data: TraceData) -> str:
    """Return the table of a trace; if functions are known, with the longest holds and waits below it."""
    return f"{table(data)}\n\n{extremes(data, 3)}".rstrip() if data.looks is not None else table(data)


def _section(data: TraceData, title: str, state: int, most: int) -> Iterator[str]:
    for rank, at in enumerate(longest(data, state, most)):
        if not rank:
            yield title
        yield _line(data, at, state)


def _line(data: TraceData, at: int, state: int) -> str:
    thread, start, stop = (int(each[at]) for each in (data.intervals.thread, data.intervals.start, data.intervals.stop))
    label = _innermost(data, data.native_ids[thread], (start + stop) // 2)
    where = f", in {label!r}" if label is not None else ""
    function = ended_by(data, at)
    who = f"; {function} {_DID[state]}" if function is not None else ""
    what = f"{(stop - start) / 1e6:>12,.3f} ms  {data.distinct_names()[thread]}"
    return f"{what}, {(start - data.start_ns) / 1e9:.3f} s after the start{where}{who}"


def _totals(data: TraceData, most: int) -> Iterator[str]:
    for rank, each in enumerate(let_go(data)[:most]):
        if not rank and data.looks is not None:
            yield f"who let go, after holds of {data.looks.long_ns / 1e6:g} ms and more"
        yield _total(each)


def _total(each: LetGo) -> str:
    many = f"{each.holds:,} hold{'s' if each.holds != 1 else ''}"
    return f"{each.held_ns / 1e6:>12,.3f} ms  {each.function} ({Path(each.file).name}), {many}"


def _innermost(data: TraceData, native_id: int, time: int) -> str | None:
    """Return the label of the span that a thread was in at a time; of several the one that it entered last."""
    there = [each.label for each in data.spans if each.native_id == native_id and each.start_ns <= time < each.stop_ns]
    return there[-1] if there else None
