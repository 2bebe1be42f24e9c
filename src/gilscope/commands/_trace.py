"""`gilscope trace`: run a program as `python` would, and say at its end who held the GIL and who waited for it."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import click

from gilscope import program
from gilscope.commands._output import json_option, write_json
from gilscope.reports import timeline
from gilscope.reports.diagnosis import diagnosis
from gilscope.reports.extremes import extremes
from gilscope.tracing import MAX_EVENTS, Trace, trace

SAVES = (".json", ".json.gz")
WIDTH = 110  # of the table


@click.command("trace", context_settings={"allow_interspersed_args": False})
@click.option("-m", "is_module", is_flag=True, help="SCRIPT is the name of a module, as in `python -m`.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    metavar="FILE",
    help="Also save the trace (.json, .json.gz: opens in https://ui.perfetto.dev) or draw it (.png, .svg, .html).",
)
@click.option("--who", is_flag=True, help="Also name the functions that end long holds and waits; costs some 20 ns for each.")
@click.option("--top", type=click.IntRange(0), default=3, metavar="N", help="List the N longest holds and waits; 3 unless given.")
@click.option(
    "--max-events",
    type=click.IntRange(1, 2**44),
    default=MAX_EVENTS,
    metavar="N",
    help="Room for N events, 8 bytes each; the trace ends when it is full. 10 million unless given.",
)
@json_option
@click.argument("script")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(
    is_module: bool,
    output: str | None,
    who: bool,
    top: int,
    max_events: int,
    json_file: str | None,
    script: str,
    arguments: tuple[str, ...],
) -> Callable[[], None]:
    """Run SCRIPT with its ARGUMENTS as `python` would, and report on standard error who held the GIL.

    Options for gilscope stand before SCRIPT; what follows it is the script's. Its output, exit status and exceptions are its own.
    Processes that it starts are not traced. Where the GIL cannot be traced the script is not run.
    """
    if output is not None:
        require_writable(Path(output))
    chosen = program.module(script, arguments) if is_module else program.script(script, arguments)
    report = Report(chosen.name, top, _absolute(output), _absolute(json_file), sys.stderr)
    running = trace(who=who, max_events=max_events)
    found = running.__enter__()
    # First in, last out: what the program does at exit, and its threads that go on after its main module, are traced too.
    atexit.register(end, running, found, os.getpid(), report)
    return chosen.run


@dataclass(frozen=True)
class Report:
    """What is told at the end, and where; paths are absolute, because the program may go elsewhere."""

    name: str
    top: int
    output: str | None
    json_file: str | None
    stream: TextIO | None

    def write(self, found: Trace) -> None:
        """Print the table, the longest holds and waits, and the paragraph; save what was asked for."""
        self.say("")
        self.say(f"gilscope: {self.name}")
        for part in (str(found), extremes(found.data, self.top), textwrap.fill(diagnosis(found.data), WIDTH)):
            if part:
                self.say(f"{part}\n")
        if self.output is not None:
            save(found, Path(self.output), self.name)
            self.say(f"trace: {self.output}")
        write_json(self.json_file, as_json(found, self.top))

    def say(self, line: str) -> None:
        """Print a line where standard error was at the start, if anybody listens there."""
        if self.stream is not None:
            with contextlib.suppress(OSError, ValueError):
                print(line, file=self.stream, flush=True)


def end(running: AbstractContextManager[Trace], found: Trace, process: int, report: Report) -> None:
    """End the trace and report, in the process that was traced; failures are a sentence, since nobody can catch them here."""
    running.__exit__(None, None, None)
    if os.getpid() != process:
        return
    with contextlib.suppress(OSError, ValueError):  # Python will say it if it matters: it flushes again after us
        sys.stdout.flush()
    try:
        report.write(found)
    except (OSError, ValueError, RuntimeError) as error:
        report.say(f"gilscope: {error}")


def require_writable(path: Path) -> None:
    """Refuse before the program runs what could not be written after it."""
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}", param_hint="'-o'")
    if not path.name.endswith(SAVES):
        timeline.require(path)


def save(found: Trace, path: Path, name: str) -> None:
    """Save a trace or draw it, as the path's ending says."""
    if path.name.endswith(SAVES):
        found.save(path)
    else:
        found.timeline(path, title=name)


def as_json(found: Trace, top: int) -> dict[str, Any]:
    """Return the summary as data, with so many of the longest holds and waits each if their functions are known."""
    return {
        "seconds": (found.stop_ns - found.start_ns) / 1e9,
        "gil": found.gil,
        "held_fraction": found.held_fraction,
        "diagnosis": diagnosis(found.data),
        "threads": [asdict(each) for each in found.threads],
        "cost": asdict(found.cost),
        **(_who(found, top) if found.data.looks is not None else {}),
    }


def _who(found: Trace, top: int) -> dict[str, Any]:
    lists = {"top_holders": found.top_holders(top), "top_waiters": found.top_waiters(top)}
    return {name: [asdict(each) for each in stretches] for name, stretches in lists.items()}


def _absolute(path: str | None) -> str | None:
    return path if path in (None, "-") else str(Path(path).absolute())
