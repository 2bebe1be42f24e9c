"""The pictures of a session: which module draws which experiment, on pages and in files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gilscope.reports import text
from gilscope.reports.content import question
from gilscope.reports.pictures import convoy, dots, grain, oversubscription, picture, roofline, scaling, starvation
from gilscope.reports.pictures.picture import Figure, Rows, Spec, require_libraries, with_data
from gilscope.results import Session
from gilscope.wording import listed


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
    "scaling": scaling,
    "grain": grain,
    "convoy": convoy,
    "starvation": starvation,
    "roofline": roofline,
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


# --- one picture of it all -----------------------------------------------------------------------------------------------------


def chart(session: Session) -> Any:
    """Return one picture of it all as an Altair chart; NothingToDraw where nothing was measured that it could show."""
    require_libraries("a picture")
    import altair as alt

    first, *others = drawn_of({"": session})
    if others:
        spec = specification({"": session})
        rows = spec.pop("datasets")  # set afterwards: Altair would check every value
        return with_data(alt.Chart.from_dict(spec), rows)
    whole, rows = titled(*first)
    ink = alt.param(name="ink", value=picture.LIGHT)
    return with_data(whole.properties(padding=picture.MARGIN).add_params(ink).configure(**picture.config("white")), rows)


def specification(sessions: Mapping[str, Session]) -> Spec:
    """Return one picture of sessions in Vega-Lite, those of one below those of another.

    Parameters
    ----------
    sessions : mapping of str to Session
        By the names of their files, which stand below their questions where there are several.
    """
    require_libraries("a picture")
    parts = [whole.to_dict(validate=False) | {"datasets": rows} for whole, rows in (titled(*each) for each in drawn_of(sessions))]
    return picture.complete(picture.one_below_another(parts) if len(parts) > 1 else parts[0])


def drawn_of(sessions: Mapping[str, Session]) -> list[tuple[str, Session, Any]]:
    """Return what there is to draw: the name of a file if there are several, a session of one experiment, and its picture."""
    several = len(sessions) > 1
    singles = [(name * several, each) for name, session in sessions.items() for each in session.singles().values()]
    found = [(name, each, drawn) for name, each in singles if (drawn := drawing_of(each).drawn(each)) is not None]
    if not found:
        names = listed(list(dict.fromkeys(each.experiment for _, each in singles)))
        raise picture.NothingToDraw(f"there is nothing to draw of {names}: nothing was measured that a picture shows")
    return found


def titled(name: str, session: Session, drawn: Any) -> tuple[Any, Rows]:
    """Return the picture of a session under its question, and its data sets apart: Altair would copy and check every value."""
    import altair as alt

    facts = ", ".join(each for each in (name, text.facts(session.machine)) if each)
    heading = alt.TitleParams(question(session), subtitle=facts, anchor="start", offset=14)
    rows, drawn.datasets = drawn.datasets, alt.Undefined
    return drawn.properties(title=heading), rows


def png(sessions: Session | Mapping[str, Session]) -> bytes:
    """Return the picture as PNG: of one session, or of several by the names of their files."""
    return picture.png(specification(named(sessions)))


def svg(sessions: Session | Mapping[str, Session]) -> str:
    """Return the picture as SVG, as `png` does."""
    return picture.svg(specification(named(sessions)))


def named(sessions: Session | Mapping[str, Session]) -> Mapping[str, Session]:
    """Return sessions by their names; one alone has none."""
    return {"": sessions} if isinstance(sessions, Session) else sessions
