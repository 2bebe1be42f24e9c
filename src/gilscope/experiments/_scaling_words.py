"""What `scaling` found, in words: pure functions of a session.

**Which strategy to use** is decided on the largest number of threads on which anything pays. Those that pay there compete, but
for those that lose more than `LOSS` on one thread where their line begins. Of two lines that do not overlap the later one is out.
Of what is left those stay that come within `CLOSE` of the best efficiency, at the largest size that all of them were measured at.
The first of these in the order of the map, which is that of simplicity, is the one to use.
"""

from __future__ import annotations

import math

from gilscope.cases import short
from gilscope.kernels import KERNELS
from gilscope.results import Session
from gilscope.scaling_map import Cell, Line, Map, maps_of
from gilscope.stats import median
from gilscope.wording import duration, listed, percent

LOSS = 0.10
CLOSE = 0.95
MANY_NOISY = 0.2
BUSY = 1.1  # more threads are worth less than that only where others use the cores
DECLARED = ("held", "declared_nogil")


def verdict(session: Session) -> list[str]:
    """Say for each kernel from which size on it pays, how far strategies are from the ceiling, and which to use."""
    charts, gil = maps_of(session), bool(session.machine.get("gil", True))
    if not charts:
        return ["Nothing was measured, so there is no verdict."]
    if all(chart.threads == (1,) for chart in charts):
        return [*(cost_words(chart) for chart in charts), alone_words(session.machine)]
    found = [words(chart, gil) for chart in charts]
    return [*found, *absent_words(session, charts), *declared_words(charts, gil), *noise_words(session, charts)]


def words(chart: Map, gil: bool) -> str:
    """Return the sentences on one kernel."""
    best = recommended(chart)
    sentences = (where_words(chart, best, gil), share_words(chart, best), use_words(chart, best, gil), step_words(chart, gil))
    return f"{chart.kernel}, {chart.implementation}: " + " ".join(each for each in sentences if each)


# --- which strategy to use -----------------------------------------------------------------------------------------------------


def recommended(chart: Map) -> Line | None:
    """Return the line of the strategy to use, on the largest number of threads that pays; None if none does."""
    lines = [line for line in chart.lines.values() if line.pays and not loses_alone(chart, line)]
    most = max((line.threads for line in lines), default=0)
    lines = [line for line in lines if line.threads == most]
    early = [line for line in lines if not any(is_later(line, other) for other in lines)]
    tops = {line.strategy: share_at(chart, line, common_size(early)) for line in early}
    return next((line for line in early if tops[line.strategy] >= CLOSE * max(tops.values())), None)


def is_later(line: Line, other: Line) -> bool:
    """Whether a line surely begins above another: what they may lie between does not overlap."""
    return other.high is not None and line.low is not None and line.low >= other.high


def undecided(chart: Map, line: Line) -> bool:
    """Whether a strategy that was not found to pay may do so after all: by its largest size.

    There its interval reaches far above 1, or not even threads without Python keep up with a single one: others used the cores.
    """
    last = chart.row(line.strategy, line.threads)[-1]
    ceiling = last.result.ceiling
    return not line.pays and (last.gain.high > 1 + LOSS or (ceiling is not None and ceiling.high < 1))


def loses_alone(chart: Map, line: Line) -> bool:
    """Whether one thread is clearly slower with this strategy than with the best, where the line begins."""
    assert line.above is not None
    cell = chart.cells.get((line.strategy, 1, line.above))
    return cell is not None and cell.gain.high < 1 - LOSS


def common_size(lines: list[Line]) -> int:
    """Return the largest size that all of them were measured at."""
    return max(set.intersection(*({*line.sizes} for line in lines)), default=0) if lines else 0


def share_at(chart: Map, line: Line, size: int) -> float:
    """Return the efficiency at a size."""
    cell = chart.cells.get((line.strategy, line.threads, size))
    return (cell.share or 0.0) if cell else 0.0


# --- sentences -----------------------------------------------------------------------------------------------------------------


