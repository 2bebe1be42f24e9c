"""What `grain` found, in lines and in words: pure functions of a session."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gilscope.cases import case_of, short
from gilscope.experiments._scaling_words import noise_words, undecided
from gilscope.experiments._telling import columns
from gilscope.results import Result, Session
from gilscope.scaling_map import Cell, Line, Map, maps_of, seconds
from gilscope.stats import Interval, median_interval
from gilscope.wording import duration, listed

DEEP = "exp.c"
NUMPY, NUMPYS_LIMIT = "exp.numpy", 500
RELEASES = ("released", "own")
FEW = 9  # sizes in a line


# --- the kernel in depth -------------------------------------------------------------------------------------------------------


def gains(session: Session) -> dict[tuple[str, int], Cell]:
    """Return what each strategy, at each grain, gains on the most threads over the best single one, by label and size."""
    there = [each for each in session if each.id.startswith(f"{DEEP}.") and each.case["executor"] in ("serial", "threads")]
    most = max((int(each.case["workers"]) for each in there), default=1)
    best = best_alone(there)
    found = (each for each in there if each.case["workers"] == most > 1)
    return {(label(each), int(each.case["size"])): Cell(each, best[int(each.case["size"])]) for each in found}


def best_alone(results: list[Result]) -> dict[int, Result]:
    """Return the quickest on one thread, by size."""
    slowest_first = sorted(results, key=lambda each: -each.seconds.value)
    return {int(each.case["size"]): each for each in slowest_first if each.case["workers"] == 1}


def label(result: Result) -> str:
    """Name a strategy, with its grain."""
    grain = result.case["options"].get("grain")
    return f"{result.case['strategy']}{f', {grain}' if grain else ''}"


def grain_of(name: str) -> int:
    """Return the grain in a label, 0 if there is none: what to sort by."""
    return int(name.partition(", ")[2] or 0)


def depth_lines(session: Session) -> list[str]:
    """Return the table of the kernel in depth."""
    cells = gains(session)
    if not cells:
        return []
    sizes = shown_sizes({size for _, size in cells})
    labels = sorted(dict.fromkeys(name for name, _ in cells), key=grain_of)
    head = [
        [f"{DEEP}: elements a call", *(short(size) for size in sizes)],
        ["  best call on one thread", *(duration(next(each.best for (_, at), each in cells.items() if at == size).seconds.value)
                                        for size in sizes)],
    ]  # fmt: skip
    rows = [[f"  {name}", *(cell_text(cells.get((name, size))) for size in sizes)] for name in labels]
    what = f"Throughput on {threads_of(cells)} threads over the best single thread; * it pays: the whole interval is above 1."
    return [what, *columns([*head, *rows])]


def shown_sizes(sizes: set[int]) -> list[int]:
    """Return the sizes to show: where there are too many, those of one digit, which the run began with."""
    if len(sizes) <= FEW:
        return sorted(sizes)
    return sorted(size for size in sizes if len(str(size).rstrip("0")) == 1)


def threads_of(cells: dict[tuple[str, int], Cell]) -> int:
    """Return how many threads ran."""
    return next(iter(cells.values())).key[1]


def cell_text(cell: Cell | None) -> str:
    """Write a gain."""
    if cell is None:
        return "-"
    return f"{cell.gain.value:.{2 if cell.gain.value >= 0.095 else 3}f}{'*' if cell.pays else ' '}"


# --- from which size on --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BreakEven:
    """From which size on releasing pays, for one implementation of a kernel."""

    chart: Map
    line: Line

    @property
    def name(self) -> str:
        """Such as "exp.c"."""
        return self.chart.name

    @property
    def call_seconds(self) -> float:
        """What a call takes on one thread at the first size that pays."""
        assert self.line.above is not None
        return self.chart.cells[self.line.strategy, self.line.threads, self.line.above].best.seconds.value


def break_evens(session: Session) -> list[BreakEven]:
    """Return the line of each kernel that was found to pay somewhere."""
    lines = [(chart, line) for chart in maps_of(session) for line in chart.lines.values() if line.strategy in RELEASES]
    return [BreakEven(chart, line) for chart, line in lines if line.pays]


def others(session: Session) -> dict[str, str]:
    """Return what was not found to pay, and whether that is certain."""
    lines = [(chart, line) for chart in maps_of(session) for line in chart.lines.values() if line.strategy in RELEASES]
    words = {True: "not shown", False: "never here"}
    return {chart.name: words[is_unsure(chart, line)] for chart, line in lines if not line.pays}


def is_unsure(chart: Map, line: Line) -> bool:
    """Whether what was not found to pay may do so on a quieter machine."""
    return undecided(chart, line) or chart.row(line.strategy, line.threads)[-1].result.noisy


def break_even_lines(session: Session) -> list[str]:
    """Return the table of the sizes."""
    found = [[f"  {each.name}", elements(each.line), duration(each.call_seconds)] for each in break_evens(session)]
    rows = [*found, *([f"  {name}", words] for name, words in others(session).items())]
    return columns([["Releasing pays from", "elements", "call"], *rows]) if rows else []


def elements(line: Line) -> str:
    """Write where a line is, and how sure that is."""
    low, high = (short(size) if size else "?" for size in (line.low, line.high))
    return f"{short(line.start or 0)} [{low}, {high}]"


# --- what a release costs ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What one release costs the thread that makes it.

    Parameters
    ----------
    work : float
        Seconds that the loop runs for each release.
    company : str
        Who wants the GIL meanwhile.
    seconds : Interval
        Of one release, waiting included.
    """

    work: float
    company: str
    seconds: Interval


