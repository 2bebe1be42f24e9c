"""A whole session, or a trace, as the terminal shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from gilscope.reports import map, text
from gilscope.reports.content import experiment_of, lines, maps, question, sections, verdict
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import table_with_functions
from gilscope.results import Result, Session
from gilscope.trace_data import TraceData
from gilscope.wording import duration

ID = 44


def session_text(session: Session, shades: str = map.SHADES) -> str:
    """Return a session as `gilscope run` showed it."""
    body = _BODIES[layout_of(session)](session, shades)
    return "\n".join([question(session), text.facts(session.machine), *body, "", *wrapped_lines(verdict(session))])


def layout_of(session: Session) -> str:
    """Return how the experiment shows its results; a line for each if this version does not know it."""
    known = experiment_of(session)
    return known.layout if known else "plain"


def trace_text(data: TraceData) -> str:
    """Return the table and the paragraph of a trace."""
    return f"{table_with_functions(data)}\n\n{textwrap.fill(diagnosis(data), text.WIDTH)}"


def wrapped_lines(sentences: list[str]) -> list[str]:
    """Break sentences into lines."""
    return [text.wrapped(each) for each in sentences]


def rows_text(session: Session) -> list[str]:
    """Return the table of an experiment."""
    known = experiment_of(session)
    assert known is not None
    found = text.opening(known, session.machine.get("cores_usable", 2))
    for title, rows in sections(session):
        found += [title] if title else []
        found += [line for row in rows for line in text.row_lines(row, known.columns)]
    return found


def maps_text(session: Session, shades: str) -> list[str]:
    """Return the maps."""
    left_out = session.details.get("not_measured", [])
    first = map.opening(session.machine.get("cores_usable", 2), shades)
    return first + [line for chart in maps(session) for line in map.map_lines(chart, left_out, shades)]


def plain(session: Session) -> list[str]:
    """Return a line for each result."""
    return ["", *(plain_line(result) for result in session)]


def plain_line(result: Result) -> str:
    """Return a result: id, time, speed-up."""
    speedup = text.ratio(result.speedup) if result.speedup else ""
    return f"{result.id:{ID}}{duration(result.seconds.value):>{text.SECONDS}} {speedup}{'  noisy' * result.noisy}".rstrip()


_BODIES: dict[str, Callable[[Session, str], list[str]]] = {
    "table": lambda session, shades: rows_text(session),
    "map": maps_text,
    "lines": lambda session, shades: ["", *lines(session)],
    "plain": lambda session, shades: plain(session),
}
