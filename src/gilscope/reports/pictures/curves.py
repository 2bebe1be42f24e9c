"""What threads gain, by size: a curve for each strategy, with its intervals, and the size from which on it pays. In Vega-Lite."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gilscope.cases import short
from gilscope.experiments._grain_words import NUMPYS_LIMIT
from gilscope.reports.pictures.direct_labels import GAP, labels, spread
from gilscope.reports.pictures.picture import GREY, VERMILION, Figure, Rows, bounds, fluid, ticks
from gilscope.scaling_map import Cell, Line
from gilscope.wording import duration

TALL, LOW = 300, 190  # pixels: the height of a panel that is as wide as the page, and of one beside another
BESIDE = 8  # pixels from the axes to the names of curves
LEAST, MARGIN = 2.0, 1.08  # what the axis reaches to at least, and the room above the highest point
LOWEST = 0.001  # where a logarithmic axis begins at the lowest
SCALES = ("linear", "log")

Point = dict[str, Any]


@dataclass(frozen=True, eq=False)
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
    half : bool
        Whether two of these stand side by side.
    """

    name: str
    kernel: str
    heading: str
    curves: list[Curve]
    top: float = LEAST
    line: Line | None = None
    half: bool = False

    @property
    def height(self) -> int:
        """In pixels."""
        return LOW if self.half else TALL

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

    def share(self, gain: float, scale: str) -> float:
        """Return how far up a gain is, from 0 to 1."""
        return gain / self.top if scale == "linear" else math.log(gain / self.bottom) / math.log(self.top / self.bottom)

    def gain(self, share: float, scale: str) -> float:
        """Return which gain is so far up."""
        return share * self.top if scale == "linear" else self.bottom * (self.top / self.bottom) ** share


def figure(panel: Panel) -> Figure:
    """Return the picture of a panel for a page."""
    specs = {scale: fluid(layers(panel, scale)) for scale in SCALES}
    label = f"{panel.heading}: throughput over the best single thread, by elements a call"
    return Figure(label, specs, data_of(panel), kernel=panel.kernel, heading=panel.heading, half=panel.half)


def one_of_several(panel: Panel, width: int) -> Any:
    """Return the picture as one of several: its data sets are those of `named_data`."""
    return layers(panel, "linear", f"{panel.name} ", str(width)).properties(width=width, title=panel.heading)


def named_data(panel: Panel) -> Rows:
    """Return the data sets under names that no other panel has."""
    return {f"{panel.name} {name}": rows for name, rows in data_of(panel).items()}


def highest(curves: Iterable[Curve]) -> float:
    """Return where the axis of the gains ends: above all points, if not above all that noise makes possible."""
    return max([LEAST, *(cell.gain.value * MARGIN for curve in curves for cell in curve.cells)])


# --- data ----------------------------------------------------------------------------------------------------------------------


def data_of(panel: Panel) -> Rows:
    """Return the data sets: points, from where on it pays, and the curves' names on either scale."""
    points = [point(panel, curve, cell) for curve in panel.curves for cell in curve.cells]
    line = [line_of(panel.line)] if panel.line and panel.line.pays else []
    return {"points": points, "line": line, **{f"{scale} labels": line_ends(panel, scale) for scale in SCALES}}


def point(panel: Panel, curve: Curve, cell: Cell) -> Point:
    """Return what Vega draws a point and its interval from."""
    about = {"kernel": panel.kernel, "strategy": cell.key[0], "curve": curve.name, "size": cell.size}
    numbers = {name: rounded(getattr(cell.gain, name)) for name in ("value", "low", "high")}
    told = f"{duration(cell.result.seconds.value)} a call, {duration(cell.best.seconds.value)} on the best thread"
    return {**about, **numbers, "told": told + ", noisy" * cell.result.noisy, "noisy": cell.result.noisy}


def rounded(number: float) -> float:
    """Round to four digits."""
    return float(f"{number:.4g}")


def line_ends(panel: Panel, scale: str) -> list[Point]:
    """Return each curve's last point, with the `place` beside it where its name has room."""
    last = {curve: max(curve.cells, key=lambda cell: cell.size) for curve in panel.curves}
    ordered = sorted(panel.curves, key=lambda curve: last[curve].gain.value)
    apart = GAP / panel.height
    places = spread([panel.share(last[curve].gain.value, scale) for curve in ordered], apart, 1 - apart / 2)
    return [
        {**point(panel, curve, last[curve]), "text": curve.name, "place": rounded(panel.gain(place, scale))}
        for curve, place in zip(ordered, places, strict=True)
    ]


def line_of(line: Line) -> Point:
    """Return where a line is, and its uncertainty; what is beyond all that was measured ends there."""
    low, high = line.low or line.sizes[0], line.high or line.sizes[-1]
    bounds = " and ".join(short(size) if size else "?" for size in (line.low, line.high))
    return {"strategy": line.strategy, "start": line.start, "low": low, "high": high, "told": f"between {bounds} elements"}


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def layers(panel: Panel, scale: str, prefix: str = "", width: str = "width") -> Any:
    """Return the picture as Altair's layers; the names of its data sets begin with the prefix, and `width` is in Vega's words."""
    import altair as alt

    points, line, ends = (alt.Chart(alt.NamedData(prefix + name)) for name in ("points", "line", f"{scale} labels"))
    x, y = x_of(alt, panel), y_of(alt, panel, scale)
    domain, colours = [curve.name for curve in panel.curves], [curve.colour for curve in panel.curves]
    paint = {"scale": alt.Scale(domain=domain, range=colours), "legend": None}
    parts = [*_line(alt, line, x), *_limits(alt, panel), *_curves(alt, points, x, y, paint)]
    return alt.layer(*parts, *labels(alt, ends, alt.X("size:Q"), alt.Y("value:Q"), f"{width} + {BESIDE}")).properties(
        height=panel.height
    )


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
    values = ticks(domain[0], domain[1]) if scale == "log" else alt.Undefined
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
    told = ["curve:N", "size:Q", alt.Tooltip("value:Q", title="gain", format=".3f"), *bounds(alt)]
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
