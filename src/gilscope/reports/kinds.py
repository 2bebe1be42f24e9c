"""What each kind of thing that gilscope saves is shown as: a table with a row for sessions, one for traces, one for atlases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gilscope import atlas_table, atlas_words
from gilscope.atlas_data import Atlas
from gilscope.reports import (
    atlas_content,
    atlas_markdown,
    atlas_page,
    content,
    diagnosis,
    figures,
    html,
    markdown,
    pyperf_file,
    spreadsheet,
    terminal,
    timeline,
)
from gilscope.reports.page import Article
from gilscope.results import Session
from gilscope.tracing import Trace


@dataclass(frozen=True)
class Source:
    """What a file held, and what it is called; a session may be of several experiments."""

    name: str
    found: Session | Trace | Atlas

    @property
    def kind(self) -> Kind:
        """What it is shown as."""
        return KINDS[type(self.found)]


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is shown.

    Attributes
    ----------
    noun : str
        What it is, with its article.
    text : callable
        Lines for a terminal; of what was found and the shades to use.
    summary : callable
        Plain data with the verdict.
    article, markdown : callable
        A part of a page, and of a document; of what was found, what it is called, and whether it is one of several.
    csv, png, svg, pyperf : callable or None
        A table, a picture and a file of pyperf's; of what was found by the names of the files. None where there is none.
    one_picture : bool
        Whether a picture is of one only.
    """

    noun: str
    text: Callable[[Any, str], str]
    summary: Callable[[Any], dict[str, Any]]
    article: Callable[[Any, str, bool], Article]
    markdown: Callable[[Any, str, bool], str]
    csv: Callable[[Mapping[str, Any]], str]
    png: Callable[[Mapping[str, Any]], bytes] | None = None
    svg: Callable[[Mapping[str, Any]], str] | None = None
    pyperf: Callable[[Mapping[str, Any]], str] | None = None
    one_picture: bool = False

    def makes(self, what: str, count: int) -> bool:
        """Whether there is such a thing of so many."""
        return getattr(self, what) is not None and (count == 1 or not self.one_picture or what not in ("png", "svg"))


def session_summary(found: Session) -> dict[str, Any]:
    """Return the verdict on a session, and its results as flat rows."""
    about = {"experiment": found.experiment, "question": content.question(found)}
    return {**about, "verdict": content.verdict(found), "records": found.to_records()}


def trace_summary(found: Trace) -> dict[str, Any]:
    """Return the verdict on a trace."""
    return {"verdict": [diagnosis.diagnosis(found.data)]}


def atlas_summary(found: Atlas) -> dict[str, Any]:
    """Return the verdict on an atlas, and its calls as flat rows."""
    about = {"question": atlas_content.question(found), "verdict": atlas_words.verdict(found)}
    return {**about, "records": found.to_records()}


def trace_png(traces: Mapping[str, Trace]) -> bytes:
    """Return the picture of a trace."""
    [(name, trace)] = traces.items()
    return timeline.png(trace.data, name)


def trace_svg(traces: Mapping[str, Trace]) -> str:
    """Return the picture of a trace."""
    [(name, trace)] = traces.items()
    return timeline.svg(trace.data, name)


KINDS: dict[type, Kind] = {
    Session: Kind(
        "a session",
        text=terminal.session_text,
        summary=session_summary,
        article=lambda found, name, several: html.session_article(found, name if several else ""),
        markdown=lambda found, name, several: markdown.session_markdown(found, name if several else ""),
        csv=spreadsheet.sessions_csv,
        png=figures.png,
        svg=figures.svg,
        pyperf=lambda found: pyperf_file.session_pyperf(*found.values()),
    ),
    Trace: Kind(
        "a trace",
        text=lambda found, shades: terminal.trace_text(found.data),
        summary=trace_summary,
        article=lambda found, name, several: timeline.article(found.data, name),
        markdown=lambda found, name, several: markdown.trace_markdown(found.data, name),
        csv=lambda found: spreadsheet.traces_csv({name: each.data for name, each in found.items()}),
        png=trace_png,
        svg=trace_svg,
        one_picture=True,
    ),
    Atlas: Kind(
        "an atlas",
        text=lambda found, shades: atlas_table.table(found),
        summary=atlas_summary,
        article=lambda found, name, several: atlas_page.atlas_article(found),
        markdown=lambda found, name, several: atlas_markdown.atlas_markdown(found),
        csv=spreadsheet.atlases_csv,
    ),
}
