"""What `roofline` found, in lines and in words: pure functions of a session.

A call is hardly quicker than its bytes at the speed of a copy, nor than its operations at the speed of the peak. The longer of
the two is its **roof**; which one it is says what bounds the call. Both are taken on as many threads as the call runs on, from
the best sample: what was reached once can be reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from gilscope.experiments._telling import columns, interval_text, noisy_words
from gilscope.results import Result, Session
from gilscope.scaling_map import seconds
from gilscope.stats import Interval, ratio
from gilscope.wording import listed

DIAL, COPY = "poly.c.released", "copy.numpy"
BYTES = 16  # of an element: 8 read, 8 written. A cache that reads a line before it writes it moves 24; a copy avoids that
FLOPS = 2  # of an element for each degree
HELPS = 1.2  # what doubling the threads must bring to be called a help
NAMES = {"g.numpy": "g: allocates", "g_out.numpy": "g_out: arrays reused", "g_chunks.numpy": "g_chunks: in the cache"}
TRAFFIC = {"g.numpy": 40, "g_out.numpy": 24, "g_chunks.numpy": 0}  # bytes of an element: filled, read, written; cleared pages


@dataclass(frozen=True)
class Point:
    """A case on the roofline.

    Parameters
    ----------
    degree, threads : int
        Where.
    result : Result
        What was measured.
    memory, arithmetic : float
        Seconds that the bytes and the operations of a call take at best.
    """

    degree: int
    threads: int
    result: Result
    memory: float
    arithmetic: float

    @property
    def intensity(self) -> float:
        """Operations for each byte."""
        return self.degree * FLOPS / BYTES

    @property
    def bound(self) -> str:
        """What takes longer at best."""
        return "memory" if self.memory > self.arithmetic else "arithmetic"

    @property
    def share(self) -> float:
        """How near the roof it is."""
        return max(self.memory, self.arithmetic) / self.result.seconds.value


def rates(session: Session) -> tuple[dict[int, float], dict[int, float]]:
    """Return bytes a second of the copy, and the most operations a second of the dial at any degree, by threads."""
    copies = {threads: BYTES * size(each) / min(seconds(each)) for threads, each in by_threads(session, COPY).items()}
    peaks: dict[int, float] = {}
    for each in [*dial(session, cached=True), *dial(session, cached=False)]:
        peaks[workers(each)] = max(operations(each) / min(seconds(each)), peaks.get(workers(each), 0.0))
    return copies, peaks


def points(session: Session) -> list[Point]:
    """Return the dial's cases, by degree and threads."""
    copies, peaks = rates(session)
    there = {(degree(each), workers(each)): each for each in dial(session, cached=False)}
    return [
        Point(at, threads, each, BYTES * size(each) / copies[threads], operations(each) / peaks[threads])
        for (at, threads), each in sorted(there.items())
        if threads in copies and threads in peaks
    ]


def dial(session: Session, cached: bool) -> Iterator[Result]:
    """Yield the results of the dial, of what fits the caches or of what does not."""
    for each in session:
        runs = each.id.startswith(f"{DIAL}/") and each.case["executor"] in ("serial", "threads")
        if runs and (size(each) < 100_000) is cached:
            yield each


def by_threads(session: Session, call: str) -> dict[int, Result]:
    """Return the results of a call, by threads; of a resumed session the last."""
    there = (each for each in session if each.id.startswith(f"{call}/") and each.case["executor"] in ("serial", "threads"))
    return {workers(each): each for each in there}


def operations(result: Result) -> int:
    """Return the multiplications and additions of a call."""
    return FLOPS * degree(result) * size(result)


def size(result: Result) -> int:
    """Return the elements of a call."""
    return int(result.case["size"])


def workers(result: Result) -> int:
    """Return the number of threads."""
    return int(result.case["workers"])


def degree(result: Result) -> int:
    """Return where the dial stood."""
    return int(result.case["options"]["degree"])


# --- lines ---------------------------------------------------------------------------------------------------------------------


def lines(session: Session) -> list[str]:
    """Return the bounds, the dial and the article's routines."""
    return [*roof_lines(session), "", *dial_lines(points(session)), "", *article_lines(session)]


def roof_lines(session: Session) -> list[str]:
    """Return what this machine can do at best."""
    copies, peaks = rates(session)
    rows = [
        ["At best", *(threads_text(each) for each in copies)],
        ["  copied, GB/s (8 bytes read and 8 written)", *(f"{each / 1e9:.1f}" for each in copies.values())],
        ["  computed within the cache, Gflop/s", *(f"{each / 1e9:.1f}" for each in peaks.values())],
    ]
    return columns(rows)


