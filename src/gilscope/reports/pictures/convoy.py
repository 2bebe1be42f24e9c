"""The convoy as lines over the switch interval: what each keeps of its rate alone, and how long a call waits for the GIL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from gilscope.experiments._convoy_words import Cell, cells
from gilscope.reports.pictures.direct_labels import labels, placed
from gilscope.reports.pictures.picture import BLUE, GREY, SECONDS, VERMILION, Figure, fluid, ticks, with_data
from gilscope.results import Session
from gilscope.stats import Interval
from gilscope.wording import duration, percent

HOW_TO_READ = (
    "For calls of each length, first how much of their rates alone the calls and the loop of Python beside them keep, with 95 % "
    "intervals; dashes and hollow marks are Python's. Then how long a call waited to get the GIL back, of those that waited: the "
    "mark is the median, the stroke the 99th percentile, the end of the line the longest. All axes are logarithmic."
)
WIDTH, HEIGHT = 360, 190
ROOM = 112  # pixels for the labels
COLOURS = {"held": VERMILION, "released": BLUE}
SHAPES = {"held": "circle", "released": "square"}
BESIDE = {"held": 0.92, "released": 1.08}  # of the switch interval: else the one wait hides the other
ITSELF = "switch interval itself"
STROKE = "M-1.4,0L1.4,0"

Point = dict[str, Any]


def figures(session: Session) -> list[Figure]:
    """Return two pictures for each length of call: the rates, and the waits where they are known."""
    return [
        Figure(each.label, {"": fluid(layers(each))}, each.rows, heading=each.heading, half=True)
        for length in panels(session)
        for each in length
    ]


def drawn(session: Session) -> Any:
    """Return a row for each length of call; None before a call was observed alone and beside Python."""
    import altair as alt

    found = panels(session)
    rows = {f"{each.heading} {name}": rows for length in found for each in length for name, rows in each.rows.items()}
    beside = [alt.hconcat(*map(one_of_several, length), spacing=30) for length in found]
    return with_data(alt.vconcat(*beside, spacing=24), rows) if found else None


# --- data ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """One picture of one length of call.

    Parameters
    ----------
    heading, label : str
        What stands above it, and what it shows for those who do not see it.
    rows : dict
        The data sets: points, and labels where lines end.
    domain : tuple of float
        From where to where its axis reaches, as that of the other lengths does.
    title : str
        Of the axis.
    """

    heading: str
    label: str
    rows: dict[str, list[Point]]
    domain: tuple[float, float]
    title: str


def panels(session: Session) -> list[list[Panel]]:
    """Return for each length of call the rates, and the waits where they are known."""
    lengths = [list(found) for _, found in groupby(sorted(cells(session), key=order), key=lambda each: each.seconds)]
    every = [point for length in lengths for point in rate_points(length)]
    waited = [point for length in lengths for point in wait_points(length)]
    return [
        [*rates_panel(length, domain_of(every, "low", "high")), *waits_panel(length, domain_of(waited, "at", "longest"))]
        for length in lengths
    ]


def order(cell: Cell) -> tuple[float, str, float]:
    """Return where a cell stands: by length of call, strategy and switch interval."""
    return cell.seconds, cell.strategy, cell.interval


def domain_of(points: list[Point], low: str, high: str) -> tuple[float, float]:
    """Return from where to where an axis reaches that all points are on; with a rate of one, and with each switch interval."""
    values = [each[name] for each in points for name in (low, high, "value")]
    return min(values, default=1.0) / 1.4, max(values, default=1.0) * 1.4


def rates_panel(length: list[Cell], domain: tuple[float, float]) -> Iterator[Panel]:
    """Yield the rates."""
    if points := rate_points(length):
        heading = f"calls of {duration(length[0].seconds)}: their rate"
        rows = {"points": points, "labels": placed(line_ends(points), domain, HEIGHT)}
        yield Panel(heading, f"{heading} and that of Python beside them, by switch interval", rows, domain, "of the rate alone")


def waits_panel(length: list[Cell], domain: tuple[float, float]) -> Iterator[Panel]:
    """Yield the waits, with the switch interval itself as a line."""
    if points := wait_points(length):
        heading = f"calls of {duration(length[0].seconds)}: waiting for the GIL"
        itself = [{"line": ITSELF, "at": each, "value": each} for each in sorted({each.interval for each in length})]
        rows = {"points": points, "itself": itself, "labels": placed(line_ends([*points, *itself]), domain, HEIGHT)}
        yield Panel(heading, f"{heading}, by switch interval", rows, domain, "wait to get the GIL back")


def rate_points(length: list[Cell]) -> list[Point]:
    """Return what the calls and Python beside them keep of their rates alone; a rate of nothing has no place on a log axis."""
    both = [(cell, who, kept) for who in ("calls", "Python") for cell in length if (kept := kept_by(cell, who)).low > 0]
    return [
        {
            **about(cell, f"{who}, {cell.strategy}"),
            "who": who,
            **kept.to_dict(),
            "told": f"{percent(kept.value)} [{percent(kept.low)}, {percent(kept.high)}]",
        }
        for cell, who, kept in both
    ]


def kept_by(cell: Cell, who: str) -> Interval:
    """Return what the calls, or Python, keep."""
    return cell.kept if who == "calls" else cell.python


def wait_points(length: list[Cell]) -> list[Point]:
    """Return how long the calls waited, where any did at the median."""
    found = [(cell, cell.observation) for cell in length if "waited" in cell.observation]
    return [
        {
            **about(cell, cell.strategy),
            "at": cell.interval * BESIDE.get(cell.strategy, 1),
            "value": seen["wait_p50"].value,
            "p99": seen["wait_p99"].value,
            "longest": max(seen["wait_max"].blocks),
            "told": f"{', '.join(duration(seen[name].value) for name in ('wait_p50', 'wait_p99'))}, "
            f"{duration(max(seen['wait_max'].blocks))}; {percent(seen['waited'].value)} of the calls waited",
        }
        for cell, seen in found
        if seen["wait_p50"].value > 0
    ]


def about(cell: Cell, line: str) -> Point:
    """Return what a point is of."""
    return {"line": line, "strategy": cell.strategy, "at": cell.interval, "interval": duration(cell.interval)}


def line_ends(points: list[Point]) -> list[Point]:
    """Return where each line ends, and its name."""
    last = {each["line"]: each for each in points}
    kept = ("line", "strategy", "at", "value")
    return [{name: each[name] for name in kept if name in each} | {"text": each["line"]} for each in last.values()]


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def one_of_several(panel: Panel) -> Any:
    """Return a picture as one of several: the names of its data sets begin with its heading."""
    return layers(panel, f"{panel.heading} ", str(WIDTH)).properties(width=WIDTH, title=panel.heading)


def layers(panel: Panel, prefix: str = "", width: str = "width") -> Any:
    """Return the picture as Altair's layers; the names of its data sets begin with the prefix, and `width` is in Vega's words."""
    import altair as alt

    named = {name: alt.Chart(alt.NamedData(prefix + name)) for name in panel.rows}
    start = f"{width} - {ROOM - 12}"
    x = _x(alt, panel, f"{width} - {ROOM}")
    drawing = _waits if "itself" in panel.rows else _rates
    ends = labels(alt, named["labels"], x, _y(alt, panel, drawing is _waits), start)
    return alt.layer(*drawing(alt, named, x, _y(alt, panel, drawing is _waits)), *ends).properties(height=HEIGHT)


def _x(alt: Any, panel: Panel, end: str) -> Any:
    intervals = sorted({each["at"] / BESIDE.get(each["line"], 1) for each in panel.rows["points"]})
    domain = [intervals[0] * 0.8, intervals[-1] * 1.25]
    axis = alt.Axis(values=intervals, labelExpr=SECONDS, labelOverlap="greedy", grid=False, title="switch interval")
    return alt.X("at:Q", axis=axis, scale=alt.Scale(type="log", domain=domain, rangeMax=alt.ExprRef(end)))


def _y(alt: Any, panel: Panel, seconds: bool) -> Any:
    values = ticks(*panel.domain, (1,) if seconds else (1, 2, 5))
    axis = alt.Axis(values=values, labelExpr=SECONDS if seconds else "format(datum.value, '~%')", title=panel.title)
    return alt.Y("value:Q", axis=axis, scale=alt.Scale(type="log", domain=list(panel.domain), nice=False))


def _rates(alt: Any, named: dict[str, Any], x: Any, y: Any) -> list[Any]:
    """Return lines, intervals and marks: Python's dashed and hollow."""
    points, look = named["points"], _look(alt)
    is_python = "datum.who == 'Python'"
    dash = alt.condition(is_python, alt.value([4, 3]), alt.value([1, 0]))
    told = ["line:N", alt.Tooltip("interval:N", title="switch interval"), alt.Tooltip("told:N", title="of the rate alone")]
    hollow = alt.condition(is_python, alt.value(0), alt.value(1))
    return [
        points.mark_line(strokeWidth=1.5).encode(x=x, y=y, stroke=look["stroke"], detail="line:N", strokeDash=dash),
        points.mark_rule(strokeWidth=1.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", stroke=look["stroke"], tooltip=told),
        points.mark_point(size=45, strokeWidth=1.5, opacity=1).encode(x=x, y=y, **look, fillOpacity=hollow, tooltip=told),
    ]


def _waits(alt: Any, named: dict[str, Any], x: Any, y: Any) -> list[Any]:
    """Return the switch interval itself, and the waits: the median, a stroke at the 99th percentile, a line to the longest."""
    points, look = named["points"], _look(alt)
    told = ["line:N", alt.Tooltip("interval:N", title="switch interval"), alt.Tooltip("told:N", title="p50, p99, longest")]
    strokes = points.mark_point(shape=STROKE, size=60, strokeWidth=2, opacity=1)
    return [
        named["itself"].mark_line(strokeWidth=1.5, strokeDash=[4, 3], stroke=GREY).encode(x=x, y=y),
        points.mark_rule(strokeWidth=1.5).encode(x=x, y=y, y2="longest:Q", stroke=look["stroke"], tooltip=told),
        strokes.encode(x=x, y=alt.Y("p99:Q"), stroke=look["stroke"], tooltip=told),
        points.mark_point(size=45, strokeWidth=1.5, opacity=1).encode(x=x, y=y, **look, tooltip=told),
    ]


def _look(alt: Any) -> dict[str, Any]:
    """Return how colour and shape tell held from released; the labels name them."""
    colour, shape = (alt.Scale(domain=[*each], range=[*each.values()]) for each in (COLOURS, SHAPES))
    return {
        "stroke": alt.Stroke("strategy:N", scale=colour, legend=None),
        "fill": alt.Fill("strategy:N", scale=colour, legend=None),
        "shape": alt.Shape("strategy:N", scale=shape, legend=None),
    }
