"""The map of `scaling` as lines of text: a table of shaded cells that can be read without colour, and without shades."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gilscope.cases import short
from gilscope.scaling_map import Cell, Map
from gilscope.wording import percent

WIDTH, LABEL, CELL = 100, 22, 6
COLUMNS = (WIDTH - LABEL) // CELL
SHADES, PLAIN_SHADES = " ░▒▓█", " .:+#"
STEPS = (0.10, 0.30, 0.60, 0.90)  # of the ceiling: from where on each shade
TOO_WIDE = 9.995  # what noise can do; from here on times, not percent
PAYS, CONTRADICTS, ABSENT = "|", "?", "-"


def opening(cores: int, shades: str = SHADES) -> list[str]:
    """Return what the cells mean, on a machine with so many usable cores."""
    if cores == 1:
        return ["", "One usable core: threads cannot overlap here. Each number is % of held's speed on one thread."]
    return ["", legend(shades)]


def legend(shades: str = SHADES) -> str:
    """Return what the cells mean."""
    steps = ", ".join(f"{shade} {percent(step)}" for shade, step in zip(shades[1:], STEPS, strict=True))
    return f"""\
Numbers: % of the ceiling, the same work with no Python in the way; on 1 thread: % of held's speed.
Shades: {steps} and more.  {ABSENT} not measured.
{PAYS} from this size on it pays: threads beat the best single one.  {CONTRADICTS} contradicts that, as noise may."""


def map_lines(chart: Map, not_measured: list[dict[str, Any]], shades: str = SHADES) -> list[str]:
    """Return the table of one implementation of a kernel, and what was left out of it."""
    lines = []
    for at in range(0, len(chart.sizes), COLUMNS):
        lines += ["", *table(chart, chart.sizes[at : at + COLUMNS], shades)]
    return [*lines, *(f"  {note}" for note in notes(chart, not_measured))]


def table(chart: Map, sizes: tuple[int, ...], shades: str) -> Iterator[str]:
    """Yield the lines of a table for some of the sizes."""
    yield line(f"{chart.kernel}, {chart.implementation}", "size", [short(size) for size in sizes])
    yield line("  best call, us", "1", [microseconds(chart, size) for size in sizes])
    for threads in chart.threads[1:]:
        yield line("  ceiling, threads", str(threads), [ceiling(chart, threads, size) for size in sizes])
    for strategy in chart.strategies:
        for at, threads in enumerate(shown_threads(chart, strategy)):
            yield line("" if at else f"  {strategy}", str(threads), cells(chart, strategy, threads, sizes, shades))


def line(name: str, what: str, texts: list[str]) -> str:
    """Return a line of the table: a label of two parts, and a text for each size."""
    return f"{name:<{LABEL - 4}}{what:>4}" + "".join(f"{text:>{CELL}}" for text in texts)


def shown_threads(chart: Map, strategy: str) -> tuple[int, ...]:
    """Return the numbers of threads that have something to show: on one thread `held` is what others are compared with."""
    if strategy not in ("held", "own") or len(chart.threads) == 1:
        return chart.threads
    return tuple(threads for threads in chart.threads[1:] if chart.row(strategy, threads))


def microseconds(chart: Map, size: int) -> str:
    """Write the time of a call by the best single thread."""
    best = next(cell.best.seconds.value for cell in chart.cells.values() if cell.size == size) * 1e6
    return f"{best:.2g}" if best < 10 else f"{best:.0f}"


def ceiling(chart: Map, threads: int, size: int) -> str:
    """Write what the same work reaches on so many native threads."""
    found = (chart.cells.get((strategy, threads, size)) for strategy in chart.strategies)
    top = next((cell.result.ceiling.value for cell in found if cell and cell.result.ceiling), None)
    return ABSENT if top is None else f"{top:.2f}x" if top < 9.995 else f"{top:.0f}x"


def cells(chart: Map, strategy: str, threads: int, sizes: tuple[int, ...], shades: str) -> list[str]:
    """Return a row of cells: the mark of the line, two characters of shade, the number."""
    found = [(size, chart.cells.get((strategy, threads, size))) for size in sizes]
    return [cell_text(cell, mark(chart, strategy, threads, size), shades) if cell else ABSENT for size, cell in found]


def mark(chart: Map, strategy: str, threads: int, size: int) -> str:
    """Return what stands before a cell: the line from which on it pays, or a contradiction to it."""
    found = chart.lines.get((strategy, threads))
    if found is None or not found.pays:
        return " "
    return PAYS if size == found.above else CONTRADICTS if size in found.against else " "


def cell_text(cell: Cell, before: str, shades: str) -> str:
    """Return a cell."""
    if cell.share is None:
        return f"{before}{ABSENT:>{CELL - 1}}"
    shade = shades[sum(cell.share >= step for step in STEPS)]
    number = percent(cell.share).removesuffix("%") if cell.share < TOO_WIDE else f"{min(cell.share, 999):.0f}x"
    return f"{before}{f'{number:>3}':{shade}>{CELL - 1}}"


def notes(chart: Map, not_measured: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what was left out, and why."""
    for each in not_measured:
        if (each["kernel"], each["implementation"]) == (chart.kernel, chart.implementation):
            yield note(each)


def note(each: dict[str, Any]) -> str:
    """Say what was left out, and why."""
    what = ".".join(str(each[key]) for key in ("kernel", "implementation", "strategy") if each[key])
    on = f" on {each['threads']} thread{'s' if each['threads'] > 1 else ''}" if each["threads"] else ""
    return f"{ABSENT} {what}{on}: {each['reason']}"