def threads_text(number: int) -> str:
    """Write a number of threads."""
    return f"{number} thread{'s' * (number > 1)}"


def dial_lines(found: list[Point]) -> list[str]:
    """Return a row for each degree: what bounds it, how near the roof it is, what more threads bring."""
    threads = sorted({each.threads for each in found})
    at = {(each.degree, each.threads): each for each in found}
    head = ["poly: degree", "flops a byte", "bound by", *(f"{threads_text(each)}" for each in threads)]
    rows = [
        [f"  {each.degree}", f"{each.intensity:g}", each.bound, *(point_text(at.get((each.degree, more))) for more in threads)]
        for each in found
        if each.threads == 1
    ]
    of_roof = "Each number: Gflop/s, % of the roof there; on more threads, against one thread held."
    return [*columns([head, *rows]), f"  {of_roof}"]


def point_text(point: Point | None) -> str:
    """Write how fast a case is, how near the roof, and what threads bring."""
    if point is None:
        return "-"
    rate = operations(point.result) / point.result.seconds.value / 1e9
    text = f"{rate:.3g} {point.share:>4.0%}"
    return f"{text}  {interval_text(point.result.speedup)}" if point.threads > 1 else text


def article_lines(session: Session) -> list[str]:
    """Return a row for each variant of the article's g: what it moves, its page faults, what threads and processes bring."""
    found = [(name, results) for name in NAMES if (results := by_threads(session, name))]
    if not found:
        return []
    most = max(found[0][1])
    head = ["The article's g", "bytes an element", "ns", "GB/s", "faults a call", threads_text(most), f"{most} processes"]
    return columns([head, *(article_row(name, results, most) for name, results in found)])


def article_row(name: str, results: dict[int, Result], most: int) -> list[str]:
    """Return one variant's row."""
    alone, more = results[1], results.get(most)
    each_ns = alone.seconds.value / size(alone) * 1e9
    moved = f"{TRAFFIC[name] / each_ns:.1f}" if TRAFFIC[name] else "-"
    told = [f"{TRAFFIC[name]}", f"{each_ns:.2f}", moved, f"{faults(alone):,.0f}"]
    return [
        f"  {NAMES[name]}",
        *told,
        interval_text(more.speedup if more else None),
        interval_text(more.ceiling if more else None),
    ]


def faults(result: Result) -> float:
    """Return the minor page faults of one call."""
    return sum(each.minor_faults or 0 for each in result.samples) / sum(each.calls for each in result.samples)


# --- the verdict ---------------------------------------------------------------------------------------------------------------


def verdict(session: Session) -> list[str]:
    """Say what the bounds are, where more threads stop helping and why, what holds `g` up, and what to remember."""
    found = points(session)
    if max((each.threads for each in found), default=1) == 1:
        return ["One thread was measured: whether more of them help takes two cores.", roof_words(session)]
    steps = steps_of(found)
    told = [roof_words(session), step_words(session, found, steps), g_words(session), noisy_words(session), rule(steps)]
    return [each for each in told if each]


def roof_words(session: Session) -> str:
    """Say what this machine can do, and where the two bounds meet."""
    copies, peaks = rates(session)
    if not copies or not peaks:
        return ""
    meet = peaks[1] / copies[1]
    where = f"they meet at {meet:.2g} operations a byte, for poly at degree {meet * BYTES / FLOPS:.2g}"
    return f"One core copies {copies[1] / 1e9:.1f} GB/s and computes {peaks[1] / 1e9:.1f} Gflop/s: {where}."


@dataclass(frozen=True)
class Step:
    """From one number of threads to the next, at a degree, and what that brings."""

    degree: int
    threads: int
    gain: Interval
    bound: str

    @property
    def stops(self) -> bool:
        """Whether it surely brings hardly anything."""
        return self.gain.high < HELPS

    @property
    def helps(self) -> bool:
        """Whether it surely brings something, and that is much."""
        return self.gain.low > 1 and self.gain.value >= HELPS


def steps_of(found: list[Point]) -> list[Step]:
    """Return the steps from each number of threads to the next."""
    return [
        Step(before.degree, before.threads, ratio(seconds(before.result), seconds(after.result)), before.bound)
        for before, after in pairwise(found)
        if before.degree == after.degree
    ]


def first_stops(steps: list[Step]) -> list[Step]:
    """Return the first step of each degree that surely brings hardly anything."""
    return list({each.degree: each for each in reversed(steps) if each.stops}.values())[::-1]


