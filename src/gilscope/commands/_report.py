"""`gilscope report`: sessions and traces as something to look at, to send or to go on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gilscope.commands._output import can_shade, json_option, speaker, write_json
from gilscope.files import last_session
from gilscope.loading import load
from gilscope.reports import figures, html, map, markdown, pyperf_file, spreadsheet, terminal, timeline
from gilscope.reports.content import question, verdict
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.page import page
from gilscope.results import Session
from gilscope.trace_data import TraceData
from gilscope.tracing import Trace


@dataclass(frozen=True)
class Source:
    """What a file held, and what it is called; a session may be of several experiments."""

    name: str
    found: Session | Trace


@click.command("report")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    metavar="FILE",
    help="Write .html, .md, .png, .svg, .csv or .pyperf.json instead of text to the terminal.",
)
@json_option
def command(files: tuple[str, ...], output: str | None, json_file: str | None) -> None:
    """Show saved sessions and traces; the last session unless FILEs are named.

    A page (.html) is one file that makes no request; several FILEs are sections of it, as in Markdown (.md). Pictures stand one
    below the other, and a table (.csv) has a column for the file.
    """
    write = writer_of(output, len(files)) if output else None
    sources = [Source(name, load(path)) for name, path in named(files or (last(),)).items()]
    say = speaker(json_file)
    if output and write:
        write(sources, Path(output))
        say(f"report: {output}")
    else:
        shades = map.SHADES if can_shade(json_file) else map.PLAIN_SHADES
        say("\n\n".join(as_text(each.found, shades) for each in sections_of(sources)))
    write_json(json_file, [as_json(each.name, single) for each in sources for single in singles_of(each)])


def named(files: tuple[str, ...]) -> dict[str, str]:
    """Return paths by the names to show: the last part of each, or all of it where that alone is not unique."""
    last_parts = [Path(each).name for each in files]
    return {name if last_parts.count(name) == 1 else each: each for name, each in zip(last_parts, files, strict=True)}


def sections_of(sources: list[Source]) -> list[Source]:
    """Return what is shown one after the other: of a session of several experiments each of them, called by its name."""
    return [Source(section_name(each, single, len(sources) > 1), single) for each in sources for single in singles_of(each)]


def section_name(source: Source, single: Session | Trace, several: bool) -> str:
    """Return what a section is called: by its file, by its experiment, or by both."""
    if isinstance(single, Trace) or len(singles_of(source)) == 1:
        return source.name
    return f"{source.name}: {single.experiment}" if several else single.experiment


def singles_of(source: Source) -> list[Session | Trace]:
    """Return what a file held; of a session of several experiments each of them."""
    return [*source.found.singles().values()] if isinstance(source.found, Session) else [source.found]


def last() -> str:
    """Return the session that was measured last."""
    found = last_session()
    if found is None:
        raise click.UsageError("there is no session yet: measure one with `gilscope run`, or name a FILE")
    return str(found)


def as_text(found: Session | Trace, shades: str) -> str:
    """Return what the terminal shows."""
    return terminal.session_text(found, shades) if isinstance(found, Session) else terminal.trace_text(found.data)


def as_json(file: str, found: Session | Trace) -> dict[str, Any]:
    """Return the verdict and flat rows as data."""
    if isinstance(found, Trace):
        return {"file": file, "verdict": [diagnosis(found.data)]}
    about = {"file": file, "experiment": found.experiment, "question": question(found)}
    return {**about, "verdict": verdict(found), "records": found.to_records()}


# --- one writer for each kind of file ------------------------------------------------------------------------------------------

TO_DRAW = "a picture is of one trace, or of sessions only: use .html or .md"
Writer = Callable[[list[Source], Path], None]


def write_html(sources: list[Source], path: Path) -> None:
    """Write a page."""
    sections = sections_of(sources)
    path.write_text(page([article(each, len(sections) > 1) for each in sections]), encoding="utf-8")


def article(source: Source, several: bool) -> Any:
    """Return a part of a page; one of several says what it is of."""
    if isinstance(source.found, Trace):
        return timeline.article(source.found.data, source.name)
    return html.session_article(source.found, source.name if several else "")


def write_markdown(sources: list[Source], path: Path) -> None:
    """Write a Markdown document."""
    sections = sections_of(sources)
    path.write_text("\n".join(markdown_of(each, len(sections) > 1) for each in sections), encoding="utf-8")


def markdown_of(source: Source, several: bool) -> str:
    """Return a part of a document; one of several says what it is of."""
    if isinstance(source.found, Trace):
        return markdown.trace_markdown(source.found.data, source.name)
    return markdown.session_markdown(source.found, source.name if several else "")


def write_png(sources: list[Source], path: Path) -> None:
    """Write a picture of dots."""
    if trace := trace_alone(sources):
        path.write_bytes(timeline.png(trace, sources[0].name))
    else:
        path.write_bytes(figures.png(sessions_of(sources, TO_DRAW)))


def write_svg(sources: list[Source], path: Path) -> None:
    """Write a picture of shapes."""
    if trace := trace_alone(sources):
        path.write_text(timeline.svg(trace, sources[0].name), encoding="utf-8")
    else:
        path.write_text(figures.svg(sessions_of(sources, TO_DRAW)), encoding="utf-8")


def trace_alone(sources: list[Source]) -> TraceData | None:
    """Return the one trace that is all there is."""
    return sources[0].found.data if len(sources) == 1 and isinstance(sources[0].found, Trace) else None


def write_csv(sources: list[Source], path: Path) -> None:
    """Write a table."""
    traces = {each.name: each.found.data for each in sources if isinstance(each.found, Trace)}
    if len(traces) == len(sources):
        rows = spreadsheet.traces_csv(traces)
    else:
        rows = spreadsheet.sessions_csv(sessions_of(sources, "a table is of traces only, or of sessions only: use .html or .md"))
    path.write_text(rows, encoding="utf-8", newline="")


def write_pyperf(sources: list[Source], path: Path) -> None:
    """Write a file of pyperf's."""
    [session] = sessions_of(sources, "pyperf knows benchmarks only: name a session").values()
    path.write_text(pyperf_file.session_pyperf(session), encoding="utf-8")


def sessions_of(sources: list[Source], otherwise: str) -> dict[str, Session]:
    """Return the sessions by their names, or raise a ValueError that names a trace and says what is wanted."""
    for each in sources:
        if isinstance(each.found, Trace):
            raise ValueError(f"{each.name} is a trace, and {otherwise}")
    return {each.name: each.found for each in sources if isinstance(each.found, Session)}


#: Ending → writer, and whether it takes several files.
WRITERS: dict[str, tuple[Writer, bool]] = {
    ".html": (write_html, True),
    ".md": (write_markdown, True),
    ".png": (write_png, True),
    ".svg": (write_svg, True),
    ".csv": (write_csv, True),
    ".pyperf.json": (write_pyperf, False),
}


def writer_of(output: str, count: int) -> Writer:
    """Return what writes a file of this name, before anything is read."""
    ending = next((each for each in WRITERS if output.endswith(each)), None)
    if ending is None:
        known = ", ".join(list(WRITERS)[:-1])
        raise click.BadParameter(f"{output!r} ends in none of {known} and {list(WRITERS)[-1]}", param_hint="'-o'")
    write, several = WRITERS[ending]
    if count > 1 and not several:
        raise click.BadParameter(
            f"a {ending} file is of one session, not of {count} files: write one for each", param_hint="'-o'"
        )
    return write
