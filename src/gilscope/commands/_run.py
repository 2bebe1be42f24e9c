"""`gilscope run`: run an experiment, and show its results as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gilscope.commands._output import bar, can_shade, json_option, speaker, write_json
from gilscope.cores import usable_cores
from gilscope.experiments import ALL, EXPERIMENTS, Experiment
from gilscope.files import default_path, last_session
from gilscope.measure import Group
from gilscope.reports import map, text
from gilscope.results import Result, Session
from gilscope.running import chosen, experiments_named, run
from gilscope.scaling_map import map_of

CHOICES = {
    "kernel": "A kernel, such as exp.",
    "implementation": "An implementation; by default c.",
    "strategy": "A strategy, such as released.",
    "size": "Elements per call, such as 1e6; by default found near the line from which on it pays.",
    "threads": "A number of threads; by default 1, 2, 4, ... up to the usable cores.",
}


def choice_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each thing that can be chosen; each may be given several times."""
    for name, help in reversed(CHOICES.items()):
        metavar = "N" if name in ("size", "threads") else "NAME"
        command = click.option(f"--{name}", multiple=True, metavar=metavar, help=f"`scaling`: {help}")(command)
    return command


@click.command("run")
@click.argument("experiment", default="seed")
@click.option("--quick", is_flag=True, help="Fewer and shorter samples: 15 s for `seed`, 2 minutes for `all`, wider intervals.")
@click.option("--full", is_flag=True, help="`seed`: the published sizes, 0.4 GB for each worker. `scaling`: finer lines.")
@choice_options
@click.option("--resume", is_flag=True, help="Go on with the session in --json FILE, or with the last one.")
@json_option
def command(experiment: str, quick: bool, full: bool, resume: bool, json_file: str | None, **given: tuple[str, ...]) -> None:
    """Run an EXPERIMENT (`gilscope list` names them), or `all` of them in one session, and print what it found.

    The session is saved after each group of cases, so an interrupted run loses nothing that was measured. The options that say
    `scaling` choose what that measures; each may be given several times.
    """
    if looks_like_a_script(experiment):
        raise ValueError(f"there is no experiment {experiment!r}: did you mean `gilscope trace {experiment}`?")
    experiments_named(experiment)
    choice = chosen(experiment, given)
    say = speaker(json_file)
    path = session_path(experiment, resume, json_file)
    pages = Pages(say, json_file, several=experiment == ALL)
    try:
        with bar() as progress:
            told: dict[str, Any] = {"begin": pages.begin, "seen": pages.add, "end": pages.end, "progress": progress}
            told["estimate"] = lambda seconds: say(estimate_line(seconds))
            session = run(experiment, quick=quick, full=full, path=path, resume=resume, **choice.to_dict(), **told)
    except KeyboardInterrupt:
        if not path.exists():
            raise
        options = [name for name, on in (("--quick", quick), ("--full", full)) if on] + choice.as_options()
        options += ["--json", json_file] if json_file not in (None, "-") else []
        again = " ".join(["gilscope run", experiment, *options, "--resume"])
        click.echo(f"interrupted; go on with `{again}`: what was measured is in {path}", err=True)
        sys.exit(130)
    say(f"session: {path}")
    if json_file == "-":
        write_json(json_file, session.to_dict())


def looks_like_a_script(name: str) -> bool:
    """Tell whether a user who asks for this experiment wants to run a program of theirs."""
    return name not in (*EXPERIMENTS, ALL) and (name.endswith(".py") or Path(name).is_file())


def session_path(experiment: str, resume: bool, json_file: str | None) -> Path:
    """Return where the session goes: where the user says, or a new file in the cache, or the last one there to go on with."""
    if json_file not in (None, "-"):
        return Path(json_file)
    last = last_session(experiment) if resume else None
    if resume and last is None:
        raise click.UsageError(f"there is no session of {experiment!r} to resume")
    return last or default_path(experiment)


def estimate_line(seconds: float) -> str:
    """Say how long it will take."""
    return f"estimated time: {max(1, round(seconds))} s" if seconds < 100 else f"estimated time: {seconds / 60:.1f} min"


class Pages:
    """Prints one experiment after the other: the question, what was measured as it comes, and the verdict."""

    def __init__(self, say: Callable[[str], None], json_file: str | None, several: bool) -> None:
        self._say, self._json_file, self._several = say, json_file, several
        self._page: Layout

    def begin(self, experiment: Experiment, session: Session) -> None:
        """Print the question, under the experiment's name if there are several."""
        self._page = LAYOUTS[experiment.layout](experiment, self._say, self._json_file)
        name = [f"\n=== {experiment.name}"] if self._several else []
        self._say("\n".join([*name, text.title(experiment, session.machine), *self._page.opening()]))

    def add(self, group: Group, results: list[Result], session: Session) -> None:
        """Print what a group shows."""
        self._page.add(group, results, session)

    def end(self, experiment: Experiment, session: Session) -> None:
        """Print the rest and the verdict."""
        self._page.close(session)
        self._say("\n" + "\n".join(text.wrapped(line) for line in experiment.verdict(session)))


class Table:
    """Prints rows as they come."""

    def __init__(self, experiment: Experiment, say: Callable[[str], None], json_file: str | None) -> None:
        self._experiment = experiment
        self._say = say

    def opening(self) -> list[str]:
        """Return what stands above the first row."""
        return text.opening(self._experiment, len(usable_cores()))

    def add(self, group: Group, results: list[Result], session: Session) -> None:
        """Print the rows of a group, under its title."""
        if group.title:
            self._say(group.title)
        for row in self._experiment.rows(group, results, session):
            self._say("\n".join(text.row_lines(row, self._experiment.columns)))

    def close(self, session: Session) -> None:
        """Print nothing more."""


class Maps:
    """Prints a map when all of its groups are measured: when the first group of another one comes, or none."""

    def __init__(self, experiment: Experiment, say: Callable[[str], None], json_file: str | None) -> None:
        self._say = say
        self._shades = map.SHADES if can_shade(json_file) else map.PLAIN_SHADES
        self._current: tuple[str, str] | None = None

    def opening(self) -> list[str]:
        """Return what the cells mean."""
        return map.opening(len(usable_cores()), self._shades)

    def add(self, group: Group, results: list[Result], session: Session) -> None:
        """Print the map before, if this group begins another one."""
        case = group.cases[0]
        if self._current != (case.kernel, case.implementation):
            self.close(session)
        self._current = (case.kernel, case.implementation)

    def close(self, session: Session) -> None:
        """Print the map whose last group has come."""
        if self._current:
            chart = map_of(session, *self._current)
            self._say("\n".join(map.map_lines(chart, session.details["not_measured"], self._shades)))


class Lines:
    """Prints what an experiment has to show when all of it is measured."""

    def __init__(self, experiment: Experiment, say: Callable[[str], None], json_file: str | None) -> None:
        self._lines = experiment.lines
        self._say = say

    def opening(self) -> list[str]:
        """Return what stands above: nothing."""
        return []

    def add(self, group: Group, results: list[Result], session: Session) -> None:
        """Print nothing yet."""

    def close(self, session: Session) -> None:
        """Print the lines."""
        self._say("\n".join(["", *self._lines(session)]))


Layout = Table | Maps | Lines
LAYOUTS: dict[str, Callable[[Experiment, Callable[[str], None], str | None], Layout]] = {
    "table": Table,
    "map": Maps,
    "lines": Lines,
}