def step_words(session: Session, found: list[Point], steps: list[Step]) -> str:
    """Say where more threads stop helping, and why."""
    stops = first_stops(steps)
    if stops:
        degrees, first = listed([str(each.degree) for each in stops]), stops[0]
        gain = f"after {threads_text(first.threads)} the next bring {interval_text(first.gain)}"
        return f"More threads stop helping at degree {degrees}: {gain}. {why(session, first)}"
    if all(each.helps for each in steps):
        return helping_words(session, found)
    helpful, unsure = ([gain_text(each) for each in steps if each.helps is helps] for helps in (True, False))
    helping = f"More threads help at degree {listed(helpful)}. " if helpful else ""
    return f"{helping}Whether they help could not be shown at degree {listed(unsure)}."


def gain_text(step: Step) -> str:
    """Write a degree, and what the step brings."""
    return f"{step.degree} ({interval_text(step.gain)})"


def helping_words(session: Session, found: list[Point]) -> str:
    """Say that they do not stop, with the evidence from the memory's side and from the cores'."""
    most = max(each.threads for each in found)
    ends = [each for each in found if each.threads == most]
    low, high = ends[0], ends[-1]
    copies, _ = rates(session)
    numbers = f"{most} threads run degree {low.degree} at {interval_text(low.result.speedup)} and degree {high.degree} at"
    memory = f"{most} cores copy {copies[most] / copies[1]:.2f}x as much as one, so one cannot use up the memory"
    because = f": {memory}" if low.bound == "memory" and copies[most] / copies[1] > HELPS else ""
    return f"More threads do not stop helping here: {numbers} {interval_text(high.result.speedup)}{because}."


def why(session: Session, stop: Step) -> str:
    """Give the cause: the memory gives no more, the cores give no more, or neither explains it."""
    copies, peaks = rates(session)
    later = min(threads for threads in copies if threads > stop.threads)
    rate = copies if stop.bound == "memory" else peaks
    gained = rate[later] / rate[stop.threads]
    what = "a copy, which only moves memory," if stop.bound == "memory" else "the peak within the cache"
    if gained < HELPS:
        cause = "the memory gives no more" if stop.bound == "memory" else "the cores give no more; others may be using them"
        return f"There {what} gains {gained:.2f}x too: {cause}."
    return f"But {what} gains {gained:.2f}x there: neither is used up, so it is something else, such as noise."


def g_words(session: Session) -> str:
    """Say whether allocating is what holds the article's g up."""
    found = {name: by_threads(session, name) for name in NAMES}
    if any(len(each) < 2 for each in found.values()):
        return ""
    g, out, chunks = found.values()
    most = max(g)
    slower = g[1].seconds.value / out[1].seconds.value
    cost = f"The article's g has {faults(g[1]):,.0f} page faults a call, and takes {slower:.2f}x as long as without them"
    numbers = f"{interval_text(g[most].speedup)} on {most} threads, and with arrays that exist {interval_text(out[most].speedup)}"
    cause = blame(faults(g[1]), g[most].speedup, out[most].speedup)
    return f"{cost}; it reaches {numbers}: {cause}. {chunk_words(chunks[most])}"


def blame(cleared: float, allocating: Interval | None, existing: Interval | None) -> str:
    """Say whether the difference is one, by the intervals."""
    if cleared and allocating and existing and allocating.high < existing.low:
        return "clearing pages for each result is what holds its threads up, not the GIL"
    return "that clearing pages holds its threads up could not be shown here"


def chunk_words(chunked: Result) -> str:
    """Say what staying in the cache does to threads: the GIL is wanted after each chunk."""
    reached = f"In chunks that stay in the cache threads reach {interval_text(chunked.speedup)}"
    if not chunked.speedup or not chunked.ceiling or chunked.speedup.high >= chunked.ceiling.low:
        return f"{reached}."
    processes = f"and processes {interval_text(chunked.ceiling)}"
    return f"{reached} {processes}: the difference is the GIL, wanted back after each chunk."


def rule(steps: list[Step]) -> str:
    """Say what to remember."""
    bounds = {each.bound for each in steps if each.stops}
    if bounds == {"memory"}:
        return "Remember: what only moves memory stops scaling first; do more with each byte, or move fewer of them."
    if bounds:
        return "Remember: even arithmetic did not scale here, so look for who else uses the cores before blaming the GIL."
    if not all(each.helps for each in steps):
        return "Remember: before blaming the GIL or the memory, measure on a machine that has nothing else to do."
    return "Remember: here neither memory nor cores stop threads; if yours stop, look for pages being cleared, and for the GIL."
