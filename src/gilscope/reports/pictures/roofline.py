"""The roofline: what bounds a loop at each number of operations for a byte, and how near it comes, on one thread and on more."""

from __future__ import annotations

from typing import Any

from gilscope.experiments._roofline_words import (
    BYTES,
    FLOPS,
    TRAFFIC,
    by_threads,
    degree,
    dial,
    operations,
    rates,
    size,
    threads_text,
    workers,
)
from gilscope.reports.pictures.direct_labels import labels, placed
from gilscope.reports.pictures.picture import BLUE, GREEN, ORANGE, VERMILION, Figure, fluid, ticks, with_data
from gilscope.results import Result, Session

HOW_TO_READ = (
    "The broad lines are the roofs, the most that so many threads can do at so many operations a byte: on the slope the memory "
    "bounds them, on the flat the cores. The thin lines are what a loop reached, with 95 % intervals; hollow marks are noisy. "
    "The article's g, large marks, stands where it would if its exponential counted as the operations that the peak does in the "
    "time it takes within the cache. Both axes are logarithmic."
)
WIDTH, HEIGHT = 640, 340
ROOM = 104  # pixels for the labels
COLOURS, SHAPES = (BLUE, VERMILION, GREEN, ORANGE), ("circle", "square", "triangle-up")
VARIANTS = {"g.numpy": "g allocates", "g_out.numpy": "g, arrays reused", "g_chunks.numpy": "g, in the cache"}

Point = dict[str, Any]


def figures(session: Session) -> list[Figure]:
    """Return the picture for a page; none before the loop was measured."""
    rows = data_of(session)
    label = "operations a second by operations a byte: what was reached, and the most that this machine can do"
    return [Figure(label, {"": fluid(layers(rows))}, rows)] if rows["reached"] else []


def drawn(session: Session) -> Any:
    """Return the picture as an Altair chart; None before the loop was measured."""
    rows = data_of(session)
    return with_data(layers(rows, str(WIDTH)).properties(width=WIDTH), rows) if rows["reached"] else None


# --- data ----------------------------------------------------------------------------------------------------------------------


def data_of(session: Session) -> dict[str, list[Point]]:
    """Return the data sets: what was reached, the roofs, the article's g with its names, and labels where lines end."""
    found = reached(session)
    low, high = min((each["at"] for each in found), default=1) / 1.3, max((each["at"] for each in found), default=1) * 1.3
    lines = roofs(session, low, high)
    article = articles(session, high)
    every = {"reached": found, "roofs": lines, "article": article, "names": names(article)}
    return every | {"labels": placed(ends([*found, *lines], session), domain_of(every), HEIGHT, gap=42)}


def reached(session: Session) -> list[Point]:
    """Return how many operations a second the loop reached, by threads and degree; of a resumed session the last."""
    last = {(workers(each), degree(each)): each for each in dial(session, cached=False)}
    return [
        point(each, operations(each), degree(each) * FLOPS / BYTES) for _, each in sorted(last.items(), key=lambda pair: pair[0])
    ]


def point(result: Result, done: float, at: float) -> Point:
    """Return where a result stands that did so many operations a call, at so many a byte."""
    value, low, high = (done / each / 1e9 for each in (result.seconds.value, result.seconds.high, result.seconds.low))
    gained = f", {result.speedup.value:.2f}x of one thread" if result.speedup and workers(result) > 1 else ""
    return {
        **{name: result.case[name] for name in ("kernel", "strategy")},
        "threads": threads_text(workers(result)),
        "at": at,
        "value": value,
        "low": low,
        "high": high,
        "noisy": result.noisy,
        "told": f"{value:.3g} Gflop/s [{low:.3g}, {high:.3g}]{gained}{', noisy' * result.noisy}",
    }


def roofs(session: Session, low: float, high: float) -> list[Point]:
    """Return the roof of each number of threads, from the one place on the axis to the other."""
    copies, peaks = rates(session)
    both = [each for each in sorted(copies) if each in peaks]
    meet = {each: peaks[each] / copies[each] for each in both}
    return [
        {"threads": threads_text(each), "at": at, "value": min(at * copies[each], peaks[each]) / 1e9}
        for each in both
        for at in sorted({low, min(max(meet[each], low), high), high})
    ]


def articles(session: Session, edge: float) -> list[Point]:
    """Return the article's g on one thread and on more: its exponential counts as what the peak does in the time of `g_chunks`.

    What stays in the cache moves no bytes, and stands at the edge.
    """
    found = {name: by_threads(session, name) for name in VARIANTS}
    cached, peak = found["g_chunks.numpy"].get(1), rates(session)[1].get(1)
    if not cached or not peak:
        return []
    each_does = cached.seconds.value / size(cached) * peak
    return [
        point(result, each_does * size(result), min(each_does / TRAFFIC[name], edge) if TRAFFIC[name] else edge)
        | {"variant": VARIANTS[name]}
        for name, results in found.items()
        for result in results.values()
    ]


def domain_of(every: dict[str, list[Point]]) -> tuple[float, float]:
    """Return from where to where the axis reaches: all points and names are on it, and intervals as far as they fit."""
    values = [each[name] for rows in every.values() for each in rows for name in ("value", "foot") if name in each]
    return min(values, default=1.0) / 1.4, max(values, default=1.0) * 1.3


