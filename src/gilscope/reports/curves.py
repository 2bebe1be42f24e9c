"""What threads gain, by size: a curve for each strategy, with its intervals, and the size from which on it pays. In Vega-Lite."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from gilscope.cases import short
from gilscope.experiments._grain_words import NUMPYS_LIMIT
from gilscope.reports.dots import ticks
from gilscope.reports.picture import GREY, VERMILION, Figure, Rows, fluid
from gilscope.scaling_map import Cell, Line
from gilscope.wording import duration

LABEL = 14  # pixels: the height of a curve's name
TALL, LOW = 300, 190  # pixels: the height of a panel that is as wide as the page, and of one beside another
LEAST, MARGIN = 2.0, 1.08  # what the axis reaches to at least, and the room above the highest point
LOWEST = 0.001  # where a logarithmic axis begins at the lowest
PLACES = {"linear": "linear:Q", "log": "log:Q"}

Point = dict[str, Any]


@dataclass(frozen=True)
class Curve:
    """What one strategy gains, by size: one cell or more."""

    name: str
    colour: str
    cells: list[Cell]


@dataclass(frozen=True)
class Panel:
    """Curves of one kernel.

    Parameters
    ----------
    name : str
        No other panel of a picture has it.
    kernel : str
        What the page filters by.
    heading : str
        What stands above.
    curves : list of Curve
        One or more.
    top : float
        Where the axis of the gains ends.
    line : Line, optional
        From which size on releasing pays.
    small : bool
        Whether two of these stand side by side.
    """

    name: str
    kernel: str
    heading: str
    curves: list[Curve]
    top: float = LEAST
    line: Line | None = None
    small: bool = False

    @property
    def height(self) -> int:
        """In pixels."""
        return LOW if self.small else TALL

    @property
    def span(self) -> tuple[int, int]:
        """The smallest and the largest size."""
        sizes = [cell.size for curve in self.curves for cell in curve.cells]
        return min(sizes), max(sizes)

    @property
    def bottom(self) -> float:
        """Where a logarithmic axis of the gains begins."""
        least = min(cell.gain.value for curve in self.curves for cell in curve.cells)
        return max(min(least / MARGIN, 0.5), LOWEST)


def figure(panel: Panel) -> Figure:
    """Return the picture of a panel for a page."""
    specs = {scale: fluid(layers(panel, scale)) for scale in PLACES}
    label = f"{panel.heading}: throughput over the best single thread, by elements a call"
    return Figure(label, specs, data_of(panel), kernel=panel.kernel, heading=panel.heading, small=panel.small)


def one_of_several(panel: Panel, width: int) -> Any:
    """Return the picture as one of several: its data sets are those of `named_data`."""
    return layers(panel, "linear", f"{panel.name} ").properties(width=width, title=panel.heading)


def named_data(panel: Panel) -> Rows:
    """Return the data sets under names that no other panel has."""
    return {f"{panel.name} {name}": rows for name, rows in data_of(panel).items()}


def highest(curves: Iterable[Curve]) -> float:
    """Return where the axis of the gains ends: above all points, if not above all that noise makes possible."""
    return max([LEAST, *(cell.gain.value * MARGIN for curve in curves for cell in curve.cells)])


# --- data ----------------------------------------------------------------------------------------------------------------------


def data_of(panel: Panel) -> Rows:
    """Return the data sets: points, names of curves, and from where on it pays."""
    points = [point(panel, curve, cell) for curve in panel.curves for cell in curve.cells]
    line = [line_of(panel.line)] if panel.line and panel.line.pays else []
    return {"points": points, "names": names(panel), "line": line}


def point(panel: Panel, curve: Curve, cell: Cell) -> Point:
    """Return what Vega draws a point and its interval from."""
    about = {"kernel": panel.kernel, "strategy": cell.key[0], "curve": curve.name, "size": cell.size}
    numbers = {name: rounded(getattr(cell.gain, name)) for name in ("value", "low", "high")}
    told = f"{duration(cell.result.seconds.value)} a call, {duration(cell.best.seconds.value)} on the best thread"
    return {**about, **numbers, "told": told + ", noisy" * cell.result.noisy, "noisy": cell.result.noisy}


def rounded(number: float) -> float:
    """Round to four digits."""
    return float(f"{number:.4g}")


def names(panel: Panel) -> list[Point]:
    """Return where each curve's name stands, on either scale: beside its last point, as far as the others leave room."""
    ends = [max(curve.cells, key=lambda cell: cell.size) for curve in panel.curves]
    gains, low, top = [cell.gain.value for cell in ends], panel.bottom, panel.top
    gap = LABEL / panel.height
    linear = [share * top for share in apart([gain / top for gain in gains], gap)]
    log = [low * (top / low) ** share for share in apart([math.log(gain / low) / math.log(top / low) for gain in gains], gap)]
    return [
        {**point(panel, curve, cell), "linear": rounded(one), "log": rounded(other)}
        for curve, cell, one, other in zip(panel.curves, ends, linear, log, strict=True)
    ]


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Move places between 0 and 1 as little as it takes for them to be a gap apart.

    Less the gaps below it, no place may be lower than the one before: those that are go to their mean, as in isotonic regression.
    """
    order = sorted(range(len(places)), key=places.__getitem__)
    runs: list[list[float]] = []
    for at, index in enumerate(order):
        runs.append([places[index] - at * gap])
        while len(runs) > 1 and fmean(runs[-2]) > fmean(runs[-1]):
            runs[-2:] = [runs[-2] + runs[-1]]
    most = max(1 - (len(places) - 1) * gap, 0.0)
    moved = [min(max(fmean(run), 0.0), most) for run in runs for _ in run]
    return [place for _, place in sorted((index, moved[at] + at * gap) for at, index in enumerate(order))]


def line_of(line: Line) -> Point:
    """Return where a line is, and its uncertainty; what is beyond all that was measured ends there."""
    low, high = line.low or line.sizes[0], line.high or line.sizes[-1]
    bounds = " and ".join(short(size) if size else "?" for size in (line.low, line.high))
    return {"strategy": line.strategy, "start": line.start, "low": low, "high": high, "told": f"between {bounds} elements"}


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def layers(panel: Panel, scale: str, prefix: str = "") -> Any:
    """Return the picture as Altair's layers; the names of its data sets begin with the prefix."""
    import altair as alt

    points, names, line = (alt.Chart(alt.NamedData(prefix + name)) for name in ("points", "names", "line"))
    x, y = x_of(alt, panel), y_of(alt, panel, scale)
    domain, colours = [curve.name for curve in panel.curves], [curve.colour for curve in panel.curves]
    paint = {"scale": alt.Scale(domain=domain, range=colours), "legend": None}
    parts = [*_line(alt, line, x), *_limits(alt, panel), *_curves(alt, points, x, y, paint), *_names(alt, names, scale, paint)]
    return alt.layer(*parts).properties(height=panel.height)


