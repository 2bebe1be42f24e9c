"""An atlas as part of a page: verdict, what finds calls, their table with a small picture each, and what could not be told."""

from __future__ import annotations

from html import escape

from gilscope.atlas_data import GILS, Atlas, CallFound
from gilscope.atlas_words import counted, troubles, verdict
from gilscope.reports import page
from gilscope.reports.atlas_content import (
    HEADS,
    HOW_TO_READ,
    facts,
    groups,
    question,
    setups,
    words,
)
from gilscope.reports.atlas_sparkline import sparkline
from gilscope.reports.html import machine_html
from gilscope.reports.page import Article

#: What calls can be chosen by: a mark of its row, and what the choice is called.
MARKS = {
    **{word: word for word in GILS},
    "threshold": "with a threshold",
    "cores": "several cores",
    "disagree": "methods disagree",
}
PICTURE = HEADS.index("outside") + 1  # the column of the picture


def atlas_article(atlas: Atlas) -> Article:
    """Return an atlas as part of a page; every label of its is escaped."""
    head = [f"<h1>{escape(question(atlas))}</h1>", f'<p class="facts">{escape(facts(atlas))}</p>', page.verdict(verdict(atlas))]
    tail = [troubles_html(atlas), machine_html(atlas.machine)]
    return Article(atlas.title, (*head, *(calls_html(atlas) if atlas.calls else ()), *tail), assets="atlas")


def calls_html(atlas: Atlas) -> list[str]:
    """Return what finds calls, how to read them, and their table."""
    numbers = {title: str(at) for at, title in enumerate(groups(atlas))}
    rows = "\n".join(row(call, numbers[call.group]) for call in atlas.calls)
    table = f'<table class="atlas"><thead><tr>{headings()}</tr></thead><tbody>\n{rows}\n</tbody></table>'
    return [controls(atlas, numbers), f'<p class="legend">{escape(HOW_TO_READ)}</p>', table, setups_html(atlas)]


def controls(atlas: Atlas, numbers: dict[str, str]) -> str:
    """Return what finds calls: by words, by what they do with the GIL, by group."""
    search = '<label>search <input type="search" name="search" placeholder="name, code or group" autocomplete="off"></label>'
    present = {mark for call in atlas.calls for mark in marks(call)}
    kinds = {label: mark for mark, label in MARKS.items() if mark in present}
    selects = page.select("mark", "show", kinds) + page.select("group", "group", numbers)
    return f'<form class="filter" role="search">{search}{selects}<output>{counted(len(atlas.calls))}</output></form>'


def headings() -> str:
    """Return the headings; all but that of the picture sort."""
    found = [f'<th aria-sort="none"><button type="button">{escape(each)}</button></th>' for each in HEADS]
    return "".join([*found[:PICTURE], "<th>by size</th>", *found[PICTURE:]])


def row(call: CallFound, group: str) -> str:
    """Return a call."""
    first, gil, *numbers = words(call)
    cells = [
        f"<td>{escape(first)}<code>{escape(call.statement)}</code></td>",
        f'<td data-by="{GILS.index(gil)}"><span class="gil {gil}">{gil}</span></td>',
        *(cell(*each) for each in zip(HEADS[2:], map(escape, numbers), values(call), strict=True)),
    ]
    cells.insert(PICTURE, f'<td class="course">{sparkline(call)}</td>')
    return f'<tr data-group="{group}" data-marks="{escape(" ".join(marks(call)))}">{"".join(cells)}</tr>'


def cell(head: str, content: str, by: float | None) -> str:
    """Return a cell with its heading, and the number that it is sorted by."""
    return f'<td data-name="{head}" data-by="{by:.4g}">{content}</td>' if by is not None else "<td></td>"


def values(call: CallFound) -> tuple[float | None, ...]:
    """Return what `words` has in words after the GIL, as numbers."""
    at = call.largest
    return (call.threshold, at.released_fraction, at.releases, at.longest_hold_ns, at.seconds, at.cores)


def marks(call: CallFound) -> list[str]:
    """Return what a call can be chosen by."""
    found = {"threshold": call.threshold is not None, "cores": call.uses_several_cores, "disagree": call.agrees is False}
    return [call.gil, *(mark for mark, is_so in found.items() if is_so)]


def setups_html(atlas: Atlas) -> str:
    """Return the code that runs before the calls of each group, folded away."""
    found = "".join(f"<h3>{escape(title)}</h3><pre>{escape(code)}</pre>" for title, code in setups(atlas).items() if code)
    return f"<details><summary>What runs before the calls of each group</summary>{found}</details>" if found else ""


def troubles_html(atlas: Atlas) -> str:
    """Return what was skipped, what failed, and where the two methods disagree."""
    return "".join(f"<h2>{escape(heading)}</h2><dl>{terms(rows)}</dl>" for heading, rows in troubles(atlas).items())


def terms(rows: list[tuple[str, str]]) -> str:
    """Return names of calls, and what is to say of each."""
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows)
