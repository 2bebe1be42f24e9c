"""What one release of the GIL costs the thread that makes it, by who else wants it and by the work before. In Vega-Lite."""

from __future__ import annotations

from typing import Any

from gilscope.experiments._grain_words import Cost, cost_text, costs
from gilscope.reports.pictures.picture import BLUE, SECONDS, VERMILION, Figure, Rows, fluid, ticks
from gilscope.results import Session
from gilscope.wording import duration

HEADING = "What one release costs"
COLOURS = (BLUE, VERMILION)
LANE = 17  # pixels: the height of a dot
LEAST = 1e-9  # seconds: less cannot be told from nothing

Dot = dict[str, Any]


def figures(session: Session) -> list[Figure]:
    """Return the picture for a page, if it was measured."""
    rows = data_of(session)
    label = "seconds that one release costs, by who else wants the GIL"
    return [Figure(label, {"": fluid(layers(rows["costs"]))}, rows, heading=HEADING, half=True)] if rows["costs"] else []


def several(session: Session, width: int) -> list[Any]:
    """Return the picture as one of several, if it was measured: its data sets are those of `data_of`."""
    rows = data_of(session)["costs"]
    return [layers(rows).properties(width=width, title=HEADING)] if rows else []


def data_of(session: Session) -> Rows:
    """Return the data set: a dot for each company and each length of work."""
    return {"costs": [dot(each) for each in costs(session)]}


def dot(cost: Cost) -> Dot:
    """Return what Vega draws a dot and its interval from; of what may be nothing only the most that it can be."""
    found = cost.seconds
    nothing = found.low <= 0
    low, value = (found.high, found.high) if nothing else (found.low, found.value)
    numbers = {name: max(number, LEAST) for name, number in (("low", low), ("value", value), ("high", found.high))}
    about = {
        "company": company(cost),
        "told": f"{cost_text(found)} {cost.company}",
        "work": f"after {duration(cost.work)} of work",
    }
    return {**about, **numbers, "text": cost_text(found), "nothing": nothing}


def company(cost: Cost) -> str:
    """Say in a few words who else wants the GIL."""
    return cost.company.removesuffix(" that releases too").removesuffix(" that release too").replace("a loop of ", "")


# --- Vega-Lite -----------------------------------------------------------------------------------------------------------------


def layers(dots: list[Dot]) -> Any:
    """Return the picture as Altair's layers."""
    import altair as alt

    works = list(dict.fromkeys(each["work"] for each in dots))
    chart = alt.Chart(alt.NamedData("costs"))
    domain = [min(each["low"] for each in dots) / 1.5, max(each["high"] for each in dots) * 1.5]
    axis = alt.Axis(
        title=None,
        labelExpr=SECONDS,
        orient="top",
        values=ticks(domain[0], domain[1], (1,)),
        labelOverlap="greedy",
        gridOpacity=0.6,
    )
    x = alt.X("value:Q", axis=axis, scale=alt.Scale(type="log", domain=domain, nice=False))
    y = alt.Y("company:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False, labelFontSize=11, labelLimit=120))
    scale = alt.Scale(domain=works, range=[COLOURS[at % len(COLOURS)] for at in range(len(works))])
    legend = alt.Legend(title=None, orient="bottom", columns=1)
    place = {"y": y, "yOffset": alt.YOffset("work:N", scale=alt.Scale(domain=works)), "tooltip": ["told:N", "work:N"]}
    return alt.layer(
        chart.mark_rule(strokeWidth=2).encode(
            x="low:Q", x2="high:Q", stroke=alt.Stroke("work:N", scale=scale, legend=legend), **place
        ),
        chart.mark_point(size=60, strokeWidth=2, opacity=1).encode(
            x=x,
            stroke=alt.Stroke("work:N", scale=scale, legend=legend),
            fill=alt.Fill("work:N", scale=scale, legend=legend),
            shape=alt.condition("datum.nothing", alt.value("triangle-left"), alt.value("circle")),
            fillOpacity=alt.condition("datum.nothing", alt.value(0), alt.value(1)),
            **place,
        ),
        chart.mark_text(align="left", baseline="middle", dx=8, fontSize=11).encode(x="high:Q", text="text:N", **place),
    ).properties(height=alt.Step(LANE))