def names(article: list[Point]) -> list[Point]:
    """Return the name of each variant of g, with a stem from below up to its marks: the rightmost is the highest."""
    variants = {each["variant"]: each for each in sorted(article, key=lambda each: float(each["value"]))}
    ordered = sorted(variants.values(), key=lambda each: float(each["at"]))
    return [
        {"text": each["variant"], "kernel": each["kernel"], "strategy": each["strategy"], "at": each["at"], "top": each["value"]}
        | {"foot": min(each["value"] for each in article) / 1.35 ** (len(ordered) - place)}
        for place, each in enumerate(ordered)
    ]


def ends(points: list[Point], session: Session) -> list[Point]:
    """Return where the last line of each number of threads ends, with the most that so many can do."""
    copies, peaks = ({threads_text(each): rate / 1e9 for each, rate in rate.items()} for rate in rates(session))
    last = {each["threads"]: each for each in points}
    best = {
        name: f"\n{peaks[name]:.3g} Gflop/s\n{copies[name]:.3g} GB/s at best" for name in last if name in copies and name in peaks
    }
    return [
        {"threads": name, "at": each["at"], "value": each["value"], "text": f"{name}{best.get(name, '')}"}
        for name, each in last.items()
    ]


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def layers(rows: dict[str, list[Point]], width: str = "width") -> Any:
    """Return the picture as Altair's layers; `width` is in Vega's words."""
    import altair as alt

    named = {name: alt.Chart(alt.NamedData(name)) for name in rows}
    x, y = _x(alt, rows, f"{width} - {ROOM}"), _y(alt, domain_of(rows))
    look = _look(alt, list(dict.fromkeys(each["threads"] for each in [*rows["reached"], *rows["roofs"]])))
    ends = labels(alt, named["labels"], x, y, f"{width} - {ROOM - 14}")
    parts = [*_lines(named, x, y, look), *_article(alt, named, x, y, look), *ends]
    return alt.layer(*parts).properties(height=HEIGHT)


def _x(alt: Any, rows: dict[str, list[Point]], end: str) -> Any:
    places = [each["at"] for each in [*rows["reached"], *rows["article"], *rows["roofs"]]]
    scale = alt.Scale(type="log", base=2, domain=[min(places), max(places)], nice=False, rangeMax=alt.ExprRef(end))
    axis = alt.Axis(title="operations for each byte moved", format="~g", labelOverlap="greedy", grid=False)
    return alt.X("at:Q", axis=axis, scale=scale)


def _y(alt: Any, domain: tuple[float, float]) -> Any:
    axis = alt.Axis(title="Gflop/s: 1e9 operations a second", values=ticks(*domain), format="~g")
    return alt.Y("value:Q", axis=axis, scale=alt.Scale(type="log", domain=[*domain], nice=False))


def _lines(named: dict[str, Any], x: Any, y: Any, look: dict[str, Any]) -> list[Any]:
    """Return the roofs, broad and pale, and what was reached with its intervals."""
    reached, told = named["reached"], ["threads:N", "told:N"]
    return [
        named["roofs"].mark_line(strokeWidth=6, opacity=0.3, clip=True).encode(x=x, y=y, stroke=look["stroke"]),
        reached.mark_line(strokeWidth=1.5).encode(x=x, y=y, stroke=look["stroke"]),
        reached.mark_rule(strokeWidth=1.5, clip=True).encode(x=x, y="low:Q", y2="high:Q", stroke=look["stroke"], tooltip=told),
        reached.mark_point(size=55, strokeWidth=1.5, opacity=1).encode(x=x, y=y, **look, tooltip=told),
    ]


def _article(alt: Any, named: dict[str, Any], x: Any, y: Any, look: dict[str, Any]) -> list[Any]:
    """Return the article's g: marks on a stem from the name."""
    marks, stems, told = named["article"], named["names"], ["variant:N", "threads:N", "told:N"]
    foot = alt.Y("foot:Q")
    return [
        stems.mark_rule(strokeWidth=0.7, stroke=alt.ExprRef("ink")).encode(x=x, y=foot, y2="top:Q"),
        stems.mark_text(align="left", baseline="middle", dx=4, fontSize=11).encode(x=x, y=foot, text="text:N"),
        marks.mark_rule(strokeWidth=1.5, clip=True).encode(x=x, y="low:Q", y2="high:Q", stroke=look["stroke"], tooltip=told),
        marks.mark_point(size=130, strokeWidth=2, opacity=1).encode(x=x, y=y, **look, tooltip=told),
    ]


def _look(alt: Any, threads: list[str]) -> dict[str, Any]:
    """Return how colour and shape tell numbers of threads apart; the labels name them, and what is noisy is hollow."""
    colour, shape = (
        alt.Scale(domain=threads, range=[each[at % len(each)] for at in range(len(threads))]) for each in (COLOURS, SHAPES)
    )
    return {
        "stroke": alt.Stroke("threads:N", scale=colour, legend=None),
        "fill": alt.Fill("threads:N", scale=colour, legend=None),
        "shape": alt.Shape("threads:N", scale=shape, legend=None),
        "fillOpacity": alt.condition("datum.noisy", alt.value(0), alt.value(1)),
    }
