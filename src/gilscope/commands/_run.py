"""`gilscope run`: run an experiment, row by row."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from gilscope.commands._output import bar, json_option, speaker, write_json
from gilscope.cores import usable_cores
from gilscope.experiments import EXPERIMENTS, Experiment
from gilscope.measure import Group
from gilscope.reports import text
from gilscope.results import Result, Session, default_path, last_session
from gilscope.running import experiment_named, new_session, run


@click.command("run")
@click.argument("experiment", default="seed")
@click.option("--quick", is_flag=True, help="Fewer and shorter samples: 15 s for `seed`, wider intervals.")
@click.option("--full", is_flag=True, help="The published sizes; `seed` then takes about 0.4 GB for each worker.")
@click.option("--resume", is_flag=True, help="Go on with the session in --json FILE, or with the last one.")
@json_option
def command(experiment: str, quick: bool, full: bool, resume: bool, json_file: str | None) -> None:
    """Run an EXPERIMENT (`gilscope list` names them) and print what it found.

    The session is saved after each group of cases, so an interrupted run loses nothing that was measured.
    """
    if looks_like_a_script(experiment):
        raise ValueError(f"there is no experiment {experiment!r}: did you mean `gilscope trace {experiment}`?")
    chosen = experiment_named(experiment)
    say = speaker(json_file)
    path = session_path(chosen, resume, json_file)
    session = new_session(chosen)
    say(opening(chosen, session))
    try:
        with bar() as progress:
            session = run(
                experiment, quick=quick, full=full, path=path, resume=resume, seen=Table(chosen, say).add, progress=progress
            )
    except KeyboardInterrupt:
        if not path.exists():
            raise
        options = [name for name, given in (("--quick", quick), ("--full", full)) if given]
        options += ["--json", json_file] if json_file not in (None, "-") else []
        again = " ".join(["gilscope run", experiment, *options, "--resume"])
        click.echo(f"interrupted; go on with `{again}`: what was measured is in {path}", err=True)
        sys.exit(130)
    say("\n" + "\n".join(text.wrapped(line) for line in chosen.verdict(session)))
    say(f"session: {path}")
    if json_file == "-":
        write_json(json_file, session.to_dict())


def looks_like_a_script(name: str) -> bool:
    """Tell whether a user who asks for this experiment wants to run a program of theirs."""
    return name not in EXPERIMENTS and (name.endswith(".py") or Path(name).is_file())


def session_path(experiment: Experiment, resume: bool, json_file: str | None) -> Path:
    """Return where the session goes: where the user says, or a new file in the cache, or the last one there to go on with."""
    if json_file not in (None, "-"):
        return Path(json_file)
    last = last_session(experiment.name) if resume else None
    if resume and last is None:
        raise click.UsageError(f"there is no session of {experiment.name!r} to resume")
    return last or default_path(experiment.name)


def opening(experiment: Experiment, session: Session) -> str:
    """Return what stands above the first row."""
    lines = [text.title(experiment, session.machine)]
    if len(usable_cores()) == 1:
        lines.append("One usable core: threads cannot overlap here, so the table says who could run instead of speed-ups.")
    published = [text.published_line(each) for each in experiment.published]
    return "\n".join([*lines, "", text.header(experiment), "published in 2008, dual core", *published, "here, one call"])


class Table:
    """Prints rows as they come."""

    def __init__(self, experiment: Experiment, say: Callable[[str], None]) -> None:
        self._experiment = experiment
        self._say = say

    def add(self, group: Group, results: list[Result], session: Session) -> None:
        """Print the rows of a group, under its title."""
        if group.title:
            self._say(group.title)
        for row in self._experiment.rows(group, results, session):
            self._say("\n".join(text.row_lines(row, self._experiment.columns)))
