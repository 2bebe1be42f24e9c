"""What all pictures share: the libraries, the colours, and from Vega-Lite to PNG and SVG.

Altair describes a picture and vl-convert draws it; both come with ``pip install 'gilscope[report]'`` and need no browser. All
text and lines of a picture have the colour of its parameter ``ink``, so that a page can change it with the theme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from gilscope.wording import UNITS

#: Okabe and Ito's colours, which all eyes tell apart.
BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A8A8A"
LIGHT, DARK = "#222222", "#DDDDDD"
GAP, MARGIN = 24, 14  # pixels between pictures, and around them all
TOP = ("$schema", "config", "datasets")  # of a picture as a whole, not of one of several
OWN_SCALES: dict[str, Any] = dict.fromkeys(("color", "stroke", "fill", "shape", "xOffset", "yOffset"), "independent")

#: The label of a tick, a number of seconds, in Vega's words: "50 us", "5 ms", "1 s".
SECONDS = " : ".join(
    [*(f"datum.value >= {scale} ? format(datum.value / {scale}, '.3~r') + ' {unit}'" for scale, unit in UNITS), "''"]
)

Spec = dict[str, Any]
Rows = dict[str, list[dict[str, Any]]]


class ReportUnavailable(RuntimeError):
    """What draws pictures is not installed; the message says what to do."""


class NothingToDraw(ValueError):
    """A session holds nothing that its picture shows; the message says so."""


@dataclass(frozen=True)
class Figure:
    """A picture on a page.

    Parameters
    ----------
    label : str
        What it shows, for those who do not see it.
    specs : dict
        Vega-Lite, by what the page offers: "linear" and "log" axes, or one "" of it all.
    rows : dict
        The data sets that all specs share; rows with a ``kernel`` and a ``strategy`` can be filtered by them.
    kernel : str
        If all of it belongs to one.
    canvas : bool
        Whether to draw points on a canvas: faster than shapes where there are many, less sharp in print.
    heading : str
        What stands above it.
    half : bool
        Whether it stands beside the next where there is room.
    """

    label: str
    specs: dict[str, Spec]
    rows: Rows = field(default_factory=dict)
    kernel: str = ""
    canvas: bool = False
    heading: str = ""
    half: bool = False


def require_libraries(what: str) -> None:
    """Raise ReportUnavailable, in a sentence, where nothing could be drawn."""
    if missing := [name for name in ("altair", "vl_convert") if find_spec(name) is None]:
        raise ReportUnavailable(f"{what} needs {' and '.join(missing)}: pip install 'gilscope[report]'")


def png(spec: Spec) -> bytes:
    """Return the picture as PNG, with two dots a pixel for sharp text."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(spec, version(), scale=2, config=config("white")))


def svg(spec: Spec) -> str:
    """Return the picture as SVG."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(spec, version(), config=config("white")))


def version() -> str:
    """Return the version of Vega-Lite that Altair writes."""
    import altair

    return ".".join(altair.SCHEMA_VERSION.split(".")[:2])


def with_ink(spec: Spec) -> Spec:
    """Return a spec with the parameter that all its text and lines are coloured by."""
    return spec | {"params": [*spec.get("params", []), {"name": "ink", "value": LIGHT}]}


def fluid(chart: Any) -> Spec:
    """Return a chart in Vega-Lite, as wide as what it is in; without Altair's check, which takes most of the time of a page."""
    found: Spec = chart.properties(width="container", padding=8).to_dict(validate=False)
    return with_ink(found) | {"autosize": {"type": "fit-x", "contains": "padding"}}


def ticks(low: float, high: float, digits: Sequence[int] = (1, 2, 5)) -> list[float]:
    """Return the digits times the powers of ten between two numbers: round places on a log axis."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [float(f"{digit}e{power}") for power in powers for digit in digits]
    return [value for value in values if low <= value <= high]


def stacked(wide: list[Any], halves: list[Any]) -> Any:
    """Return pictures one below the other, then halves two in a row, each with scales of its own."""
    import altair as alt

    pairs = [alt.concat(*halves, columns=2, spacing=GAP).resolve_scale(**OWN_SCALES)] if halves else []
    return alt.vconcat(*wide, *pairs, spacing=GAP).resolve_scale(**OWN_SCALES)


def with_data(chart: Any, rows: Rows) -> Any:
    """Give a chart the data sets that its layers name, and return it."""
    chart.datasets = rows
    return chart


def one_below_another(specs: list[Spec]) -> Spec:
    """Return pictures in Vega-Lite as one; numbers tell their data sets apart."""
    parts = [renamed({name: part for name, part in spec.items() if name not in TOP}, f"{at} ") for at, spec in enumerate(specs)]
    rows = {f"{at} {name}": rows for at, spec in enumerate(specs) for name, rows in spec["datasets"].items()}
    resolve = {"scale": OWN_SCALES}
    return {"$schema": specs[0]["$schema"], "vconcat": parts, "spacing": 2 * GAP, "resolve": resolve, "datasets": rows}


def renamed(spec: Any, prefix: str) -> Any:
    """Return a part of a picture with the prefix before the names of data sets."""
    if isinstance(spec, list):
        return [renamed(each, prefix) for each in spec]
    if not isinstance(spec, dict):
        return spec
    names = {"name": prefix + spec["data"]["name"]} if "name" in spec.get("data", {}) else None
    return {name: names if names and name == "data" else renamed(part, prefix) for name, part in spec.items()}


def complete(spec: Spec) -> Spec:
    """Return a picture with its margin and its colours."""
    return with_ink(spec) | {"padding": MARGIN, "config": config("white")}


def bounds(alt: Any) -> list[Any]:
    """Return what is told of an interval under the pointer."""
    return [alt.Tooltip("low:Q", title="from", format=".3f"), alt.Tooltip("high:Q", title="to", format=".3f")]


def config(background: str) -> dict[str, Any]:
    """Return the colours of all text and lines."""
    ink = {"expr": "ink"}
    lines = {"labelColor": ink, "titleColor": ink, "domainColor": ink, "tickColor": ink}
    return {
        "background": background,
        "font": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
        "view": {"stroke": None},
        "text": {"fill": ink},
        "axis": {**lines, "gridColor": "#88888844", "titleFontWeight": "normal"},
        "legend": {"labelColor": ink, "titleColor": ink, "titleFontWeight": "normal"},
        "title": {"color": ink, "subtitleColor": ink, "anchor": "start"},
    }