def x_of(alt: Any, panel: Panel) -> Any:
    """Return the axis of sizes."""
    low, high = panel.span
    values = [10**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    words = "datum.value < 1000 ? datum.value : '1e' + round(log(datum.value) / LN10)"  # as `short` writes them
    axis = alt.Axis(title="elements a call", values=values, labelExpr=words, grid=False, labelOverlap="greedy")
    return alt.X("size:Q", axis=axis, scale=alt.Scale(type="log", domain=[low / 1.15, high * 1.05], nice=False))


def y_of(alt: Any, panel: Panel, scale: str) -> Any:
    """Return the axis of gains."""
    domain = [panel.bottom if scale == "log" else 0, panel.top]
    values = ticks(*domain) if scale == "log" else alt.Undefined
    axis = alt.Axis(
        title="gain over the best thread",
        values=values,
        labelExpr="format(datum.value, '~g') + '×'",
        tickCount=5,
        labelOverlap="greedy",
    )
    return alt.Y("value:Q", axis=axis, scale=alt.Scale(type=scale, domain=domain, nice=False, clamp=True))


def _line(alt: Any, chart: Any, x: Any) -> list[Any]:
    """Return where it pays from, and where that may lie."""
    told = [alt.Tooltip("strategy:N", title="pays from here on"), alt.Tooltip("told:N", title="the line is")]
    span = chart.mark_rect(fill=VERMILION, opacity=0.1, clip=True).encode(x=alt.X("low:Q"), x2="high:Q", tooltip=told)
    start = chart.mark_rule(stroke=VERMILION, strokeWidth=2.5, clip=True).encode(x=alt.X("start:Q"), tooltip=told)
    return [span, start]


def _limits(alt: Any, panel: Panel) -> list[Any]:
    """Return what is drawn of no measurement: one thread, and the number of elements from which on NumPy releases."""
    dashed = {"strokeDash": [4, 3], "stroke": GREY}
    alone = alt.Chart(alt.Data(values=[{"value": 1}])).mark_rule(**dashed).encode(y="value:Q")
    if not panel.span[0] <= NUMPYS_LIMIT <= panel.span[1]:
        return [alone]
    numpys = alt.Chart(alt.Data(values=[{"size": NUMPYS_LIMIT}])).encode(x="size:Q")
    words = numpys.mark_text(text=f"NumPy's {NUMPYS_LIMIT}", align="center", baseline="bottom", dy=-3, fontSize=11)
    return [alone, numpys.mark_rule(**dashed), words.encode(y=alt.value(0))]


def _curves(alt: Any, chart: Any, x: Any, y: Any, paint: dict[str, Any]) -> list[Any]:
    """Return the curves with their intervals; points that are noisy are hollow."""
    told = ["curve:N", "size:Q", alt.Tooltip("value:Q", title="gain", format=".3f"), *_bounds(alt)]
    told += [alt.Tooltip("told:N", title="here")]
    colour = alt.Color("curve:N", **paint)
    spans = chart.mark_area(opacity=0.15, clip=True).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour)
    strokes = chart.mark_line(strokeWidth=2, clip=True).encode(x=x, y=y, color=colour)
    dots = chart.mark_point(size=36, strokeWidth=1.5, opacity=1).encode(
        x=x,
        y=y,
        stroke=alt.Stroke("curve:N", **paint),
        fill=alt.Fill("curve:N", **paint),
        fillOpacity=alt.condition("datum.noisy", alt.value(0), alt.value(1)),
        tooltip=told,
    )
    return [spans, strokes, dots]


def _names(alt: Any, chart: Any, scale: str, paint: dict[str, Any]) -> list[Any]:
    """Return the names on the right, and what leads to them."""
    place = alt.Y(PLACES[scale])
    ends = {"x": "size:Q", "x2": alt.value("width"), "y": "value:Q", "y2": PLACES[scale].removesuffix(":Q")}
    leads = chart.mark_rule(strokeWidth=1, opacity=0.7).encode(color=alt.Color("curve:N", **paint), **ends)
    words = chart.mark_text(align="left", baseline="middle", dx=8, fontSize=11, clip=False)
    return [leads, words.encode(x=alt.value("width"), y=place, text="curve:N")]


def _bounds(alt: Any) -> list[Any]:
    return [alt.Tooltip("low:Q", title="from", format=".3f"), alt.Tooltip("high:Q", title="to", format=".3f")]
