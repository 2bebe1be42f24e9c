"""A trace as lines of text."""

from collections.abc import Iterator

from gilscope.trace_data import TraceCost, TraceData, TracedThread

_WIDTH = 24
_MOST = 40
_SUMS = ("held_ns", "waiting_ns", "outside_ns", "takes", "forced")
_SPLIT = ("outside_running_ns", "outside_blocked_ns")
_HEADER = (
    f"{'thread':{_WIDTH}}{'id':>8}{'held':>8}{'waiting':>8}{'outside = running + blocked':>28}{'takes':>10}{'forced':>8}"
    f"{'longest hold':>13}{'longest wait':>13}"
)


def table(data: TraceData) -> str:
    """Return a line per thread below a heading, and what the tracing cost."""
    if data.forked:
        return "nothing was traced: this process was forked from the one that was"
    return "\n".join([_title(data), _HEADER, *_rows(data.threads()), *_remarks(data)])


def _rows(threads: tuple[TracedThread, ...]) -> Iterator[str]:
    """Return a line per thread; of too many, for those that held or waited most, and one for the rest together."""
    by_use = sorted(threads, key=lambda each: each.held_ns + each.waiting_ns, reverse=True)
    rest = {id(each) for each in by_use[_MOST:]} if len(threads) > _MOST + 1 else set()
    yield from (_row(each) for each in threads if id(each) not in rest)
    if rest:
        others = [each for each in threads if id(each) in rest]
        held, waiting, outside, takes, forced = (sum(getattr(each, name) for each in others) for name in _SUMS)
        longest = (max(getattr(each, name) for each in others) for name in ("longest_hold_ns", "longest_wait_ns"))
        split = (_sum_if_known([getattr(each, name) for each in others]) for name in _SPLIT)
        yield _row(TracedThread(f"{len(others)} more threads", 0, held, waiting, outside, takes, forced, *longest, *split))


def _sum_if_known(values: list[int | None]) -> int | None:
    known = [each for each in values if each is not None]
    return sum(known) if len(known) == len(values) else None


def _title(data: TraceData) -> str:
    seconds = (data.stop_ns - data.start_ns) / 1e9
    held = f"the GIL was held {data.held_fraction():.1%} of the time" if data.gil else "this Python has no GIL"
    return f"traced for {seconds:.3f} s: {held}"


def _row(thread: TracedThread) -> str:
    name = thread.name if len(thread.name) < _WIDTH else thread.name[: _WIDTH - 4] + "..."
    life = max(thread.held_ns + thread.waiting_ns + thread.outside_ns, 1)
    shares = "".join(f"{each / life:>8.1%}" for each in (thread.held_ns, thread.waiting_ns, thread.outside_ns))
    split = (thread.outside_running_ns, thread.outside_blocked_ns)
    shares += "".join(f"{'-' if each is None else f'{each / life:.1%}':>10}" for each in split)
    longest = "".join(f"{each / 1e6:>10,.3f} ms" for each in (thread.longest_hold_ns, thread.longest_wait_ns))
    return f"{name:{_WIDTH}}{thread.native_id or '':>8}{shares}{thread.takes:>10,}{thread.forced:>8,}{longest}"


def _remarks(data: TraceData) -> Iterator[str]:
    cost = data.cost()
    if data.gil:
        looks = f" and {cost.looks:,} looks at {cost.look_ns:.0f} ns" if data.looks is not None else ""
        yield f"{cost.events:,} events at {cost.event_ns:.0f} ns{looks}: {cost.share:.2%} of the traced time"
    if cost.lost:
        yield _lost(cost)
    if cost.lost_looks:
        yield f"{cost.lost_looks:,} long holds and waits are without a function: there was no room for more than {cost.looks:,}"
    if data.lost_marks:
        yield f"{data.lost_marks:,} beginnings and ends of spans are lost: there was no room for them"
    if not data.tells_forced:
        yield "forced drops are not told from others: the first threads were started otherwise than by threading.Thread"


def _lost(cost: TraceCost) -> str:
    return f"the trace ends early: its {cost.events:,} events were full, and {cost.lost:,} more are lost (raise max_events)"
