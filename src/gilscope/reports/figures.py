"""The pictures of a session: speed-ups, or maps."""

from __future__ import annotations

from typing import Any

from gilscope.reports import dots, heat, picture, text
from gilscope.reports.content import lines, maps, question
from gilscope.reports.picture import Figure, Spec, require_libraries
from gilscope.results import Session


def figures(session: Session) -> list[Figure]:
    """Return the pictures for a page: one for each map, or the speed-ups; none of a session that has neither."""
    require_libraries("a page")
    found = [heat.figure(chart) for chart in maps(session)]
    return found or ([] if shows_lines_only(session) else [dots.figure(session)])


def shows_lines_only(session: Session) -> bool:
    """Whether there is nothing to draw: observations are no speed-ups."""
    return bool(lines(session)) and not dots.can_draw(session)


def chart(session: Session) -> Any:
    """Return one picture of it all as an Altair chart."""
    require_libraries("a picture")
    import altair as alt

    charts = maps(session)
    if shows_lines_only(session):
        raise ValueError(f"there is no picture of {session.experiment}: it has no speed-ups (a page or text shows it)")
    whole = alt.vconcat(*map(heat.drawn, charts), spacing=24) if charts else dots.chart(session)
    named = [heat.named_data(each) for each in charts] or [dots.data_of(session)]
    whole.datasets = {name: rows for data in named for name, rows in data.items()}
    heading = alt.TitleParams(question(session), subtitle=text.facts(session.machine), anchor="start", offset=14)
    return (
        whole.properties(title=heading, padding=14)
        .add_params(alt.param(name="ink", value=picture.LIGHT))
        .configure(**picture.config("white"))
    )


def specification(session: Session) -> Spec:
    """Return one picture of it all in Vega-Lite."""
    found: Spec = chart(session).to_dict()
    return found


def png(session: Session) -> bytes:
    """Return the picture as PNG."""
    return picture.png(specification(session))


def svg(session: Session) -> str:
    """Return the picture as SVG."""
    return picture.svg(specification(session))
