"""What each kind of thing that gilscope saves is shown as: a table with a row for sessions, one for traces, one for atlases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gilscope import atlas_table
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
    """What a file held, and what it is called."""

    name: str
    found: Session | Trace | Atlas

    @property
    def kind(self) -> Kind:
        """What it is shown as."""
        return KINDS[type(self.found)]


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is shown: functions of what was found.

    Attributes
    ----------
    noun : str
        What it is, with its article.
    text : callable
        Lines for a terminal; also takes its shades.
    summary, csv : callable
        Plain data with the verdict, and a table.
    article, markdown : callable
        A part of a page, and a document; also take the name of the file, and a title that tells it from others or is empty.
    png, svg : callable or None
        A picture, if there is any; also take the name of the file.
    pyperf : callable or None
        A file of pyperf's, if it holds benchmarks.
    """

    noun: str
    text: Callable[[Any, str], str]
    summary: Callable[[Any], dict[str, Any]]
    article: Callable[[Any, str, str], Article]
    markdown: Callable[[Any, str, str], str]
    csv: Callable[[Any], str]
    png: Callable[[Any, str], bytes] | None = None
    svg: Callable[[Any, str], str] | None = None
    pyperf: Callable[[Any], str] | None = None


def session_summary(found: Session) -> dict[str, Any]:
    """Return the verdict on a session, and its results as flat rows."""
    return {"question": content.question(found), "verdict": content.verdict(found), "records": found.to_records()}


def trace_summary(found: Trace) -> dict[str, Any]:
    """Return the verdict on a trace."""
    return {"verdict": [diagnosis.diagnosis(found.data)]}


def atlas_summary(found: Atlas) -> dict[str, Any]:
    """Return the verdict on an atlas, and its calls as flat rows."""
    return {
        "question": atlas_content.question(found),
        "verdict": atlas_content.verdict(found),
        "records": found.to_records(),
    }


KINDS: dict[type, Kind] = {
    Session: Kind(
        "a session",
        text=terminal.session_text,
        summary=session_summary,
        article=lambda found, name, title: html.session_article(found, title),
        markdown=lambda found, name, title: markdown.session_markdown(found, title),
        csv=spreadsheet.session_csv,
        png=lambda found, name: figures.png(found),
        svg=lambda found, name: figures.svg(found),
        pyperf=pyperf_file.session_pyperf,
    ),
    Trace: Kind(
        "a trace",
        text=lambda found, shades: terminal.trace_text(found.data),
        summary=trace_summary,
        article=lambda found, name, title: timeline.article(found.data, name),
        markdown=lambda found, name, title: markdown.trace_markdown(found.data, name),
        csv=lambda found: spreadsheet.trace_csv(found.data),
        png=lambda found, name: timeline.png(found.data, name),
        svg=lambda found, name: timeline.svg(found.data, name),
    ),
    Atlas: Kind(
        "an atlas",
        text=lambda found, shades: atlas_table.table(found),
        summary=atlas_summary,
        article=lambda found, name, title: atlas_page.atlas_article(found),
        markdown=lambda found, name, title: atlas_markdown.atlas_markdown(found),
        csv=spreadsheet.atlas_csv,
    ),
}