def costs(session: Session) -> list[Cost]:
    """Return what a release costs, after each length of work and in each company."""
    chunked = [each for each in session if each.id.startswith("poly.c.chunked/") and "grain" in each.case["options"]]
    pairs = ((each, held_of(each, session)) for each in chunked if each.case["executor"] in ("serial", "threads"))
    return [cost(each, held) for each, held in pairs if held]


def held_of(result: Result, session: Session) -> Result | None:
    """Return the same loop held, measured in the same blocks."""
    held = session.result(result.speedup.baseline) if result.speedup else None
    return held if held and len(held.samples) == len(result.samples) else None


def cost(result: Result, held: Result) -> Cost:
    """Compare a loop that is released again and again with the same loop held, block by block."""
    case = case_of(result.case)
    releases = case.size / case.options["grain"]
    pairs = zip(seconds(result), seconds(held), strict=True)
    extra = [(case.workers * each - alone) / releases for each, alone in pairs]
    return Cost(held.seconds.value / releases, company_of(result), median_interval(extra))


def company_of(result: Result) -> str:
    """Say who else wants the GIL."""
    others = int(result.case["workers"]) - 1
    if result.case["options"].get("beside") == "python":
        return "beside a loop of Python"
    return f"beside {others} thread{'s' * (others > 1)} that release{'s' * (others == 1)} too" if others else "alone"


def cost_lines(session: Session) -> list[str]:
    """Return the table of the costs: a row for each company, a column for each length of work."""
    found = costs(session)
    if not found:
        return []
    works = sorted({each.work for each in found})
    by_key = {(each.company, each.work): each.seconds for each in found}
    rows = [
        [f"  {company}", *(cost_text(by_key.get((company, work))) for work in works)]
        for company in dict.fromkeys(each.company for each in found)
    ]
    return columns([["One release costs, after work of", *(duration(work) for work in works)], *rows])


def cost_text(seconds: Interval | None) -> str:
    """Write what a release costs; what may be nothing is not told as a number."""
    if seconds is None:
        return "-"
    return f"under {duration(seconds.high)}" if seconds.low <= 0 < seconds.high else duration(max(seconds.value, 0.0))


# --- all of it -----------------------------------------------------------------------------------------------------------------


def lines(session: Session) -> list[str]:
    """Return the three tables."""
    tables = (depth_lines(session), break_even_lines(session), cost_lines(session))
    return [line for table in tables if table for line in ("", *table)][1:]


