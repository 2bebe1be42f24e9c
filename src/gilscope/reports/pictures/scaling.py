"""The map of one implementation as a heat map: how near the ceiling each cell comes, and the line from which releasing pays."""

from __future__ import annotations

from typing import Any

from gilscope.cases import short
from gilscope.reports.content import maps
from gilscope.reports.map import ABSENT, TOO_WIDE, ceiling, microseconds, shown_threads
from gilscope.reports.pictures.picture import VERMILION, Figure, Spec, fluid, with_data
from gilscope.results import Session
from gilscope.scaling_map import Cell, Line, Map
from gilscope.wording import percent

HOW_TO_READ = (
    "Numbers and colours: percent of the ceiling, the same work with no Python in the way; on one thread, of held's speed. "
    "The thick line: from this size on it pays, threads beat the best single one; the thin line: where that line may lie. "
    "A question mark contradicts it, as noise may."
)
LABEL, COLUMN, ROW = 150, 44, 21  # pixels
NARROW = 20  # pixels of a column; below, numbers have no room
SCHEME = "cividis"  # made for colour-blind eyes, and in print its lightness alone tells
BRIGHT = 0.62  # share from which on text is dark
BEST, CEILING = "best call, µs", "ceiling"

Box = dict[str, Any]


def figures(session: Session) -> list[Figure]:
    """Return the pictures of a session for a page: one for each map."""
    return [figure(chart) for chart in maps(session)]


def figure(chart: Map) -> Figure:
    """Return the picture of a map for a page."""
    label = f"{chart.name}: share of the ceiling by strategy, threads and size, and from where on releasing pays"
    return Figure(label, {"": specification(chart)}, data_of(chart), kernel=chart.kernel, heading=heading(chart))


def heading(chart: Map) -> str:
    """Return what stands above a map."""
    return f"{chart.kernel}, {chart.implementation}"


# --- data: a cell is from `at` to `at` + 1 -------------------------------------------------------------------------------------


def data_of(chart: Map) -> dict[str, list[Box]]:
    """Return the data sets: cells, the rows that are only numbers, and lines."""
    keys = [(strategy, threads) for strategy in chart.strategies for threads in shown_threads(chart, strategy)]
    return {
        "cells": [box for strategy, threads in keys for box in _boxes(chart, strategy, threads)],
        "facts": [*_facts(chart)],
        "lines": [_line(chart, line) for line in chart.lines.values() if line.pays],
    }


def _row(strategy: str, threads: int) -> Box:
    return {"row": f"{strategy} · {threads}", "strategy": strategy}


def _boxes(chart: Map, strategy: str, threads: int) -> list[Box]:
    line = chart.lines.get((strategy, threads))
    against = line.against if line and line.pays else ()
    return [
        {
            **_row(strategy, threads),
            "at": chart.sizes.index(cell.size),
            "share": round(min(cell.share, 9.99), 3),
            "text": number(cell.share) + "?" * (cell.size in against),
            "told": told(cell),
        }
        for cell in chart.row(strategy, threads)
        if cell.share is not None
    ]


def number(share: float) -> str:
    """Write a share in percent; what only noise can do, as a factor."""
    return percent(share).removesuffix("%") if share < TOO_WIDE else f"{share:.0f}×"


def told(cell: Cell) -> str:
    """Return what is told of a cell under the pointer."""
    beside = f": {cell.gain:.2f} of the best thread" if cell.key[1] > 1 else ""
    return f"{short(cell.size)}{beside}{', noisy' * cell.result.noisy}"


def _facts(chart: Map) -> list[Box]:
    rows = {BEST: [microseconds(chart, size) for size in chart.sizes]}
    rows |= {f"{CEILING} · {n}": [ceiling(chart, n, size).replace("x", "×") for size in chart.sizes] for n in chart.threads[1:]}
    return [
        {"row": row, "at": at, "text": text, "brief": brief(text)} for row, texts in rows.items() for at, text in enumerate(texts)
    ]


def brief(text: str) -> str:
    """Write a number in three characters: .35, 2.9, 14."""
    if text == ABSENT:
        return text
    value = float(text.removesuffix("×"))
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}".removeprefix("0") or "0"


def _line(chart: Map, line: Line) -> Box:
    """Return where a line is, and its uncertainty: from the middle of a cell to the middle of another."""
    assert line.above is not None
    places = {size: at + 0.5 for at, size in enumerate(chart.sizes)}
    low = 0 if line.low is None else places[line.low]
    high = len(chart.sizes) if line.high is None else places[line.high]
    at = chart.sizes.index(line.above)
    bounds = " and ".join(short(size) if size else "?" for size in (line.low, line.high))
    return {**_row(line.strategy, line.threads), "at": at, "low": low, "high": high, "told": f"between {bounds} elements"}


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def specification(chart: Map) -> Spec:
    """Return the picture in Vega-Lite, without its data, as wide as what it is in."""
    return fluid(layers(chart))


