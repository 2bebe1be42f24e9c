"""The starvation as ranges: how long a heartbeat was silent while a call ran, beside how long the call itself took."""

from __future__ import annotations

from typing import Any

from gilscope.experiments._starvation_words import feeling, of_kind
from gilscope.observations import Observation
from gilscope.reports.pictures.picture import BLUE, GREY, ORANGE, SECONDS, VERMILION, Figure, fluid, ticks, with_data
from gilscope.results import Session
from gilscope.wording import duration

HOW_TO_READ = (
    "Each line is what a thread that looks at the clock once a millisecond feels while the call beside it runs: the gaps between "
    "two looks, from the median over the 99th percentile to the longest ever. A diamond is how long the call itself took: where "
    "the gaps reach it, the others were frozen for all of it."
)
WIDTH, LANE = 640, 17  # pixels
ROOM = 64  # pixels for what the others feel
MEDIAN, NEARLY, LONGEST, CALL = "median gap", "99 % of the gaps", "longest gap ever", "the call itself"
STROKE = "M-0.2,-1h0.4v2h-0.4Z"  # of a width: a legend fills its symbols only
SHAPES = {MEDIAN: "circle", NEARLY: "square", LONGEST: STROKE, CALL: "diamond"}
#: What others feel → what it is called beside a line, and its colour.
FEELINGS = {"frozen": ("frozen", VERMILION), "late": ("late", ORANGE), "unfelt": ("not felt", BLUE), "": ("", GREY)}

Mark = dict[str, Any]


def figures(session: Session) -> list[Figure]:
    """Return the picture for a page; none of a session without observations."""
    rows = data_of(session)
    label = "gaps between the beats of another thread while each call runs, and the length of the call"
    return [Figure(label, {"": fluid(layers(rows))}, rows)] if rows["gaps"] else []


def drawn(session: Session) -> Any:
    """Return the picture as an Altair chart; None of a session without observations."""
    rows = data_of(session)
    return with_data(layers(rows, str(WIDTH)).properties(width=WIDTH), rows) if rows["gaps"] else None


# --- data ----------------------------------------------------------------------------------------------------------------------


def data_of(session: Session) -> dict[str, list[Mark]]:
    """Return the data sets: a range for each call, its marks, and lines for the switch interval and the beat."""
    idle = next(iter(of_kind(session, "nothing")), None)
    found = list(session.observations.values())
    gaps = [gap(each, idle) for each in found]
    return {"gaps": gaps, "marks": [each for one in gaps for each in marks(one)], "times": times(session)}


def gap(observation: Observation, idle: Observation | None) -> Mark:
    """Return a range, and what others feel: as far as it is known what they feel with nothing in the way."""
    felt = feeling(observation, idle) if idle and observation is not idle else ""
    low, mid, high = observation["gap_p50"].value, observation["gap_p99"].value, max(observation["gap_max"].blocks)
    return {
        "row": observation.label,
        **{name: observation.conditions[name] for name in ("strategy",) if name in observation.conditions},
        "p50": low,
        "p99": mid,
        "longest": high,
        "call": observation["call"].value,
        "feeling": felt,
        "text": FEELINGS[felt][0],
        "end": max(high, observation["call"].value),
        "told": ", ".join(map(duration, (low, mid, high))),
        "took": duration(observation["call"].value),
    }


def marks(found: Mark) -> list[Mark]:
    """Return a mark for each number of a range."""
    places = {MEDIAN: "p50", NEARLY: "p99", LONGEST: "longest", CALL: "call"}
    about = {name: value for name, value in found.items() if name not in {"text", "end", *places.values()}}
    return [{**about, "what": what, "value": found[name]} for what, name in places.items()]


def times(session: Session) -> list[Mark]:
    """Return the times to compare with: the beat, and the switch interval, after which who waits asks for the GIL."""
    beats = {each.conditions.get("beat_seconds") for each in session.observations.values()}
    known = {"a beat": next(iter(beats), None), "switch interval": session.machine.get("switch_interval_seconds")}
    return [{"row": "", "value": seconds, "text": name} for name, seconds in known.items() if seconds]


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def layers(rows: dict[str, list[Mark]], width: str = "width") -> Any:
    """Return the picture as Altair's layers; `width` is in Vega's words."""
    import altair as alt

    y = alt.Y("row:N", sort=None, axis=None, scale=alt.Scale(paddingInner=0.2, paddingOuter=0.1))
    x = _x(alt, rows, f"{width} - {ROOM}")
    parts = [*_frame(alt, x, y), *_ranges(alt, x, y)]
    return alt.layer(*parts).properties(height=alt.Step(LANE))


