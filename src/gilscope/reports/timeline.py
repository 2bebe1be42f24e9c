"""A trace as a picture: a lane for each thread, coloured by state, as PNG, SVG or a page that works without a network.

Altair describes the picture and vl-convert draws it; both come with ``pip install 'gilscope[report]'`` and need no browser.
"""

import json
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import table_with_functions
from gilscope.reports.lanes import MOST_LANES, WIDTH, Lane, lanes, span_boxes, state_boxes
from gilscope.trace_data import TraceData

FORMATS = (".png", ".svg", ".html")
#: Okabe and Ito's blue and orange, which all eyes tell apart, and grey for what does not matter; in print dark, medium and light.
COLOURS = {"held": "#0072B2", "waiting": "#E69F00", "outside": "#D9D9D9"}
SPAN_FILL, SPAN_LINE, SPAN_TEXT = "#D5EFE6", "#009E73", "#222222"
LIGHT, DARK = "#222222", "#DDDDDD"
NAME = 200  # pixels for the names of threads
MARGINS, LEAST_WIDTH = NAME + 200, 320  # beside the lanes of a page, and of the lanes where a window is narrow
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "us"), (1.0, "ns"))

#: The browser itself refuses every request. Vega compiles its expressions with Function, which is "eval" here.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)
_PAGE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="$policy">
<title>$title</title>
<style>
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em; max-width: 1400px }
@media (max-width: 600px) { body { margin: 1em } }
p { max-width: 75em }
pre, #timeline { overflow-x: auto }
pre { font-size: 13px }
</style>
<div id="timeline"></div>
<p>$diagnosis</p>
<pre>$table</pre>
<script>$library</script>
<script>
{
  const dark = matchMedia("(prefers-color-scheme: dark)").matches
  const actions = { export: true, source: false, compiled: false, editor: false }
  const spec = $spec
  const room = document.getElementById("timeline").clientWidth - $margins
  spec.width = Math.max($least, Math.min(spec.width, room))
  const letters = spec.width / spec.layer[0].encoding.x.scale.domain[1] / 6.5
  for (const span of spec.datasets.spans) {  // whose labels were cut for the full width
    const room = Math.floor((span.to - span.from) * letters)
    if (span.text.length > room) span.text = room < 4 ? "" : span.text.slice(0, room - 2) + "…"
  }
  vegaEmbed("#timeline", spec, { config: dark ? $dark : $light, actions })
}
</script>
</html>
""")


class ReportUnavailable(RuntimeError):
    """What draws pictures is not installed; the message says what to do."""


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
    if missing := [name for name in ("altair", "vl_convert") if find_spec(name) is None]:
        raise ReportUnavailable(f"a timeline needs {' and '.join(missing)}: pip install 'gilscope[report]'")


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
    else:
        path.write_text({".svg": svg, ".html": page}[path.suffix](data, title), encoding="utf-8")


def png(data: TraceData, title: str) -> bytes:
    """Return the picture as PNG, with two dots a pixel for sharp text."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(specification(data, title), _version(), scale=2, config=config(LIGHT, "white")))


def svg(data: TraceData, title: str) -> str:
    """Return the picture as SVG."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(specification(data, title), _version(), config=config(LIGHT, "white")))


def page(data: TraceData, title: str) -> str:
    """Return a page that makes no request: the picture, to zoom into, the paragraph and the table."""
    import vl_convert

    return _PAGE.substitute(
        title=escape(title),
        policy=_POLICY,
        diagnosis=escape(diagnosis(data)),
        table=escape(table_with_functions(data)),
        library=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed", _version()),
        spec=_script(specification(data, title)),
        margins=MARGINS,
        least=LEAST_WIDTH,
        dark=_script(config(DARK, "transparent")),
        light=_script(config(LIGHT, "transparent")),
    )


def _script(value: Any) -> str:
    """Write JSON that no name of a thread can end the script with."""
    return json.dumps(value).replace("<", "\\u003c")


def _version() -> str:
    """Return the version of Vega-Lite that Altair writes."""
    import altair

    return ".".join(altair.SCHEMA_VERSION.split(".")[:2])


def config(ink: str, background: str) -> dict[str, Any]:
    """Return the colours of all text and lines."""
    lines = {"labelColor": ink, "titleColor": ink, "domainColor": ink, "tickColor": ink}
    return {
        "background": background,
        "view": {"stroke": None},
        "text": {"fill": ink},
        "axis": {**lines, "gridColor": "#88888844"},
        "legend": {"labelColor": ink, "titleColor": ink},
        "title": {"color": ink, "subtitleColor": ink},
    }


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
    return found | {"datasets": {"states": boxes, "spans": spans, "lanes": [_margin(lane) for lane in rows]}}


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
    labels = chart.mark_text(clip=True, align="left", baseline="top", dx=4, dy=1, fontSize=11, fill=SPAN_TEXT)
    told = ["label:N", "from:Q", "to:Q"]
    return [boxes.encode(x=x, x2="to", y=y, y2="bottom", tooltip=told), labels.encode(x=x, y=y, text="text:N", tooltip=told)]


def _margins(alt: Any, y: Any, rows: list[Lane]) -> list[Any]:
    """Return the names on the left and the shares on the right."""
    chart = alt.Chart(alt.NamedData("lanes")).encode(y=y)  # clip: Vega-Lite would clip all marks of a picture to zoom into
    size = 12 if len(rows) <= 16 else 11
    names = chart.mark_text(clip=False, align="right", baseline="middle", dx=-8, fontSize=size, limit=NAME)
    figures = chart.mark_text(clip=False, align="left", baseline="middle", dx=8, fontSize=size)
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
