"""The pictures of a session: which module draws which experiment, on pages and in files."""

from __future__ import annotations

from typing import Any, Protocol

from gilscope.reports import convoy_lines, dots, gap_ranges, grain, heat, oversubscription, picture, roofs, text
from gilscope.reports.content import question
from gilscope.reports.picture import Figure, Spec, require_libraries
from gilscope.results import Session


class Drawing(Protocol):
    """A module that draws sessions.

    Attributes
    ----------
    HOW_TO_READ : str
        What stands above the picture on a page.
    """

    HOW_TO_READ: str

    def figures(self, session: Session) -> list[Figure]:
        """Return the pictures for a page; none where there is nothing to draw."""

    def drawn(self, session: Session) -> Any:
        """Return one picture of it all as an Altair chart with its data sets; None where there is nothing to draw."""


#: Experiment → what draws it; any other is drawn as dots.
DRAWINGS: dict[str, Drawing] = {
    "scaling": heat,
    "convoy": convoy_lines,
    "starvation": gap_ranges,
    "grain": grain,
    "roofline": roofs,
    "oversubscription": oversubscription,
}


def drawing_of(session: Session) -> Drawing:
    """Return what draws a session."""
    return DRAWINGS.get(session.experiment, dots)


def figures(session: Session) -> list[Figure]:
    """Return the pictures for a page; none where there is nothing to draw."""
    require_libraries("a page")
    return drawing_of(session).figures(session)


def how_to_read(session: Session) -> str:
    """Say how to read the pictures."""
    return drawing_of(session).HOW_TO_READ


def chart(session: Session) -> Any:
    """Return one picture of it all as an Altair chart; NothingToDraw where nothing was measured that it could show."""
    require_libraries("a picture")
    import altair as alt

    whole = drawing_of(session).drawn(session)
    if whole is None:
        raise picture.NothingToDraw(
            f"there is nothing to draw of {session.experiment}: nothing was measured that a picture shows"
        )
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
