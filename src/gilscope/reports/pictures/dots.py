"""Speed-ups as dots with their intervals: beside what was published, and the ceiling. In Vega-Lite, by Altair."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gilscope.experiments import Experiment, Row
from gilscope.reports.content import experiment_of, sections
from gilscope.reports.pictures.picture import BLUE, GREEN, GREY, ORANGE, VERMILION, Figure, Spec, bounds, fluid, ticks, with_data
from gilscope.results import Result, Session
from gilscope.wording import duration

HOW_TO_READ = (
    "A dot is a speed-up, its line the 95 % interval; hollow dots are noisy. The ceiling is what the same work reaches with no "
    "Python in the way, in the same run. The dashed line is one thread."
)
WIDTH = 640
MOST = 60  # rows; more cannot be read
ROOM = 0.2  # of the width: a number on a phone
LANE = 17  # pixels: the height of a label, and of a dot
PUBLISHED, CEILING = "published in 2008", "ceiling"
COLOURS = (BLUE, ORANGE, GREEN, VERMILION)
SHAPES = ("circle", "square", "triangle-up", "cross")
TICK = "M0,-1.6L0,1.6"  # a stroke across the lane

BESIDE = {CEILING: TICK, PUBLISHED: "diamond"}
BESIDE_DOTS = " || ".join(f"datum.kind == '{kind}'" for kind in BESIDE)

Mark = dict[str, Any]


def figures(session: Session) -> list[Figure]:
    """Return the picture of a session for a page, if it has a speed-up."""
    rows = data_of(session)
    specs = {scale: specification(rows["marks"], scale) for scale in ("linear", "log")}
    return [Figure("speed-ups with 95 % intervals", specs, rows)] if rows["marks"] else []


def marks_of(session: Session) -> Iterator[Mark]:
    """Yield what the picture shows, and where its number has room: behind the interval, and what else stands there."""
    found = list(_marks(session))
    room = max((each["high"] for each in found), default=1.0) * ROOM
    for each in found:
        others = [other["value"] for other in found if (other["row"], other["lane"]) == (each["row"], each["lane"])]
        yield each | {"end": end_of(each["high"], sorted(others), room)}


def end_of(high: float, others: list[float], room: float) -> float:
    """Return behind what a number has room."""
    for other in others:
        if high - room / 4 < other < high + room:
            high = max(high, other)
    return high


def _marks(session: Session) -> Iterator[Mark]:
    known = experiment_of(session)
    rows = [row for _, rows in sections(session) for row in rows]
    if rows and known:
        for row in rows:
            yield from row_marks(row, known)
    else:
        several = [result for result in session if result.speedup and result.case["executor"] != "serial"]
        for result in several[:MOST]:
            yield from result_marks(label_of(result), lane_of(result), result)


def row_marks(row: Row, experiment: Experiment) -> Iterator[Mark]:
    """Yield what an experiment's row shows."""
    call = row.serial.id.partition("/")[0]
    published = next((each for each in experiment.published if each.call == call), None)
    for at, (lane, result) in enumerate(zip(experiment.columns, row.others, strict=True)):
        if result:
            yield from result_marks(row.label, lane, result)
        if result and published:
            value = round(published.serial / published.others[at], 3)
            yield mark(row.label, lane, PUBLISHED, result, value, told=f"{published.label}, {published.others[at]:g} s")


def result_marks(label: str, lane: str, result: Result) -> Iterator[Mark]:
    """Yield the speed-up of a result, and its ceiling if that is another's: NumPy's is what processes reach."""
    top = result.ceiling
    if top and not (result.speedup and top.value == result.speedup.value):
        yield mark(label, lane, CEILING, result, top.value, top.low, top.high, told=top.kind)
    if speedup := result.speedup:
        share = "" if result.efficiency is None else f", {result.efficiency:.0%} of the ceiling"
        told = f"{duration(result.seconds.value)} a call{share}{', noisy' * result.noisy}"
        yield mark(label, lane, lane, result, speedup.value, speedup.low, speedup.high, told=told)


def mark(label: str, lane: str, kind: str, result: Result, value: float, *bounds: float, told: str) -> Mark:
    """Return what Vega draws a dot and its interval from."""
    low, high = bounds or (value, value)
    digits = 2 if value >= 0.095 else 3
    about = {"row": label, "lane": lane, "kind": kind, "kernel": result.case["kernel"], "strategy": result.case["strategy"]}
    numbers = {"value": value, "low": low, "high": high, "text": f"{value:.{digits}f}×"}
    return {**about, **numbers, "told": told, "noisy": result.noisy and kind == lane}


def label_of(result: Result) -> str:
    """Return an id without who calls: that is the lane."""
    return result.id.replace(f"/{result.case['executor']}-{result.case['workers']}/", ", ")


def lane_of(result: Result) -> str:
    """Return who calls, such as "2 threads"."""
    return f"{result.case['workers']} {result.case['executor']}"


