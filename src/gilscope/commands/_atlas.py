"""`gilscope atlas`: what the calls of a package do with the GIL."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import click

from gilscope.atlas import Entry
from gilscope.atlas._survey import TIMEOUT_SECONDS, planned, survey
from gilscope.atlas_data import Atlas, CallFound, matches
from gilscope.atlas_table import table
from gilscope.commands._output import bar, by_part, json_option, speaker, write_json
from gilscope.commands._report import writer_of
from gilscope.comparing_atlases import AtlasDifference, compare_packages
from gilscope.files import default_path, last_session
from gilscope.loading import load
from gilscope.reports import atlas_comparison
from gilscope.reports.kinds import Source
from gilscope.reports.text import facts

FOLDER = "atlases"
OUTPUTS = (".html", ".md", ".csv")


@click.command("atlas")
@click.argument("whats", nargs=-1, metavar="[WHAT]...")
@click.option("--held", is_flag=True, help="Show the calls that hold the GIL at their largest size.")
@click.option("--partial", is_flag=True, help="Show the calls that partly release it; with --held both.")
@click.option(
    "--match", default="", metavar="TEXT", help="Only calls with TEXT in their name; upper and lower case are the same."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=TIMEOUT_SECONDS,
    metavar="SECONDS",
    help=f"For each call, all its sizes together; {TIMEOUT_SECONDS:g} unless given.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    metavar="FILE",
    help="Write all of it as a page (.html), Markdown (.md) or a table (.csv) instead of text to the terminal.",
)
@click.option("--resume", is_flag=True, help="Go on with the last survey of the first WHAT; calls that failed are tried again.")
@click.option("--compare", nargs=2, metavar="A.json B.json", help="Say what changed from one saved atlas to another.")
@click.option("--fail-on", type=click.Choice(["change"]), help="With --compare: end with status 1 if a call changed.")
@json_option
def command(
    whats: tuple[str, ...],
    held: bool,
    partial: bool,
    match: str,
    timeout: float,
    output: str | None,
    resume: bool,
    compare: tuple[str, str] | None,
    fail_on: str | None,
    json_file: str | None,
) -> None:
    """Probe the calls of each WHAT, and say which release the GIL, from which size on, and how long they keep it.

    A WHAT is numpy (unless given), scipy, stdlib, a catalogue of your own (FILE.toml; the README describes it), a package that
    ships one, or a saved atlas (FILE.json), which is only shown. Calls run in a process of their own, and each is saved at once.

    \b
    gilscope atlas --match linalg
    gilscope atlas numpy scipy stdlib -o atlas.html --json atlas.json
    """  # noqa: D301 - click wants the character
    say = speaker(json_file)
    if compare:
        if whats:
            raise click.UsageError("--compare takes two files and no WHAT")
        differences = compared(*compare, say, json_file)
        sys.exit(1 if fail_on and any(each.changed for each in differences) else 0)
    require_output(output)
    chosen = list(dict.fromkeys(whats)) or ["numpy"]
    words = {word for word, on in (("held", held), ("partial", partial)) if on}
    found: list[Atlas] = []
    for atlas in obtained(chosen, say, {"match": match, "timeout": timeout, "resume": resume}):
        if output is None:
            say("\n" * bool(found) + table(atlas, shown(atlas, match, words)))
        found.append(atlas)
    if output is not None:
        writer_of(output, len(found))([Source(each.title, each) for each in found], Path(output))
        say(f"report: {output}")
    write_json(json_file, found[0].to_dict() if len(found) == 1 else [each.to_dict() for each in found])


def require_output(output: str | None) -> None:
    """Say before anything is measured that a file of this name cannot be written."""
    if output is not None and not output.endswith(OUTPUTS):
        raise click.BadParameter(f"{output!r} ends in none of {', '.join(OUTPUTS[:-1])} and {OUTPUTS[-1]}", param_hint="'-o'")


def shown(atlas: Atlas, match: str, words: set[str]) -> list[CallFound]:
    """Return the calls that are wanted."""
    return [each for each in atlas.calls if matches(each.name, match) and (not words or each.gil in words)]


# --- one atlas after the other -------------------------------------------------------------------------------------------------


def obtained(whats: list[str], say: Callable[[str], None], options: dict[str, Any]) -> Iterator[Atlas]:
    """Yield the atlas of each, measured or loaded; what cannot be is said before anything is measured."""
    loaded = {what: atlases_in(what) for what in whats if what.endswith(".json")}
    to_do = [what for what in whats if what not in loaded and planned(what, options["match"]).entries]
    if not (loaded or to_do):
        raise ValueError(f"no call has {options['match']!r} in its name")
    paths = paths_of(to_do, options["resume"])
    yield from itertools.chain(*loaded.values())
    for at, what in enumerate(to_do):
        yield surveyed(what, paths[what], say, options, (at / len(to_do), (at + 1) / len(to_do)))


def atlases_in(file: str) -> list[Atlas]:
    """Return what a file holds, if that is atlases."""
    found = load(file)
    if isinstance(found, Atlas):
        return [found]
    if isinstance(found, list):
        return found
    raise click.UsageError(f"{file} is no atlas: `gilscope report {file}` shows it")


def paths_of(whats: list[str], resume: bool) -> dict[str, Path]:
    """Return where each survey is saved: what is started together, and resumed together, has the same time in its name."""
    names = [Path(what).stem if what.endswith(".toml") else what for what in whats]
    last = last_session(names[0], FOLDER) if names and resume else None
    if names and resume and last is None:
        raise click.UsageError(f"there is no survey of {whats[0]!r} to resume")
    first = last or default_path(names[0] if names else "", FOLDER)
    return {what: first.with_name(first.name.replace(names[0], name, 1)) for what, name in zip(whats, names, strict=True)}


def surveyed(what: str, path: Path, say: Callable[[str], None], options: dict[str, Any], share: tuple[float, float]) -> Atlas:
    """Survey one package, while a bar shows how far all of them are."""
    start, stop = share
    try:
        with bar() as progress:
            told: dict[str, Any] = {"progress": lambda done: progress(start + (stop - start) * done)}
            atlas = survey(what, path=path, seen=Groups().tell, **options, **told)
    except KeyboardInterrupt:
        interrupted(path)
    say(f"{facts(atlas.machine)}\nsaved: {path}")
    return atlas


class Groups:
    """Says which group is probed, where no bar can show it."""

    def __init__(self) -> None:
        self._last = ""

    def tell(self, entry: Entry, _: object, atlas: Atlas) -> None:
        """Write a line for the first call of a group."""
        if entry.group != self._last and not sys.stderr.isatty():
            click.echo(f"{atlas.title}: {entry.group}", err=True)
        self._last = entry.group


def interrupted(path: Path) -> NoReturn:
    """Say how to go on after Ctrl-C."""
    if not path.exists():
        raise KeyboardInterrupt
    click.echo(f"interrupted; the same command with --resume goes on: what was measured is in {path}", err=True)
    sys.exit(130)


# --- two atlases ---------------------------------------------------------------------------------------------------------------


def compared(before: str, after: str, say: Callable[[str], None], json_file: str | None) -> list[AtlasDifference]:
    """Say what changed between two files, package by package."""
    sides = atlases_in(before), atlases_in(after)
    found = compare_packages(*sides)
    say("\n\n".join(map(atlas_comparison.text, found)))
    if others := {each.package for side in sides for each in side} - {each.package for each in found}:
        say(f"\nOnly in one of the files: {', '.join(sorted(others))}.")
    write_json(json_file, by_part({each.package: each.to_dict() for each in found}))
    return found
