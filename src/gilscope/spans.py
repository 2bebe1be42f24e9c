"""What the program says that it is doing: `span` marks a part of it, and a trace shows when each thread was in which."""

import functools
import inspect
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gilscope._native import spans as native

__all__ = ["TracedSpan", "span"]

#: Marks in a trace, two a span: 32 bytes each, so 64 MB if all are used.
MAX_MARKS = 2_000_000

Function = TypeVar("Function", bound=Callable[..., Any])


class TracedSpan(NamedTuple):
    """A span in a trace.

    Attributes
    ----------
    native_id : int
        The system's number of the thread that entered it.
    label : str
        What the program called it.
    start_ns, stop_ns : int
        On the clock of `time.perf_counter_ns`, cut at the ends of the trace.
    """

    native_id: int
    label: str
    start_ns: int
    stop_ns: int


class span(native.Span):  # noqa: N801 - reads like a function, as `property` does
    """Mark a part of the program, for traces to show: ``with span("load"): ...``, or ``@span("load")`` above a function.

    One object may be used many times, by many threads, and within itself. Above a coroutine or a generator function a span lasts
    from the first step to the last, whatever else its thread did in between.

    Parameters
    ----------
    label : str
        What the program does there.

    Examples
    --------
    >>> with span("parse"):
    ...     total = sum(range(10))
    """

    __slots__ = ()

    def __call__(self, function: Function) -> Function:
        """Return the function with this span around each of its calls."""
        if inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__name__} is an asynchronous generator: write `with span({self.label!r}):` inside it")
        kind = next((wrap for test, wrap in _WRAPPERS.items() if test(function)), _around_call)
        return functools.update_wrapper(kind(self.label, function), function)  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"span({self.label!r})"


def _around_call(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
    shared = span(label)

    def call(*args: Any, **kwargs: Any) -> Any:
        with shared:
            return function(*args, **kwargs)

    return call


def _around_coroutine(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        with span(label):  # one for each: those of one thread need not end in the opposite order
            return await function(*args, **kwargs)

    return call


def _around_generator(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with span(label):
            return (yield from function(*args, **kwargs))

    return call


_WRAPPERS = {inspect.iscoroutinefunction: _around_coroutine, inspect.isgeneratorfunction: _around_generator}


class Marks(NamedTuple):
    """Where spans were entered and left, in the order in which it happened.

    Attributes
    ----------
    spans : list
        The objects.
    times, native_ids, enters : ndarray
        When, by which thread, and whether it entered.
    lost : int
        Later marks that had no room.
    """

    spans: list[Any]
    times: NDArray[np.int64]
    native_ids: NDArray[np.int64]
    enters: NDArray[np.bool_]
    lost: int


def start() -> None:
    """Record the spans of all threads from now on."""
    native.start(MAX_MARKS)


def stop() -> Marks:
    """Stop, and return what was recorded."""
    return Marks(*native.stop())


def matched(marks: Marks, first: int, last: int) -> tuple[TracedSpan, ...]:
    """Return the spans between two times, in the order of their starts, outer ones first.

    A mark that leaves belongs to the youngest open span of the same object, in the same thread if there is any (a generator may
    be closed by another). What is left without having been entered was entered before the trace; what stays open ends with it, or
    with the last mark that had room: nobody knows how long it went on.
    """
    if marks.lost:
        last = min(last, int(marks.times[-1]))
    found: list[TracedSpan] = []
    inside: dict[int, list[TracedSpan]] = defaultdict(list)
    rows = zip(marks.spans, marks.times.tolist(), marks.native_ids.tolist(), marks.enters.tolist(), strict=True)
    for each, time, native_id, enters in rows:
        here = TracedSpan(native_id, each.label, time if enters else first, last)
        if enters:
            inside[id(each)].append(here)
        else:
            found.append(_left(inside[id(each)], here)._replace(stop_ns=time))
    found.extend(here for still_open in inside.values() for here in still_open)
    return in_order(_cut(found, first, last))


def in_order(spans: Iterable[TracedSpan]) -> tuple[TracedSpan, ...]:
    """Return spans in the order of their starts, outer ones first."""
    return tuple(sorted(spans, key=lambda each: (each.start_ns, -each.stop_ns)))


def by_thread(spans: Iterable[TracedSpan]) -> dict[int, list[TracedSpan]]:
    """Return the spans of each thread by its native id, in the order in which they come."""
    found: dict[int, list[TracedSpan]] = defaultdict(list)
    for each in spans:
        found[each.native_id].append(each)
    return found


def _cut(spans: Iterable[TracedSpan], first: int, last: int) -> Iterator[TracedSpan]:
    for each in spans:
        if each.start_ns <= last and each.stop_ns >= first:
            yield each._replace(start_ns=max(each.start_ns, first), stop_ns=min(each.stop_ns, last))


def _left(inside: list[TracedSpan], here: TracedSpan) -> TracedSpan:
    """Take the span that is left from those that are open, or return the one that was open before the trace."""
    if not inside:
        return here
    same = (at for at in reversed(range(len(inside))) if inside[at].native_id == here.native_id)
    return inside.pop(next(same, -1))
