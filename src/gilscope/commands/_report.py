"""`gilscope report`: sessions, traces and atlases as something to look at, to send or to go on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gilscope.atlas_data import Atlas
from gilscope.commands._output import can_shade, json_option, speaker, write_json
from gilscope.files import last_session
from gilscope.loading import load
from gilscope.reports import map
from gilscope.reports.kinds import Source
from gilscope.reports.page import page
from gilscope.results import Session
from gilscope.tracing import Trace


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
    """Show saved sessions, traces and atlases; the last session unless FILEs are named.

    A page (.html) is one file that makes no request; several FILEs are sections of it, as in Markdown (.md). Pictures stand one
    below the other, and a table (.csv) has a column for the file.
    """
    write = writer_of(output, len(files)) if output else None
    sources = [source for name, path in named(files or (last(),)).items() for source in sources_of(name, load(path))]
    say = speaker(json_file)
    if output and write:
        write(sources, Path(output))
        say(f"report: {output}")
    else:
        shades = map.SHADES if can_shade(json_file) else map.PLAIN_SHADES
        say("\n\n".join(each.kind.text(each.found, shades) for each in sections_of(sources)))
    write_json(json_file, [as_json(each.name, single) for each in sources for single in singles_of(each)])


def sources_of(name: str, found: Session | Trace | Atlas | list[Atlas]) -> list[Source]:
    """Return what a file held; of one with several atlases each of them, called by its package too."""
    return [Source(f"{name}: {each.package}", each) for each in found] if isinstance(found, list) else [Source(name, found)]


def named(files: tuple[str, ...]) -> dict[str, str]:
    """Return paths by the names to show: the last part of each, or all of it where that alone is not unique."""
    last_parts = [Path(each).name for each in files]
    return {name if last_parts.count(name) == 1 else each: each for name, each in zip(last_parts, files, strict=True)}


def sections_of(sources: list[Source]) -> list[Source]:
    """Return what is shown one after the other: of a session of several experiments each of them, called by its name."""
    return [Source(section_name(each, single, len(sources) > 1), single) for each in sources for single in singles_of(each)]


def section_name(source: Source, single: Session | Trace | Atlas, several: bool) -> str:
    """Return what a section is called: by its file, by its experiment, or by both."""
    if not isinstance(single, Session) or len(singles_of(source)) == 1:
        return source.name
    return f"{source.name}: {single.experiment}" if several else single.experiment


def singles_of(source: Source) -> list[Session | Trace | Atlas]:
    """Return what a file held; of a session of several experiments each of them."""
    return [*source.found.singles().values()] if isinstance(source.found, Session) else [source.found]


def last() -> str:
    """Return the session that was measured last."""
    found = last_session()
    if found is None:
        raise click.UsageError("there is no session yet: measure one with `gilscope run`, or name a FILE")
    return str(found)


def as_json(file: str, found: Session | Trace | Atlas) -> dict[str, Any]:
    """Return the verdict and flat rows as data."""
    return {"file": file, **Source(file, found).kind.summary(found)}


# --- one writer for each kind of file ------------------------------------------------------------------------------------------

TO_DRAW = "a picture is of one trace, or of sessions only: use .html or .md"
TO_TABULATE = "a table is of sessions only, of traces only, or of atlases only: use .html or .md"
TO_PYPERF = "pyperf knows benchmarks only: name a session"
Writer = Callable[[list[Source], Path], None]


def write_html(sources: list[Source], path: Path) -> None:
    """Write a page; one of several parts says what it is of."""
    sections = sections_of(sources)
    articles = [each.kind.article(each.found, each.name, len(sections) > 1) for each in sections]
    path.write_text(page(articles), encoding="utf-8")


def write_markdown(sources: list[Source], path: Path) -> None:
    """Write a Markdown document; one of several parts says what it is of."""
    sections = sections_of(sources)
    parts = [each.kind.markdown(each.found, each.name, len(sections) > 1) for each in sections]
    path.write_text("\n".join(parts), encoding="utf-8")


def write_png(sources: list[Source], path: Path) -> None:
    """Write a picture of dots."""
    path.write_bytes(made("png", sources, TO_DRAW))


def write_svg(sources: list[Source], path: Path) -> None:
    """Write a picture of shapes."""
    path.write_text(made("svg", sources, TO_DRAW), encoding="utf-8")


def write_csv(sources: list[Source], path: Path) -> None:
    """Write a table."""
    path.write_text(made("csv", sources, TO_TABULATE), encoding="utf-8", newline="")


def write_pyperf(sources: list[Source], path: Path) -> None:
    """Write a file of pyperf's."""
    path.write_text(made("pyperf", sources, TO_PYPERF), encoding="utf-8")


def made(what: str, sources: list[Source], otherwise: str) -> Any:
    """Return what is made of all sources at once; a ValueError names one that it cannot be of, and says what is wanted."""
    kind = sources[0].kind
    for each in sources:
        if each.kind is not kind or not kind.makes(what, len(sources)):
            raise ValueError(f"{each.name} is {each.kind.noun}, and {otherwise}")
    return getattr(kind, what)({each.name: each.found for each in sources})


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
