"""The pictures of `grain`: what one kernel gains by strategy and by grain, from which size on others do, what a release costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gilscope.experiments._grain_words import DEEP, RELEASES, elements, gains, grain_of, is_unsure
from gilscope.reports.pictures import costs, curves
from gilscope.reports.pictures.curves import Curve, Panel
from gilscope.reports.pictures.picture import BLUE, GREEN, GREY, Figure, stacked, with_data
from gilscope.results import Session
from gilscope.scaling_map import Cell, Line, Map, maps_of

HOW_TO_READ = (
    "A point is the throughput on several threads over that of the best single thread, with a 95 % interval; hollow points are "
    "noisy. The dashed lines: one thread, and the 500 elements above which NumPy releases the GIL. The thick line: from this "
    "size on releasing pays; the shade beside it: where that line may lie."
)
WIDE, SMALL = 660, 270  # pixels in a file
COLOURS = {"held": GREY, "released": BLUE, "own": BLUE, "thresholded": GREEN, "per_item": "#CC79A7"}
SHADES = ("#F2C14E", "#E69F00", "#CC7A00", "#B06000", "#8F4A00")  # of chunks, from fine to coarse


def figures(session: Session) -> list[Figure]:
    """Return the pictures for a page."""
    return [*map(curves.figure, panels(session)), *costs.figures(session)]


def drawn(session: Session) -> Any:
    """Return all pictures, the small ones two in a row; None if there is nothing to compare."""
    found = panels(session)
    wide = [curves.one_of_several(each, WIDE) for each in found if not each.half]
    small = [curves.one_of_several(each, SMALL) for each in found if each.half] + costs.several(session, SMALL)
    rows = {name: rows for each in found for name, rows in curves.named_data(each).items()} | costs.data_of(session)
    return with_data(stacked(wide, small), rows) if wide or small else None


# --- panels --------------------------------------------------------------------------------------------------------------------


def panels(session: Session) -> list[Panel]:
    """Return what is drawn: the kernel in depth, whole and in chunks, then the others."""
    charts = {chart.name: chart for chart in maps_of(session) if chart.threads[-1] > 1}
    small = [panel_of(chart) for name, chart in charts.items() if name != DEEP]
    found = [*deep_panels(session, charts.get(DEEP)), *(each for each in small if each.curves)]
    top = curves.highest(curve for panel in found for curve in panel.curves)
    return [replace(each, top=top) for each in found]


def panel_of(chart: Map) -> Panel:
    """Return what each strategy of a kernel gains on the most threads."""
    rows = {strategy: chart.row(strategy, chart.threads[-1]) for strategy in chart.strategies}
    found = [Curve(strategy, COLOURS.get(strategy, GREY), cells) for strategy, cells in rows.items() if cells]
    return Panel(chart.name, chart.kernel, heading(chart), found, line=line_of(chart), half=True)


def deep_panels(session: Session, chart: Map | None) -> Iterator[Panel]:
    """Yield the strategies of the kernel in depth, then its chunks beside a single release."""
    found: dict[str, list[Cell]] = {}
    for (name, _), cell in gains(session).items():
        found.setdefault(name, []).append(cell)
    whole = [Curve(name, COLOURS.get(name, GREY), cells) for name, cells in found.items() if not grain_of(name)]
    chunks = sorted((name for name in found if grain_of(name)), key=grain_of)
    cut = [Curve(name, shade, found[name]) for name, shade in zip(chunks, SHADES, strict=False)]
    kernel = DEEP.partition(".")[0]
    if whole and chart:
        yield Panel(DEEP, kernel, heading(chart), whole, line=line_of(chart))
    if cut:
        once = [curve for curve in whole if curve.name in RELEASES]
        words = f"{DEEP.replace('.', ', ')}: released once, or again after every so many elements"
        yield Panel(f"{DEEP} chunks", kernel, words, [*once, *cut])


def line_of(chart: Map) -> Line | None:
    """Return from which size on releasing pays on the most threads."""
    return next((line for (strategy, threads), line in chart.lines.items() if strategy in RELEASES), None)


def heading(chart: Map) -> str:
    """Say from which size on releasing pays."""
    return f"{chart.kernel}, {chart.implementation}: {pays_words(chart, line_of(chart))}"


def pays_words(chart: Map, line: Line | None) -> str:
    """Say from which size on releasing pays, or how certain it is that it does not."""
    if line is None:
        return "releasing was not measured"
    if line.pays:
        return f"releasing pays from {elements(line)} elements"
    return "that releasing pays is not shown" if is_unsure(chart, line) else "releasing never pays here"
