"""A session or a trace as a Markdown document: the verdict, tables, the machine, the noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gilscope.cases import short
from gilscope.experiments import Experiment, Row
from gilscope.reports import text
from gilscope.reports.content import experiment_of, lines, machine_facts, maps, noise, question, sections, verdict
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import table_with_functions
from gilscope.reports.map import ceiling, cell_text, mark, microseconds, note, shown_threads
from gilscope.results import Result, Session
from gilscope.scaling_map import Map
from gilscope.trace_data import TraceData
from gilscope.wording import duration, percent

NO_SHADES = "     "


def session_markdown(session: Session, title: str = "") -> str:
    """Return a session; a title tells several of an experiment apart."""
    facts = ", ".join(each for each in (title, text.facts(session.machine), f"gilscope {session.version}") if each)
    parts = [
        [f"# {escaped(question(session))}", escaped(facts)],
        [f"**{escaped(first)}**" if not at else escaped(first) for at, first in enumerate(verdict(session))],
        rows_part(session),
        maps_part(session),
        ["## All cases", cases_table(session)] if len(session) else [],
        ["## The machine", rows_table(["fact", "value"], machine_facts(session.machine))],
        ["## Noise", *map(escaped, noise(session))],
    ]
    return "\n\n".join(block for part in parts for block in part) + "\n"


def trace_markdown(data: TraceData, title: str) -> str:
    """Return a trace."""
    return f"# {escaped(title)}\n\n**{escaped(diagnosis(data))}**\n\n{fenced(table_with_functions(data))}\n"


# --- Markdown ------------------------------------------------------------------------------------------------------------------


def escaped(words: str) -> str:
    """Return words that no Markdown reader takes for markup, in one line."""
    for sign in "\\`*[]|<#":
        words = words.replace(sign, f"\\{sign}")
    return " ".join(words.split())


def fenced(content: str) -> str:
    """Return lines as they are, with a fence that is in none of them."""
    fence = "```"
    while fence in content:
        fence += "`"
    return f"{fence}text\n{content}\n{fence}"


def rows_table(heads: Iterable[str], rows: Iterable[Iterable[str]], right: int = 0) -> str:
    """Return a table; its last columns, as many as `right`, are numbers."""
    heads = list(heads)
    rule = ["---"] * (len(heads) - right) + ["---:"] * right
    first, *others = [[escaped(each) for each in row] for row in (heads, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (first, rule, *others))


# --- parts ---------------------------------------------------------------------------------------------------------------------


def rows_part(session: Session) -> list[str]:
    """Return the table of an experiment that has one."""
    if shown := lines(session):
        return ["## What was measured", fenced("\n".join(shown))]
    known, found = experiment_of(session), sections(session)
    if not (known and found):
        return []
    rows = [*published_rows(known), *(line for _, rows in found for row in rows for line in row_lines(row, known))]
    return ["## What was measured", rows_table(["", "1 thread", *known.columns, "what it shows"], rows)]


def published_rows(known: Experiment) -> Iterator[list[str]]:
    """Yield what was published."""
    for each in known.published:
        pairs = [f"{seconds:g} s, {each.serial / seconds:.2f}x" for seconds in each.others]
        yield [f"published in 2008: {each.label}", f"{each.serial:g} s", *pairs, ""]


def row_lines(row: Row, known: Experiment) -> Iterator[list[str]]:
    """Yield a row."""
    remark = " ".join([row.remark, *(f"({each})" for each in text.notes(row, known.columns))])
    yield [row.label, duration(row.serial.seconds.value), *map(cell, row.others), remark]


def cell(result: Result | None) -> str:
    """Write the time of one call and the speed-up."""
    return (
        ", ".join([duration(result.seconds.value), *([text.ratio(result.speedup)] if result.speedup else [])]) if result else ""
    )


def maps_part(session: Session) -> list[str]:
    """Return a table for each map, and what its signs mean."""
    found = maps(session)
    if not found:
        return []
    legend = (
        "Percent of the ceiling, the same work with no Python in the way; on 1 thread, of held's speed. An arrow: from this size "
        "on it pays, threads beat the best single one. ?: contradicts that, as noise may."
    )
    left_out = [f"- {escaped(note(each).removeprefix('- '))}" for each in session.details.get("not_measured", [])]
    return [
        "## Maps",
        legend,
        *(block for chart in found for block in map_blocks(chart)),
        *(["\n".join(left_out)] if left_out else []),
    ]


def map_blocks(chart: Map) -> Iterator[str]:
    """Yield a heading and the table of a map."""
    yield f"### {escaped(chart.kernel)}, {escaped(chart.implementation)}"
    rows = [["best call, us", "1", *(microseconds(chart, size) for size in chart.sizes)]]
    rows += [["ceiling", str(threads), *(ceiling(chart, threads, size) for size in chart.sizes)] for threads in chart.threads[1:]]
    keys = [(strategy, threads) for strategy in chart.strategies for threads in shown_threads(chart, strategy)]
    rows += [[strategy, str(threads), *map_cells(chart, strategy, threads)] for strategy, threads in keys]
    yield rows_table(["strategy", "threads", *map(short, chart.sizes)], rows, right=1 + len(chart.sizes))


def map_cells(chart: Map, strategy: str, threads: int) -> Iterator[str]:
    """Yield a row of cells."""
    for size in chart.sizes:
        found = chart.cells.get((strategy, threads, size))
        sign = {"|": "→", "?": "?"}.get(mark(chart, strategy, threads, size), "")
        yield f"{sign} {cell_text(found, '', NO_SHADES).strip()}".strip() if found else ""


def cases_table(session: Session) -> str:
    """Return all cases."""
    return rows_table(["case", "one call", "speed-up", "ceiling", "of it", "notes"], map(case_row, session))


def case_row(result: Result) -> list[str]:
    """Return a case."""
    speedup = text.ratio(result.speedup) if result.speedup else ""
    top = f"{result.ceiling.value:.2f}x" if result.ceiling else ""
    share = "" if result.efficiency is None else percent(result.efficiency)
    notes = "; ".join([*(["noisy"] if result.noisy else []), *result.notes])
    return [result.id, duration(result.seconds.value), speedup, top, share, notes]
