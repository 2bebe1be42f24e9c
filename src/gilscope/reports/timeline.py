"""A trace as a picture: a lane for each thread, coloured by state, as PNG, SVG or a page that works without a network.

Altair describes the picture and vl-convert draws it; both come with ``pip install 'gilscope[report]'`` and need no browser.
"""

from html import escape
from pathlib import Path
from typing import Any

from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import table_with_functions
from gilscope.reports.page import Article, page, verdict
from gilscope.reports.pictures import picture
from gilscope.reports.pictures.lanes import MOST_LANES, WIDTH, Lane, lanes, span_boxes, state_boxes
from gilscope.reports.pictures.picture import BLUE, GREEN, ORANGE, Figure, require_libraries, with_ink
from gilscope.trace_data import TraceData

FORMATS = (".png", ".svg", ".html")
#: Blue, orange, and grey for what does not matter; in print dark, medium and light.
COLOURS = {"held": BLUE, "waiting": ORANGE, "outside": "#D9D9D9"}
SPAN_FILL, SPAN_LINE, SPAN_TEXT = "#D5EFE6", GREEN, "#222222"
NAME = 200  # pixels for the names of threads
NARROW = 700  # pixels of a page; below, the shares stand in the table only, and spans have no room for labels
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"))


def require(path: Path) -> None:
    """Raise, in a sentence, where a picture could not be drawn.

    Raises
    ------
    ValueError
        Its format is none of these.
    ReportUnavailable
        The libraries are not there.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"a timeline is a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file, not {path.name!r}")
    require_libraries("a timeline")


def draw(data: TraceData, path: Path, title: str) -> None:
    """Draw a trace into a file.

    Parameters
    ----------
    data : TraceData
        The trace.
    path : Path
        Ends in .png, .svg or .html.
    title : str
        What was traced.
    """
    require(path)
    if path.suffix == ".png":
        path.write_bytes(png(data, title))
    elif path.suffix == ".svg":
        path.write_text(svg(data, title), encoding="utf-8")
    else:
        path.write_text(page([article(data, title)]), encoding="utf-8")


def png(data: TraceData, title: str) -> bytes:
    """Return the picture as PNG."""
    return picture.png(specification(data, title))


def svg(data: TraceData, title: str) -> str:
    """Return the picture as SVG."""
    return picture.svg(specification(data, title))


def article(data: TraceData, title: str) -> Article:
    """Return a trace as part of a page: the paragraph, the picture, to zoom into, and the table."""
    facts = f'<p class="facts">{escape("; ".join(subtitle(data)))}</p>'
    head = (f"<h1>{escape(title)}</h1>", facts, verdict([diagnosis(data)]))
    return Article(title, (*head, figure(data), f"<pre>{escape(table_with_functions(data))}</pre>"))


def figure(data: TraceData) -> Figure:
    """Return the picture for a page, which has the title elsewhere."""
    spec = {key: value for key, value in specification(data, "").items() if key != "title"}
    spec |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    rows = spec.pop("datasets")
    return Figure("who held the GIL, by thread and time", {"": spec}, rows, canvas=True)


def specification(data: TraceData, title: str) -> dict[str, Any]:
    """Return the picture in Vega-Lite."""
    import altair as alt

    rows = lanes(data)
    bins = WIDTH if len(rows) <= 8 else WIDTH // 2
    divisor, unit = next((each for each in _UNITS if data.stop_ns - data.start_ns >= each[0]), _UNITS[-1])
    boxes = [_scaled(box, divisor) for lane in rows for box in state_boxes(data, lane, bins)]
    spans = [_scaled(box, divisor) for lane in rows for box in span_boxes(data, lane)]
    end = (data.stop_ns - data.start_ns) / divisor
    height = max((lane.top + lane.height for lane in rows), default=40)
    x = alt.X("from:Q", title=f"time since the start [{unit}]", scale=alt.Scale(domain=[0, end or 1], nice=False))
    y = alt.Y("top:Q", axis=None, scale=alt.Scale(domain=[0, height], reverse=True, nice=False))
    heading = alt.TitleParams(title, subtitle=subtitle(data), anchor="start", offset=12)
    layers = alt.layer(_states(alt, x, y), *_spans(alt, x, y, spans), *_margins(alt, y, rows))
    chart = layers.properties(width=WIDTH, height=height, title=heading, padding=12)
    # Given afterwards: Altair checks every value against its schema, which takes a minute for a picture of a million intervals.
    found: dict[str, Any] = chart.to_dict()
    return with_ink(found) | {"datasets": {"states": boxes, "spans": spans, "lanes": [_margin(lane) for lane in rows]}}


def _states(alt: Any, x: Any, y: Any) -> Any:
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=alt.Legend(title="the GIL", orient="top", direction="horizontal", titleOrient="left"),
    )
    told = ["state:N", alt.Tooltip("share:Q", format=".1%"), "from:Q", "to:Q"]
    boxes = alt.Chart(alt.NamedData("states")).mark_rect(clip=True, strokeWidth=0)
    zoom = alt.selection_interval(bind="scales", encodings=["x"])
    return boxes.encode(x=x, x2="to", y=y, y2="bottom", color=colour, tooltip=told).add_params(zoom)


def _spans(alt: Any, x: Any, y: Any, spans: list[dict[str, Any]]) -> list[Any]:
    if not spans:
        return []
    chart = alt.Chart(alt.NamedData("spans"))
    boxes = chart.mark_rect(clip=True, fill=SPAN_FILL, stroke=SPAN_LINE, strokeWidth=0.5)
    roomy = chart.transform_calculate(text=f"containerSize()[0] < {NARROW} ? '' : datum.text")
    room = "max(1, scale('x', datum.to) - scale('x', datum.from) - 6)"  # a page may be narrower, and zoomed into
    labels = roomy.mark_text(
        clip=True, align="left", baseline="top", dx=4, dy=1, fontSize=11, fill=SPAN_TEXT, limit=alt.ExprRef(room)
    )
    told = ["label:N", "from:Q", "to:Q"]
    return [boxes.encode(x=x, x2="to", y=y, y2="bottom", tooltip=told), labels.encode(x=x, y=y, text="text:N", tooltip=told)]


def _margins(alt: Any, y: Any, rows: list[Lane]) -> list[Any]:
    """Return the names on the left and the shares on the right."""
    chart = alt.Chart(alt.NamedData("lanes")).encode(y=y)  # clip: Vega-Lite would clip all marks of a picture to zoom into
    size = 12 if len(rows) <= 16 else 11
    names = chart.mark_text(clip=False, align="right", baseline="middle", dx=-8, fontSize=size, limit=NAME)
    roomy = chart.transform_calculate(figures=f"containerSize()[0] < {NARROW} ? '' : datum.figures")
    figures = roomy.mark_text(clip=False, align="left", baseline="middle", dx=8, fontSize=size)
    return [names.encode(x=alt.value(0), text="name:N"), figures.encode(x=alt.value("width"), text="figures:N")]


def _margin(lane: Lane) -> dict[str, Any]:
    thread = lane.thread
    life = max(thread.held_ns + thread.waiting_ns + thread.outside_ns, 1)
    figures = f"held {thread.held_ns / life:.0%}, waiting {thread.waiting_ns / life:.0%}"
    return {"name": thread.name, "figures": figures, "top": lane.middle}


def subtitle(data: TraceData) -> list[str]:
    """Return what stands below the title: the share held, and what the picture leaves out."""
    seconds, count = (data.stop_ns - data.start_ns) / 1e9, len(data.names)
    held = f"the GIL was held {data.held_fraction():.1%} of {seconds:.3g} s" if data.gil else f"no GIL, {seconds:.3g} s"
    first = f"{held}, {count} thread{'s' if count != 1 else ''}"
    hidden = [f"the {MOST_LANES} that used it most are shown"] if count > MOST_LANES else []
    lost = [f"the trace ends early: {data.lost:,} events are lost"] if data.lost else []
    return ["; ".join([first, *hidden, *lost])]


def _scaled(box: dict[str, Any], divisor: float) -> dict[str, Any]:
    return box | {"from": round(box["from"] / divisor, 6), "to": round(box["to"] / divisor, 6)}