def labels_of(marks: list[Mark]) -> list[Mark]:
    """Return a label for each row."""
    first = {each["row"]: each for each in reversed(marks)}
    return [{"row": row, "kernel": each["kernel"], "strategy": each["strategy"]} for row, each in reversed(first.items())]


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def drawn(session: Session) -> Any:
    """Return the picture as an Altair chart; None if there is no speed-up."""
    rows = data_of(session)
    return with_data(layers(rows["marks"], "linear").properties(width=WIDTH), rows) if rows["marks"] else None


def data_of(session: Session) -> dict[str, list[Mark]]:
    """Return the data sets: dots, and a label for each row."""
    marks = list(marks_of(session))
    return {"marks": marks, "labels": labels_of(marks)}


def specification(marks: list[Mark], scale: str) -> Spec:
    """Return the picture in Vega-Lite, without its data, as wide as what it is in."""
    return fluid(layers(marks, scale))


def layers(marks: list[Mark], scale: str) -> Any:
    """Return the picture as Altair's layers."""
    import altair as alt

    lanes = list(dict.fromkeys(each["lane"] for each in marks))
    others = [kind for kind in BESIDE if any(each["kind"] == kind for each in marks)]
    y = alt.Y("row:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1))
    offset = alt.YOffset("lane:N", scale=alt.Scale(domain=["", *lanes]))
    parts = (*_frame(alt, y), *_dots(alt, y, offset, x_of(alt, marks, scale), lanes, others))
    return alt.layer(*parts).properties(height=alt.Step(LANE))


def x_of(alt: Any, marks: list[Mark], scale: str) -> Any:
    """Return the axis of speed-ups, with room for the number beside the last dot."""
    most = max((each["end"] for each in marks), default=1.0)
    least = min((each["low"] for each in marks), default=1.0)
    domain = [min(least, 1) / 1.3, max(most, 1) * 2] if scale == "log" else [0, max(most, 1.1) * 1.17]
    values = ticks(domain[0], domain[1]) if scale == "log" else alt.Undefined
    words = {"title": "speed-up against one thread (hollow: noisy)", "labelExpr": "datum.label + '×'", "labelOverlap": "greedy"}
    axis = alt.Axis(orient="top", values=values, format="~g", tickCount=6, **words)
    return alt.X("value:Q", axis=axis, scale=alt.Scale(type=scale, domain=domain, nice=False, clamp=True))


def _frame(alt: Any, y: Any) -> list[Any]:
    """Return the line of one thread, and the rows' labels above their dots."""
    alone = alt.Chart(alt.Data(values=[{"value": 1}])).mark_rule(strokeDash=[4, 3], stroke=GREY)
    labels = alt.Chart(alt.NamedData("labels")).mark_text(
        align="left", baseline="middle", fontSize=12, fontWeight="bold", dx=2, limit=alt.ExprRef("width")
    )
    first = alt.YOffset(datum="")
    return [alone.encode(x="value:Q"), labels.encode(y=y, yOffset=first, x=alt.value(0), text="row:N")]


def _dots(alt: Any, y: Any, offset: Any, x: Any, lanes: list[str], others: list[str]) -> list[Any]:
    """Return intervals, dots and numbers; `others` is what stands beside the dots of the lanes."""
    chart, look = alt.Chart(alt.NamedData("marks")), _look(alt, lanes, others)
    told = ["row:N", "kind:N", alt.Tooltip("text:N", title="speed-up"), *bounds(alt), alt.Tooltip("told:N", title="here")]
    place = {"y": y, "yOffset": offset, "tooltip": told}
    spans = chart.transform_filter(f"!({BESIDE_DOTS})").mark_rule(strokeWidth=2)
    dots = chart.mark_point(size=70, strokeWidth=2, opacity=1)
    numbers = chart.transform_filter(f"!({BESIDE_DOTS})").mark_text(align="left", baseline="middle", dx=9, fontSize=11)
    return [
        spans.encode(x="low:Q", x2="high:Q", stroke=look["stroke"], **place),
        dots.encode(x=x, **look, **place),
        numbers.encode(x="end:Q", text="text:N", **place),
    ]


def _look(alt: Any, lanes: list[str], others: list[str]) -> dict[str, Any]:
    """Return how colour and shape tell kinds apart, with one legend for both; what is noisy or beside the dots is hollow."""
    colours = [*(COLOURS[at % len(COLOURS)] for at in range(len(lanes))), *(GREY for _ in others)]
    shapes = [*(SHAPES[at % len(SHAPES)] for at in range(len(lanes))), *(BESIDE[each] for each in others)]
    colour, shape = (alt.Scale(domain=[*lanes, *others], range=each) for each in (colours, shapes))
    columns = {"expr": "width < 420 ? 2 : 4"}
    legend = alt.Legend(title=None, orient="top", direction="horizontal", columns=columns, symbolStrokeWidth=2)
    return {
        "stroke": alt.Stroke("kind:N", scale=colour, legend=legend),
        "fill": alt.Fill("kind:N", scale=colour, legend=legend),
        "shape": alt.Shape("kind:N", scale=shape, legend=legend),
        "fillOpacity": alt.condition(f"datum.noisy || {BESIDE_DOTS}", alt.value(0), alt.value(1)),
    }
