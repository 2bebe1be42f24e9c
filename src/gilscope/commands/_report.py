"""`gilscope report`: sessions, traces and atlases as something to look at, to send or to go on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

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

    A page (.html) is one file that makes no request; several FILEs are sections of it, as in Markdown (.md).
    """
    write = writer_of(output, len(files)) if output else None
    sources = [source for each in files or (last(),) for source in sources_of(Path(each).name, load(each))]
    if output:
        writer_of(output, len(sources))  # a session of all experiments is several
    say = speaker(json_file)
    if output and write:
        write(sources, Path(output))
        say(f"report: {output}")
    else:
        shades = map.SHADES if can_shade(json_file) else map.PLAIN_SHADES
        say("\n\n".join(each.kind.text(each.found, shades) for each in sources))
    write_json(json_file, [as_json(each) for each in sources])


def sources_of(name: str, found: Session | Trace | Atlas | list[Atlas]) -> list[Source]:
    """Return what a file held; of a session of all experiments, and of atlases of several packages, one for each."""
    if isinstance(found, list):
        return [Source(name, each) for each in found]
    singles = found.singles() if isinstance(found, Session) else {}
    return [Source(part, each) for part, each in singles.items()] if len(singles) > 1 else [Source(name, found)]


def last() -> str:
    """Return the session that was measured last."""
    found = last_session()
    if found is None:
        raise click.UsageError("there is no session yet: measure one with `gilscope run`, or name a FILE")
    return str(found)


def as_json(source: Source) -> dict[str, Any]:
    """Return the verdict and flat rows as data."""
    return {"file": source.name, **source.kind.summary(source.found)}


# --- one writer for each kind of file ------------------------------------------------------------------------------------------

Writer = Callable[[list[Source], Path], None]


def write_html(sources: list[Source], path: Path) -> None:
    """Write a page; what is one of several says which file it is of."""
    articles = [each.kind.article(each.found, each.name, title(each, sources)) for each in sources]
    path.write_text(page(articles), encoding="utf-8")


def write_markdown(sources: list[Source], path: Path) -> None:
    """Write a Markdown document."""
    parts = [each.kind.markdown(each.found, each.name, title(each, sources)) for each in sources]
    path.write_text("\n".join(parts), encoding="utf-8")


def title(source: Source, sources: list[Source]) -> str:
    """Return what tells a source from others, where there are any."""
    return source.name if len(sources) > 1 else ""


def write_png(sources: list[Source], path: Path) -> None:
    """Write a picture of dots."""
    [source] = sources
    draw = source.kind.png
    path.write_bytes(draw(source.found, source.name) if draw else refuse(source, NO_PICTURE))


def write_svg(sources: list[Source], path: Path) -> None:
    """Write a picture of shapes."""
    [source] = sources
    draw = source.kind.svg
    path.write_text(draw(source.found, source.name) if draw else refuse(source, NO_PICTURE), encoding="utf-8")


def write_csv(sources: list[Source], path: Path) -> None:
    """Write a table."""
    [source] = sources
    path.write_text(source.kind.csv(source.found), encoding="utf-8", newline="")


def write_pyperf(sources: list[Source], path: Path) -> None:
    """Write a file of pyperf's."""
    [source] = sources
    convert = source.kind.pyperf
    path.write_text(convert(source.found) if convert else refuse(source, NO_BENCHMARK), encoding="utf-8")


NO_PICTURE = "which has no picture: use .html, .md or .csv"
NO_BENCHMARK = "and pyperf knows benchmarks only: name a session"


def refuse(source: Source, why: str) -> NoReturn:
    """Say why a source cannot be written so."""
    raise ValueError(f"{source.name} is {source.kind.noun}, {why}")


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
            f"a {ending} file is of one session, trace or atlas, not of {count}: use .html or .md", param_hint="'-o'"
        )
    return write