def verdict(session: Session) -> list[str]:
    """Say how large a call must be, how to cut it, what a release costs, and what to remember."""
    if not session.machine["gil"]:
        return ["GIL off: there is nothing to release; what is left is what it costs to start threads on little work."]
    found = break_evens(session)
    noise = noise_words(session, maps_of(session))
    sentences = [chunk_words(session), cost_words(session), numpy_words(found), *noise, rule_words(found, sure=not noise)]
    return [each for each in sentences if each] or ["Nothing could be compared: it takes two cores."]


def chunk_words(session: Session) -> str:
    """Say what cutting does, at the largest size."""
    cells = gains(session)
    size = max((size for _, size in cells), default=0)
    at = {name: cell for (name, where), cell in cells.items() if where == size}
    if "released" not in at:
        return ""
    chunks = {grain_of(name): cell for name, cell in at.items() if grain_of(name)}
    each = ", ".join(f"{short(grain)}: {cell.gain.value:.2f}x" for grain, cell in sorted(chunks.items()))
    whole = f"{DEEP} on {short(size)} elements gains {at['released'].gain.value:.2f}x released once"
    return f"{whole}; released for so many at a time: {each}. {grain_words(chunks)}"


def grain_words(chunks: dict[int, Cell]) -> str:
    """Say which grains still pay, and why the others do not."""
    paying = [grain for grain, cell in chunks.items() if cell.pays]
    losing = [grain for grain, cell in chunks.items() if cell.loses]
    if not losing:
        return "No grain loses here."
    why = "after each chunk the thread wants the GIL back, and mostly waits for the other to be done with it"
    until = f"Chunks up to {short(max(losing))} lose: {why}"
    return f"{until}; from {short(min(paying))} on they pay." if paying else f"{until}; no grain measured pays."


def cost_words(session: Session) -> str:
    """Say what a release costs, and that it depends on who else wants the GIL."""
    found = costs(session)
    if not found:
        return ""
    short_work, long_work = min(each.work for each in found), max(each.work for each in found)
    told = [f"{cost_text(each.seconds)} {each.company}" for each in found if each.work == short_work]
    python = [each for each in found if each.company.endswith("Python") and each.work == long_work]
    late = "".join(
        f" Beside Python it costs {cost_text(each.seconds)} after {duration(each.work)} of work: by then the loop has the GIL, "
        "and keeps it for a switch interval."
        for each in python
        if each.seconds.low > 0.001
    )
    return f"A release costs {listed(told)}.{late}"


def numpy_words(found: Iterable[BreakEven]) -> str:
    """Compare NumPy's fixed number with what was measured of C loops, and of NumPy itself."""
    by_name = {each.name: each.line.start or 0 for each in found}
    own = by_name.pop(NUMPY, None)
    if not by_name:
        return ""
    ordered = sorted(by_name, key=by_name.__getitem__)
    span = listed_span([f"{short(by_name[name])} ({name})" for name in ordered])
    itself = f" np.exp itself pays from {short(own)}." if own else ""
    fits = fits_words(by_name[ordered[0]], by_name[ordered[-1]])
    return f"NumPy releases above {NUMPYS_LIMIT} elements, whatever it computes. These loops pay from {span}: {fits}.{itself}"


def fits_words(low: int, high: int) -> str:
    """Say what NumPy's number is worth, where releasing pays from `low` to `high` elements on."""
    if low > NUMPYS_LIMIT:
        return f"{NUMPYS_LIMIT} is too early for all of them"
    return f"{NUMPYS_LIMIT} is too late for all of them" if high < NUMPYS_LIMIT else "no one number fits them"


def listed_span(texts: list[str]) -> str:
    """Write the first and the last of what is in order."""
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def rule_words(found: Iterable[BreakEven], sure: bool) -> str:
    """Say what to remember; of a busy machine not how much time it is."""
    times = sorted(each.call_seconds for each in found)
    if not times:
        return "Remember: no size was found here from which on releasing pays."
    span = f"{duration(times[0])} to {duration(times[-1])}" if len(times) > 1 else f"about {duration(times[0])}"
    if not sure:
        return f"Remember: it is time that counts, not elements; how much, a quieter machine will say (here {span})."
    return f"Remember: it is time that counts, not elements. Release once, around work of more than {span}; below that, hold."
