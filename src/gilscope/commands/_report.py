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
from gilscope.tracing import Trace


@dataclass(frozen=True)
class Source:
    """What a file held, and what it is called."""

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

    A page (.html) is one file that makes no request; several FILEs are sections of it, as in Markdown (.md).
    """
    write = writer_of(output, len(files)) if output else None
    sources = [source for each in files or (last(),) for source in sources_of(Path(each).name, loaded(each))]
    if output:
        writer_of(output, len(sources))  # a session of all experiments is several
    say = speaker(json_file)
    if output and write:
        write(sources, Path(output))
        say(f"report: {output}")
    else:
        shades = map.SHADES if can_shade(json_file) else map.PLAIN_SHADES
        say("\n\n".join(as_text(each.found, shades) for each in sources))
    write_json(json_file, [as_json(each) for each in sources])


def loaded(file: str) -> Session | Trace:
    """Return what a file holds, of which this command can make something."""
    found = load(file)
    if not isinstance(found, Session | Trace):
        raise click.UsageError(f"{file} is an atlas: `gilscope atlas {file}` shows it")
    return found


def sources_of(name: str, found: Session | Trace) -> list[Source]:
    """Return what a file held; of a session of all experiments, one for each."""
    singles = found.singles() if isinstance(found, Session) else {}
    return [Source(part, each) for part, each in singles.items()] if len(singles) > 1 else [Source(name, found)]


def last() -> str:
    """Return the session that was measured last."""
    found = last_session()
    if found is None:
        raise click.UsageError("there is no session yet: measure one with `gilscope run`, or name a FILE")
    return str(found)


def as_text(found: Session | Trace, shades: str) -> str:
    """Return what the terminal shows."""
    return terminal.session_text(found, shades) if isinstance(found, Session) else terminal.trace_text(found.data)


def as_json(source: Source) -> dict[str, Any]:
    """Return the verdict and flat rows as data."""
    if isinstance(source.found, Trace):
        return {"file": source.name, "verdict": [diagnosis(source.found.data)]}
    session = source.found
    return {"file": source.name, "question": question(session), "verdict": verdict(session), "records": session.to_records()}


# --- one writer for each kind of file ------------------------------------------------------------------------------------------

Writer = Callable[[list[Source], Path], None]


def write_html(sources: list[Source], path: Path) -> None:
    """Write a page."""
    path.write_text(page([article(each, len(sources) > 1) for each in sources]), encoding="utf-8")


def article(source: Source, several: bool) -> Any:
    """Return a part of a page; one of several says which file it is of."""
    if isinstance(source.found, Trace):
        return timeline.article(source.found.data, source.name)
    return html.session_article(source.found, source.name if several else "")


def write_markdown(sources: list[Source], path: Path) -> None:
    """Write a Markdown document."""
    parts = []
    for each in sources:
        if isinstance(each.found, Trace):
            parts.append(markdown.trace_markdown(each.found.data, each.name))
        else:
            parts.append(markdown.session_markdown(each.found, each.name if len(sources) > 1 else ""))
    path.write_text("\n".join(parts), encoding="utf-8")


def write_png(sources: list[Source], path: Path) -> None:
    """Write a picture of dots."""
    [source] = sources
    found = source.found
    path.write_bytes(figures.png(found) if isinstance(found, Session) else timeline.png(found.data, source.name))


def write_svg(sources: list[Source], path: Path) -> None:
    """Write a picture of shapes."""
    [source] = sources
    found = source.found
    drawn = figures.svg(found) if isinstance(found, Session) else timeline.svg(found.data, source.name)
    path.write_text(drawn, encoding="utf-8")


def write_csv(sources: list[Source], path: Path) -> None:
    """Write a table."""
    [source] = sources
    found = source.found
    rows = spreadsheet.session_csv(found) if isinstance(found, Session) else spreadsheet.trace_csv(found.data)
    path.write_text(rows, encoding="utf-8", newline="")


def write_pyperf(sources: list[Source], path: Path) -> None:
    """Write a file of pyperf's."""
    [source] = sources
    if isinstance(source.found, Trace):
        raise ValueError(f"{source.name} is a trace, and pyperf knows benchmarks only: name a session")
    path.write_text(pyperf_file.session_pyperf(source.found), encoding="utf-8")


#: Ending → writer, and whether it takes several sources.
WRITERS: dict[str, tuple[Writer, bool]] = {
    ".html": (write_html, True),
    ".md": (write_markdown, True),
    ".png": (write_png, False),
    ".svg": (write_svg, False),
    ".csv": (write_csv, False),
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
            f"a {ending} file is of one session or trace, not of {count}: use .html or .md", param_hint="'-o'"
        )
    return write