def where_words(chart: Map, best: Line | None, gil: bool) -> str:
    """Say from which size on it pays, on each number of threads."""
    releases = gil and chart.strategies != ("own",)
    subject = "releasing pays" if releases else "threads pay"
    if best is None:
        largest = f"here, up to {short(chart.sizes[-1])} elements"
        if any(undecided(chart, line) for line in chart.lines.values()):
            return f"that {subject} could not be shown {largest}."
        return f"{subject.replace(' pay', ' never pay')} {largest}."
    lines = [chart.lines[best.strategy, threads] for threads in chart.threads if (best.strategy, threads) in chart.lines]
    found = [f"{line_words(chart, line)} on {line.threads} threads" for line in lines if line.pays]
    never = [f"never on {line.threads} threads" for line in lines if not line.pays]
    return f"{subject} {listed([*found, *never])}."


def line_words(chart: Map, line: Line) -> str:
    """Say where a line is, how sure that is, and how long a call takes there."""
    assert line.above is not None
    assert line.start is not None
    call = duration(chart.cells[line.strategy, line.threads, line.above].best.seconds.value)
    against = f", though not at {listed([short(size) for size in line.against if size > line.above])}" if beyond(line) else ""
    if line.below is None:
        return f"at every size measured, from {short(line.above)} on ({call} a call{against})"
    low, high = (short(size) if size else "?" for size in (line.low, line.high))
    return f"from about {short(line.start)} elements [{low}, {high}] ({call} a call{against})"


def beyond(line: Line) -> bool:
    """Whether sizes above the line contradict it."""
    return any(size > (line.above or 0) for size in line.against)


def share_words(chart: Map, best: Line | None) -> str:
    """Say how near the ceiling each strategy comes, at the largest size it was measured at, and which do not pay."""
    threads = best.threads if best else chart.threads[-1]
    tops = [row[-1] for strategy in chart.strategies if (row := chart.row(strategy, threads))]
    tops = sorted((cell for cell in tops if cell.share is not None), key=lambda cell: -(cell.share or 0))
    ceiling = next((cell.result.ceiling for cell in tops if cell.size == chart.sizes[-1] and cell.result.ceiling), None)
    if ceiling is None:
        return "The ceiling was not measured."
    begin = f"At {short(chart.sizes[-1])}, of the ceiling ({ceiling.value:.2f}x on {threads} threads): "
    return begin + ", ".join(share_of(cell, chart, best) for cell in tops) + f"{not_paying(chart, threads, best)}."


def share_of(cell: Cell, chart: Map, best: Line | None) -> str:
    """Write one strategy's share of the ceiling, and how it differs: measured up to another size, or a later line."""
    strategy, threads, size = cell.key
    line = chart.lines[strategy, threads]
    facts = [] if size == chart.sizes[-1] else [f"at {short(size)}"]
    facts += [f"pays from about {short(line.start)} on"] if best and line.pays and line.start and is_later(line, best) else []
    return f"{'' if strategy == 'own' else strategy + ' '}{percent(cell.share or 0)}{f' ({listed(facts)})' if facts else ''}"


def not_paying(chart: Map, threads: int, best: Line | None) -> str:
    """Name the strategies that never pay where another does, and those of which it could not be shown."""
    lines = [line for line in chart.lines.values() if line.threads == threads and not line.pays] if best else []
    unknown = [line.strategy for line in lines if undecided(chart, line)]
    never = [line.strategy for line in lines if line.strategy not in unknown]
    words = f"; {listed(never)} never pay{'s' * (len(never) == 1)}" if never else ""
    return words + (f"; that {listed(unknown)} pay{'s' * (len(unknown) == 1)} could not be shown" if unknown else "")


def use_words(chart: Map, best: Line | None, gil: bool) -> str:
    """Say which strategy to use."""
    if chart.strategies == ("own",):
        return ""
    if not gil:
        return "There is no GIL to release: use what is simplest."
    if best is None:
        decided = not any(undecided(chart, line) for line in chart.lines.values())
        return "Use held." if "held" in chart.strategies and decided else ""
    return f"Use {best.strategy}{below_words(chart, best)}."


