"""The map of `scaling`: who pays at which size on how many threads, and where the line runs. Pure functions of a session.

A *cell* is a strategy on a number of threads at a size. Its **gain** is the throughput over the best one-thread throughput of
that implementation: over the serial strategy with the smallest median at that size, block by block. A cell **pays** if the 95 %
interval of the gain is above 1; fewer than `MIN_BLOCKS` blocks cannot show that.

The **line** of a strategy on a number of threads lies between two sizes, so that the fewest cells contradict it: cells below it
that pay, and cells above that do not. Among equals it lies further up, for noise makes a cell that pays look as if it did not as
well as the other way round, and "never" is the safer word. One cell alone at the top is no line unless it is the only one: at
95 % every fortieth cell that does not pay looks as if it did.

Its **uncertainty** reaches from `low`, the largest size that surely does not pay (its interval is below 1) and below which
nothing pays, to `high`, the smallest size from which on everything does. Where no interval has 1 in it and nothing contradicts,
these are the two sizes that the line lies between; noise moves them apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from gilscope.cases import case_of
from gilscope.results import Result, Session
from gilscope.stats import Interval, ratio

MIN_BLOCKS = 5
MIN_CELLS = 2

Key = tuple[str, int, int]


@dataclass(frozen=True)
class Cell:
    """A strategy on a number of threads at a size, with the best that one thread does there."""

    result: Result
    best: Result

    @cached_property
    def key(self) -> Key:
        """Strategy, threads, size."""
        return str(self.result.case["strategy"]), threads_of(self.result), int(self.result.case["size"])

    @property
    def size(self) -> int:
        """Elements per call."""
        return self.key[2]

    @cached_property
    def gain(self) -> Interval:
        """Throughput over the best one-thread throughput of the implementation."""
        return ratio(seconds(self.best), seconds(self.result))

    @property
    def pays(self) -> bool:
        """Whether more than one thread beat the best single one."""
        return self.key[1] > 1 and len(self.result.samples) >= MIN_BLOCKS and self.gain.low > 1

    @property
    def loses(self) -> bool:
        """Whether the best single thread was surely faster."""
        return self.gain.high < 1

    @property
    def share(self) -> float | None:
        """The efficiency; on one thread, which has no ceiling, the speed-up: against `held`, or itself."""
        if self.key[1] > 1:
            return self.result.efficiency
        return self.result.speedup.value if self.result.speedup else None


@dataclass(frozen=True)
class Line:
    """From which size on a strategy pays on a number of threads.

    Parameters
    ----------
    strategy, threads : str, int
        Whose line it is.
    sizes : tuple of int
        What was measured.
    below, above : int or None
        The sizes that the line lies between; None where it is above or below all that was measured.
    low, high : int or None
        Its uncertainty; None is beyond what was measured.
    against : tuple of int
        Sizes that contradict it.
    """

    strategy: str
    threads: int
    sizes: tuple[int, ...]
    below: int | None
    above: int | None
    low: int | None
    high: int | None
    against: tuple[int, ...] = ()

    @property
    def pays(self) -> bool:
        """Whether there is enough above the line to call it one."""
        return self.above is not None and sum(size >= self.above for size in self.sizes) >= min(MIN_CELLS, len(self.sizes))

    @property
    def start(self) -> int | None:
        """Where the line is about: the middle of what it lies between, in ratio; None where it never pays."""
        if self.above is None or self.below is None:
            return self.above
        return between(self.below, self.above)


def line_of(strategy: str, threads: int, cells: Iterable[Cell]) -> Line:
    """Return the line that the fewest cells contradict."""
    ordered = sorted(cells, key=lambda cell: cell.size)
    sizes, pays = tuple(cell.size for cell in ordered), [cell.pays for cell in ordered]
    at = min(range(len(pays) + 1), key=lambda split: (sum(pays[:split]) + pays[split:].count(False), -split))
    first = pays.index(True) if True in pays else len(pays)
    losing = [cell.size for cell in ordered[:first] if cell.loses]
    last = max((index + 1 for index, each in enumerate(pays) if not each), default=0)
    return Line(
        strategy,
        threads,
        sizes,
        below=sizes[at - 1] if at else None,
        above=sizes[at] if at < len(sizes) else None,
        low=losing[-1] if losing else None,
        high=sizes[last] if last < len(sizes) else None,
        against=tuple(size for index, size in enumerate(sizes) if pays[index] != (index >= at)),
    )


@dataclass(frozen=True)
class Map:
    """What was measured of one implementation of a kernel."""

    kernel: str
    implementation: str
    cells: dict[Key, Cell]

    @property
    def name(self) -> str:
        """Such as "exp.c"."""
        return f"{self.kernel}.{self.implementation}"

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        """In the order of measurement."""
        return tuple(dict.fromkeys(strategy for strategy, _, _ in self.cells))

    @cached_property
    def threads(self) -> tuple[int, ...]:
        """Numbers of threads, from one on."""
        return tuple(sorted({threads for _, threads, _ in self.cells}))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """All sizes, in order."""
        return tuple(sorted({size for _, _, size in self.cells}))

    @cached_property
    def lines(self) -> dict[tuple[str, int], Line]:
        """The line of each strategy on each number of threads above one."""
        wanted = [(strategy, threads) for strategy in self.strategies for threads in self.threads if threads > 1]
        rows = {each: self.row(*each) for each in wanted}
        return {each: line_of(*each, row) for each, row in rows.items() if row}

    def row(self, strategy: str, threads: int) -> list[Cell]:
        """Return the cells of a strategy on a number of threads."""
        found = [self.cells.get((strategy, threads, size)) for size in self.sizes]
        return [cell for cell in found if cell]


def maps_of(session: Session) -> list[Map]:
    """Return the maps of a session, in the order of measurement."""
    names = dict.fromkeys((str(each.case["kernel"]), str(each.case["implementation"])) for each in session if is_cell(each))
    return [chart for name in names if (chart := map_of(session, *name)).cells]


def map_of(session: Session, kernel: str, implementation: str) -> Map:
    """Return the map of one implementation of a kernel."""
    wanted = kernel, implementation
    results = [each for each in session if (each.case["kernel"], each.case["implementation"]) == wanted and is_cell(each)]
    best = best_of_one_thread(results)
    cells = [Cell(each, best[paired_with(each)]) for each in results if paired_with(each) in best]
    return Map(kernel, implementation, {cell.key: cell for cell in cells})


def is_cell(result: Result) -> bool:
    """Whether a result belongs on the map: no ceiling, of the size that was asked for, and with the options of its strategy.

    A group that was scaled down may have ended on the sizes of another; results of two groups are never compared.
    """
    usual = not {*result.case["options"]} - {"threads"}
    return usual and result.case["executor"] in ("serial", "threads") and result.case.get("asked", result.id) == result.id


def best_of_one_thread(results: list[Result]) -> dict[tuple[int, int], Result]:
    """Return for each size and number of blocks the result with the smallest median on one thread."""
    found: dict[tuple[int, int], Result] = {}
    for each in results:
        if threads_of(each) == 1:
            found[paired_with(each)] = min(found.get(paired_with(each), each), each, key=lambda one: one.seconds.value)
    return found


def paired_with(result: Result) -> tuple[int, int]:
    """Return the size and the number of blocks: results in which these are equal can be paired."""
    return int(result.case["size"]), len(result.samples)


def threads_of(result: Result) -> int:
    """Return how many threads compute: Python's, or those that OpenMP runs inside."""
    case = case_of(result.case)
    return int(case.options.get("threads", 2)) if case.runs_openmp else case.workers


def seconds(result: Result) -> list[float]:
    """Return the seconds of a call, block by block."""
    return [sample.seconds for sample in result.samples]


# --- where to look next --------------------------------------------------------------------------------------------------------


def next_size(chart: Map, apart: float) -> int | None:
    """Return the size that splits the widest gap in which a line lies, or None where no gap is wider than a ratio of `apart`."""
    gaps = [(line.below, line.above) for line in chart.lines.values() if line.below and line.above]
    wide = [(above / below, between(below, above)) for below, above in gaps if above / below > apart]
    new = [(width, size) for width, size in wide if size not in chart.sizes]
    return max(new, key=lambda each: each[0])[1] if new else None


def between(below: int, above: int) -> int:
    """Return the middle of two sizes in ratio, with at most two digits so that ids stay readable."""
    return two_digits(math.sqrt(below * above))


def two_digits(size: float) -> int:
    """Round to two digits: 1234 to 1200."""
    return int(float(f"{size:.1e}"))