def drawn(session: Session) -> Any:
    """Return the pictures of all maps, one below the other; None if there is no map."""
    import altair as alt

    charts = maps(session)
    rows = {name: rows for chart in charts for name, rows in named_data(chart).items()}
    return with_data(alt.vconcat(*map(one_of_several, charts), spacing=24), rows) if charts else None


def one_of_several(chart: Map) -> Any:
    """Return the picture of a map as one of several: its data sets are those of `named_data`."""
    width = max(300, len(chart.sizes) * COLUMN)
    return layers(chart, f"{chart.name} ", str(width)).properties(width=width, title=heading(chart))


def named_data(chart: Map) -> dict[str, list[Box]]:
    """Return the data sets under names that no other map has."""
    return {f"{chart.name} {name}": rows for name, rows in data_of(chart).items()}


def layers(chart: Map, prefix: str = "", width: str = "width") -> Any:
    """Return the picture as Altair's layers; the names of its data sets begin with the prefix, and `width` is in Vega's words.

    All channels are objects of Altair's classes: from a string or a dict it takes Altair 10 ms to make one.
    """
    import altair as alt

    count = len(chart.sizes)
    x = alt.X("at:Q", axis=_axis(alt, chart), scale=alt.Scale(domain=[0, count], nice=False, zero=True))
    named: dict[str, Any] = {"title": "strategy · threads", "titleAngle": 0, "titleAlign": "right", "titleX": -4, "titleY": -9}
    axis = alt.Axis(**named, labelLimit=LABEL, domain=False, ticks=False, labelFontSize=11)
    y = alt.Y("row:N", sort=None, axis=axis, scale=alt.Scale(paddingInner=0.08))
    cells, facts, lines = (alt.Chart(alt.NamedData(prefix + name)) for name in ("cells", "facts", "lines"))
    parts = [*_cells(alt, cells, facts, x, y, f"{width} / {count}"), *_lines(alt, lines, x, y)]
    return alt.layer(*parts).properties(height=alt.Step(ROW))


def _axis(alt: Any, chart: Map) -> Any:
    """Return the axis of sizes: a column each, as far as there is room."""
    labels = [short(size) for size in chart.sizes]
    middles = [at + 0.5 for at in range(len(labels))]
    expression = f"{labels}[floor(datum.value)]"
    more: dict[str, Any] = {"domain": False, "ticks": False, "grid": False, "labelOverlap": "parity", "labelFontSize": 11}
    return alt.Axis(orient="top", title="elements per call", values=middles, labelExpr=expression, **more)


def _cells(alt: Any, cells: Any, facts: Any, x: Any, y: Any, column: str) -> list[Any]:
    size = alt.ExprRef(f"{column} < 28 ? 9 : 11")
    # The second edge and the middle are computed by Vega: they need no bytes in the page.
    edges = {"x": x, "x2": alt.X2("end:Q"), "y": y}
    scale = alt.Scale(scheme=SCHEME, domain=[0, 1], clamp=True)
    legend = alt.Legend(title="share of the ceiling", orient="bottom", format="%", gradientLength=160, titleLimit=300)
    told = [
        alt.Tooltip("row:N", title="strategy · threads"),
        alt.Tooltip("share:Q", format=".0%"),
        alt.Tooltip("told:N", title="at"),
    ]
    boxes = (
        cells.transform_calculate(end="datum.at + 0.97")
        .mark_rect()
        .encode(color=alt.Color("share:Q", scale=scale, legend=legend), tooltip=told, **edges)
    )
    ink = alt.FillValue("#FFFFFF", condition={"test": f"datum.share > {BRIGHT}", "value": "#111111"})
    middle = alt.X("middle:Q")
    shown = alt.ExprRef(f"{column} < {NARROW} ? 0 : 1")
    numbers = cells.transform_calculate(middle="datum.at + 0.49").mark_text(fontSize=size, opacity=shown)
    words = facts.transform_calculate(middle="datum.at + 0.49", shown=f"{column} < 36 ? datum.brief : datum.text").mark_text(
        fontSize=size, opacity=shown
    )
    return [
        words.encode(x=middle, y=y, text=alt.Text("shown:N")),
        boxes,
        numbers.encode(x=middle, y=y, text=alt.Text("text:N"), fill=ink, tooltip=told),
    ]


def _lines(alt: Any, chart: Any, x: Any, y: Any) -> list[Any]:
    told = [alt.Tooltip("row:N", title="pays from here on"), alt.Tooltip("told:N", title="the line is")]
    place = {"y": y, "tooltip": told}
    spans = chart.mark_rule(stroke=VERMILION, strokeWidth=2, yOffset=ROW / 2 - 2).encode(
        x=alt.X("low:Q"), x2=alt.X2("high:Q"), **place
    )
    starts = chart.mark_tick(color=VERMILION, thickness=4, orient="vertical", bandSize=ROW, opacity=1).encode(
        x=alt.X("at:Q"), **place
    )
    return [spans, starts]
