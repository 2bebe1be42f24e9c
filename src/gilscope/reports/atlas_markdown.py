"""An atlas as a Markdown document: the verdict, a table for each group of calls, what could not be told, the machine."""

from __future__ import annotations

from gilscope.atlas_data import Atlas, CallFound
from gilscope.atlas_words import troubles, verdict
from gilscope.reports.atlas_content import HEADS, HOW_TO_READ, facts, groups, question, words
from gilscope.reports.content import machine_facts
from gilscope.reports.markdown import escaped, rows_table

HEADINGS = (*HEADS[:1], "statement", *HEADS[1:])


def atlas_markdown(atlas: Atlas) -> str:
    """Return an atlas."""
    first, *others = map(escaped, verdict(atlas))
    parts = [
        [f"# {escaped(question(atlas))}", escaped(facts(atlas)), f"**{first}**", *others],
        [escaped(HOW_TO_READ)] if atlas.calls else [],
        *([f"## {escaped(title)}", table(calls)] for title, calls in groups(atlas).items()),
        *([f"## {heading}", rows_table(["call", "reason"], rows)] for heading, rows in troubles(atlas).items()),
        ["## The machine", rows_table(["fact", "value"], machine_facts(atlas.machine))],
    ]
    return "\n\n".join(block for part in parts for block in part) + "\n"


def table(calls: list[CallFound]) -> str:
    """Return the calls of a group."""
    rows = []
    for call in calls:
        first, *others = words(call)
        rows.append([first, call.statement, *others])
    return rows_table(HEADINGS, rows, right=len(HEADINGS) - 3)
