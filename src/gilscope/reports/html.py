"""A session as part of a page: verdict, picture, table, machine, noise. Every label of its is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from gilscope.experiments import Experiment, Row
from gilscope.reports import page, text
from gilscope.reports.content import experiment_of, has_maps, lines, machine_facts, noise, question, sections, sentence, verdict
from gilscope.reports.figures import figures, how_to_read
from gilscope.reports.page import Article
from gilscope.reports.pictures.picture import Figure
from gilscope.results import Result, Session
from gilscope.stats import Interval
from gilscope.wording import duration, percent

SHOWN = 7  # facts of the machine, before the others


def session_article(session: Session, title: str = "") -> Article:
    """Return a session as part of a page; a title tells several of an experiment apart."""
    facts = ", ".join(each for each in (title, text.facts(session.machine), f"gilscope {session.version}") if each)
    head = [f"<h1>{escape(question(session))}</h1>", f'<p class="facts">{escape(facts)}</p>', page.verdict(verdict(session))]
    tail = [rows_html(session), cases_html(session), machine_html(session.machine), noise_html(session)]
    drawn = figures(session)
    seen: list[str | Figure] = [controls(session, drawn), legend(session), *drawn] if drawn else []
    return Article(title or question(session), (*head, *seen, *tail))


def controls(session: Session, drawn: list[Figure]) -> str:
    """Return what chooses kernel, strategy and axis, as far as there is a choice."""
    rows = [row for figure in drawn for rows in figure.rows.values() for row in rows]
    shown = [*(result.case for result in session), *rows]
    names = {name: list(dict.fromkeys(str(row[name]) for row in shown if name in row)) for name in ("kernel", "strategy")}
    parts = [page.select(name, name, {each: each for each in values}) for name, values in names.items() if len(values) > 1]
    parts += ['<label><input type="checkbox" name="axis" value="log"> log axis</label>'] * any(
        "log" in each.specs for each in drawn
    )
    parts += ["<output></output>"] * bool(len(session))
    return f'<form class="filter">{"".join(parts)}</form>' if parts else ""


def legend(session: Session) -> str:
    """Say how to read the pictures."""
    return f'<p class="legend">{escape(how_to_read(session))}</p>'


# --- tables --------------------------------------------------------------------------------------------------------------------


def rows_html(session: Session) -> str:
    """Return the table of an experiment that has one: what was published, then the rows with their remarks."""
    if shown := lines(session):
        return f'<h2>What was measured</h2><pre class="lines">{escape(chr(10).join(shown))}</pre>'
    known, found = experiment_of(session), sections(session)
    if not (known and found):
        return ""
    heads = "".join(f"<th>{escape(each)}</th>" for each in ("", "1 thread", *known.columns))
    body = [*published_rows(known), '<tr class="title"><td colspan="9">here, one call</td></tr>']
    for title, rows in found:
        body += [f'<tr class="title"><td colspan="9">{escape(title)}</td></tr>'] if title else []
        body += [line for row in rows for line in row_html(row, known)]
    return f"<h2>What was measured</h2><table><thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def published_rows(known: Experiment) -> Iterator[str]:
    """Yield what was published."""
    yield '<tr class="title"><td colspan="9">published in 2008, dual core</td></tr>'
    for each in known.published:
        pairs = zip(known.columns, each.others, strict=True)
        cells = "".join(named(name, f"{seconds:g} s {each.serial / seconds:.2f}×") for name, seconds in pairs)
        yield f'<tr class="published"><td>{escape(each.label)}</td>{named("1 thread", f"{each.serial:g} s")}{cells}</tr>'


def row_html(row: Row, known: Experiment) -> Iterator[str]:
    """Yield a row, and its remark below it."""
    cells = (
        named(name, cell(result), noisy=bool(result and result.noisy))
        for name, result in zip(known.columns, row.others, strict=True)
    )
    serial = named("1 thread", duration(row.serial.seconds.value), noisy=row.serial.noisy)
    yield f'<tr class="told"{marks(row.serial)}><td>{escape(row.label)}</td>{serial}{"".join(cells)}</tr>'
    remark = " ".join(each for each in (row.remark, *map(sentence, text.notes(row, known.columns))) if each)
    yield f'<tr{marks(row.serial)}><td class="remark" colspan="9">{page.prose(remark)}</td></tr>'


def named(name: str, words: str, noisy: bool = False) -> str:
    """Return a cell that tells its column's name where columns have no room."""
    if not words:
        return "<td></td>"
    return f'<td data-name="{escape(name)}"{" class=noisy" * noisy}>{escape(words)}</td>'


def cell(result: Result | None) -> str:
    """Write the time of one call and the speed-up."""
    return f"{duration(result.seconds.value)} {interval(result.speedup)}".strip() if result else ""


def interval(found: Interval | None) -> str:
    """Write a ratio."""
    return text.ratio(found).replace("x", "×") if found else ""


def marks(result: Result) -> str:
    """Return what a row is filtered by."""
    return f' data-kernel="{escape(str(result.case["kernel"]))}" data-strategy="{escape(str(result.case["strategy"]))}"'


def cases_html(session: Session) -> str:
    """Return all cases, folded away where there is a table or a map that tells the same in a smaller space."""
    if not len(session):
        return ""
    heads = "".join(f"<th>{each}</th>" for each in ("case", "one call", "speed-up", "ceiling", "of it", "blocks"))
    body = "".join(case_html(result) for result in session)
    found = f'<table class="cases"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    is_open = "" if sections(session) or has_maps(session) or lines(session) else " open"
    return f"<details{is_open}><summary>All {len(session):,} cases</summary>{found}</details>"


def case_html(result: Result) -> str:
    """Return a case."""
    notes = f"<small{' class=noisy' * result.noisy}>{escape('; '.join(result.notes))}</small>" if result.notes else ""
    share = "" if result.efficiency is None else percent(result.efficiency)
    top = f"{result.ceiling.value:.2f}×" if result.ceiling else ""
    told = (duration(result.seconds.value), interval(result.speedup), top, share, str(len(result.samples)))
    cells = "".join(f"<td>{each}</td>" for each in told)
    return f"<tr{marks(result)}><td>{escape(result.id)}{notes}</td>{cells}</tr>"


def machine_html(machine: Mapping[str, Any]) -> str:
    """Return what is known of a machine: the first facts, and the others folded away."""
    facts = machine_facts(machine)
    first, others = facts[:SHOWN], facts[SHOWN:]
    more = f"<details><summary>More of it</summary>{facts_html(others)}</details>" if others else ""
    return f"<h2>The machine</h2>{facts_html(first)}{more}" if facts else ""


def facts_html(facts: list[tuple[str, str]]) -> str:
    """Return names and values."""
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in facts)
    return f'<table class="machine"><tbody>{rows}</tbody></table>'


def noise_html(session: Session) -> str:
    """Return what made samples noisy."""
    return f"<h2>Noise</h2>{''.join(f'<p>{escape(each)}</p>' for each in noise(session))}"