def below_words(chart: Map, best: Line) -> str:
    """Say what releasing costs on calls below the line, and which threshold would keep them."""
    cells = [cell for cell in chart.row(best.strategy, best.threads) if cell.size < (best.above or 0)]
    worst = min(cells, key=lambda cell: cell.gain.value, default=None)
    if worst is None or worst.gain.high >= 1 - LOSS:
        return ""
    cost = f" for calls above the line: below it costs, {worst.gain.value:.2f}x at {short(worst.size)}"
    if best.high is None or not chart_has(chart, best):
        return cost
    return f"{cost}; thresholded would keep the GIL there with threshold={best.high}"


def chart_has(chart: Map, best: Line) -> bool:
    """Whether there is a strategy with a threshold that could be set to where the line is."""
    return "thresholded" in chart.strategies and best.strategy in ("released", "thresholded")


def step_words(chart: Map, gil: bool) -> str:
    """Say what happens at the threshold of `thresholded`."""
    if not gil or "thresholded" not in chart.strategies or chart.kernel not in KERNELS:  # a kernel of a newer version
        return ""
    threshold = KERNELS[chart.kernel].implementations[chart.implementation].strategies["thresholded"].options["threshold"]
    row = chart.row("thresholded", chart.threads[-1])
    before = [cell for cell in row if cell.size <= threshold][-1:]
    after = [cell for cell in row if cell.size > threshold][:1]
    steps = [f"{cell.gain.value:.2f}x at {short(cell.size)}" for cell in (*before, *after)]
    return f"thresholded steps at its {threshold}: {' and '.join(steps)}." if len(steps) == 2 else ""


def declared_words(charts: list[Map], gil: bool) -> list[str]:
    """Say that `declared_nogil` goes with `held`."""
    ratios = [each for chart in charts for each in declared_against_held(chart)]
    if not ratios or not gil:
        return []
    middle = f"{median(ratios):.2f} of held's speed on {charts[0].threads[-1]} threads"
    return [f"declared_nogil runs at {middle}: a declaration permits to release, it does not release."]


def declared_against_held(chart: Map) -> list[float]:
    """Return the throughput of `declared_nogil` over that of `held`, at each size, on the largest number of threads."""
    rows = [{cell.size: cell.result.seconds.value for cell in chart.row(each, chart.threads[-1])} for each in DECLARED]
    return [rows[0][size] / rows[1][size] for size in chart.sizes if size in rows[0] and size in rows[1]]


def absent_words(session: Session, charts: list[Map]) -> list[str]:
    """Say why what was chosen is not on any map."""
    there = {(chart.kernel, chart.implementation) for chart in charts}
    absent = [each for each in session.details.get("not_measured", []) if (each["kernel"], each["implementation"]) not in there]
    return [f"{each['kernel']}, {each['implementation']}: not measured: {each['reason']}." for each in absent]


def noise_words(session: Session, charts: list[Map]) -> list[str]:
    """Say how many cases were noisy, if many were: then lines are where the noise let them be."""
    noisy = sum(result.noisy for result in session)
    if noisy <= MANY_NOISY * len(session):
        return []
    others = "; native threads were no faster than one, so others used the cores" if median(ceilings(charts)) < BUSY else ""
    return [f"{noisy} of {len(session)} cases were noisy{others}: on a quieter machine lines may lie elsewhere."]


def ceilings(charts: list[Map]) -> list[float]:
    """Return what native threads reach, in every cell of the maps; infinity where it was not measured."""
    tops = [cell.result.ceiling for chart in charts for cell in chart.cells.values()]
    return [top.value for top in tops if top] or [math.inf]


# --- one thread ----------------------------------------------------------------------------------------------------------------


def cost_words(chart: Map) -> str:
    """Say what each strategy costs on one thread, at the largest size it was measured at."""
    tops = [row[-1] for strategy in chart.strategies if (row := chart.row(strategy, 1)) and strategy not in ("held", "own")]
    costs = [f"{cell.key[0]} {percent(cell.share or 0)} at {short(cell.size)}" for cell in tops]
    words = f"on one thread, of held's speed: {', '.join(costs)}" if costs else "only held was measured"
    return f"{chart.kernel}, {chart.implementation}: {words}."


def alone_words(machine: dict[str, object]) -> str:
    """Say why nothing can pay on one thread."""
    if machine.get("cores_usable") == 1:
        return "One usable core: threads cannot overlap here, so releasing cannot pay."
    return "Only one thread was measured: whether releasing pays takes two."