def _x(alt: Any, rows: dict[str, list[Mark]], end: str) -> Any:
    values = [each["value"] for each in [*rows["marks"], *rows["times"]] if each["value"] > 0]
    domain = [min(values) / 1.2, max(values) * 1.1]
    words = {"labelExpr": SECONDS, "labelOverlap": "greedy", "title": "time between two beats"}
    axis = alt.Axis(orient="top", values=ticks(*domain), **words)
    scale = alt.Scale(type="log", domain=domain, nice=False, rangeMax=alt.ExprRef(end))
    return alt.X("value:Q", axis=axis, scale=scale)


def _offset(alt: Any, lane: str) -> Any:
    """Return where in its row something stands: its name above, the range below."""
    return alt.YOffset(datum=lane, scale=alt.Scale(domain=["name", "range"]))


def _frame(alt: Any, x: Any, y: Any) -> list[Any]:
    """Return the times to compare with, and the names of the rows."""
    times, names = (alt.Chart(alt.NamedData(name)) for name in ("times", "gaps"))
    told = times.mark_text(align="left", baseline="middle", dx=3, fontSize=11)
    called = names.mark_text(align="left", baseline="middle", fontSize=12, fontWeight="bold", dx=2, limit=alt.ExprRef("width"))
    return [
        times.mark_rule(strokeDash=[4, 3], stroke=GREY).encode(x=x),
        told.encode(x=x, y=y, yOffset=_offset(alt, "name"), text="text:N"),
        called.encode(x=alt.value(0), y=y, yOffset=_offset(alt, "name"), text="row:N"),
    ]


def _ranges(alt: Any, x: Any, y: Any) -> list[Any]:
    """Return the ranges with their marks, and what the others feel."""
    gaps, marks, look = alt.Chart(alt.NamedData("gaps")), alt.Chart(alt.NamedData("marks")), _look(alt)
    told = ["row:N", alt.Tooltip("told:N", title="gaps: p50, p99, longest"), alt.Tooltip("took:N", title=CALL)]
    place = {"y": y, "yOffset": _offset(alt, "range"), "tooltip": told}
    texts = gaps.mark_text(align="left", baseline="middle", dx=9, fontSize=11)
    own = {
        name: alt.condition(f"datum.what == '{CALL}'", alt.value(alt.ExprRef("ink")), look[name]) for name in ("stroke", "fill")
    }
    return [
        gaps.mark_rule(strokeWidth=1.5).encode(x=alt.X("p50:Q"), x2="longest:Q", stroke=look["stroke"], **place),
        gaps.mark_rule(strokeWidth=5, opacity=0.5).encode(x=alt.X("p50:Q"), x2="p99:Q", stroke=look["stroke"], **place),
        marks.mark_point(size=60, strokeWidth=1.5, opacity=1).encode(x=x, **look | own, **place),
        texts.encode(x=alt.X("end:Q"), text="text:N", **place),
    ]


def _look(alt: Any) -> dict[str, Any]:
    """Return how colour tells what the others feel, and shape which number a mark is."""
    colours = alt.Scale(domain=[*FEELINGS], range=[colour for _, colour in FEELINGS.values()])
    shapes = alt.Scale(domain=[*SHAPES], range=[*SHAPES.values()])
    columns, ink = {"expr": "width < 420 ? 2 : 4"}, alt.ExprRef("ink")
    legend = alt.Legend(title=None, orient="top", direction="horizontal", columns=columns, symbolFillColor=ink)
    return {
        "stroke": alt.Stroke("feeling:N", scale=colours, legend=None),
        "fill": alt.Fill("feeling:N", scale=colours, legend=None),
        "shape": alt.Shape("what:N", scale=shapes, legend=legend),
    }
