"""`gilscope check`: does a statement release the GIL, does that help, and if not, why; its options follow `python -m timeit`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from gilscope._native.calls import let_second_interrupt_end
from gilscope.checking import Checker, Scan, Statement, Verdict, scan, sizes_between
from gilscope.commands._output import bar, json_option, speaker, write_json
from gilscope.wording import duration, percent

REQUIREMENTS = ("released", "scales")


class SizesType(click.ParamType[tuple[str, int, int]]):
    """Sizes to try: ``n=100:10_000_000``."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int, int]:
        """Return the name, the smallest and the largest size."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"([^\W\d]\w*)=([\d_]+|\d+e\d+):([\d_]+|\d+e\d+)", value.strip())
        if match is None:
            self.fail(f"{value!r} is not like n=100:10_000_000")
        name, *sizes = match.groups()
        low, high = (int(float(each)) if "e" in each else int(each) for each in sizes)
        if not 1 <= low < high:
            self.fail(f"sizes must be at least 1 and go up, not from {low} to {high}")
        return name, low, high


@click.command("check")
@click.option("-s", "--setup", multiple=True, metavar="SETUP", help="Run before, not measured; several are lines.")
@click.option("-n", "--number", type=click.IntRange(1), metavar="N", help="Calls of each worker in a sample.")
@click.option("-r", "--repeat", type=click.IntRange(1), metavar="N", help="Samples of each kind.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="The most threads; by default the usable cores.")
@click.option("--no-processes", is_flag=True, help="Do not try processes.")
@click.option("--setup-per-thread", is_flag=True, help="Each thread runs the setup for itself: for statements that change data.")
@click.option(
    "--at-least", type=click.FloatRange(0, 1, min_open=True), default=0.8, metavar="SHARE", help="Of the ceiling, to scale; 0.8."
)
@click.option(
    "--scan",
    "sizes",
    type=SizesType(),
    metavar="NAME=LOW:HIGH",
    help="Find the size, a name in the setup, from which it releases.",
)
@click.option("--require", type=click.Choice(REQUIREMENTS), help="Exit with status 1 unless the statement does so.")
@json_option
@click.argument("statement", nargs=-1, required=True)
def command(
    setup: tuple[str, ...],
    number: int | None,
    repeat: int | None,
    threads: int | None,
    no_processes: bool,
    setup_per_thread: bool,
    at_least: float,
    sizes: tuple[str, int, int] | None,
    require: str | None,
    json_file: str | None,
    statement: tuple[str, ...],
) -> None:
    """Tell whether a STATEMENT releases the GIL, whether that lets threads scale, and if not, why.

    Several STATEMENTs are lines, as in `python -m timeit`; `--` ends the options. What the statement prints is not shown.

    \b
    gilscope check -s 'import numpy as np; A = np.random.rand(900, 900)' 'np.linalg.det(A)'
    gilscope check -s 'import numpy as np; x = np.ones(n)' --scan n=1:100_000 'np.exp(x)'
    """  # noqa: D301 - click wants the character
    say = speaker(json_file)
    subject = Statement("\n".join(statement), "\n".join(setup) or "pass")
    let_second_interrupt_end()
    checker = Checker(threads, at_least, repeat, number, not no_processes, setup_per_thread)
    try:
        found = checked(subject, checker) if sizes is None else scanned(subject, *sizes)
    except KeyboardInterrupt:
        end_at_once()
    say("\n".join(scan_lines(found, sizes[0])) if isinstance(found, Scan) and sizes else str(found))
    write_json(json_file, found.to_dict())
    if require is not None and (reason := unmet(found, require)):
        click.echo(f"gilscope: {require} is required, but {reason}", err=True)
        sys.exit(1)


def checked(subject: Statement, checker: Checker) -> Verdict:
    """Check a statement; what it raises is told in a sentence."""
    with bar() as progress, muted(), told(subject):
        return checker.check(subject, progress)


def scanned(subject: Statement, name: str, low: int, high: int) -> Scan:
    """Look at a statement at many sizes."""

    def make(size: int) -> Any:
        return Statement(subject.statement, subject.setup, {name: size}).call(own=True)

    with bar() as progress, muted(), told(subject):
        return scan(make, low, high, tick=progress)


def scan_lines(found: Scan, name: str) -> Iterator[str]:
    """Return a line for each size, of those of the bisection the last two, and the threshold."""
    grid = sizes_between(min(found.profiles), max(found.profiles))
    shown = {*grid, *((found.threshold - 1, found.threshold) if found.threshold else ())}
    yield f"{name:>12}{'a call':>10}{'outside':>9}{'releases':>10}{'longest hold':>14}"
    for size, each in ((size, each) for size, each in found.profiles.items() if size in shown):
        figures = f"{duration(each.seconds):>10}{percent(each.released_fraction):>9}{each.releases:>10,.0f}"
        yield f"{size:>12,}{figures}{duration(each.longest_hold_ns / 1e9):>14}  {each.gil}"
    yield ""
    if found.threshold is None:
        yield f"no threshold: it does not begin to release the GIL between these sizes of {name}"
    else:
        yield f"threshold: from {name} = {found.threshold:,} on it releases the GIL more often than at {min(found.profiles):,}"


def unmet(found: Verdict | Scan, requirement: str) -> str:
    """Return why a requirement is not met, or nothing."""
    if isinstance(found, Scan):
        size, last = max(found.profiles.items())
        return "" if last.gil == requirement else f"at {size:,} it is {last.gil}"
    if requirement == "released":
        return "" if found.gil in ("released", "off") else f"it is {found.gil}: {found.because}"
    return "" if found.scales else f"it does not: {found.cause}, {found.because}"


@contextmanager
def told(subject: Statement) -> Iterator[None]:
    """Tell in a sentence what the statement or its setup raises."""
    try:
        yield
    except Exception as error:
        where = _where(error)
        if where is None:
            raise
        raise click.ClickException(f"the {where} raised {type(error).__name__}: {error}") from error


def _where(error: Exception) -> str | None:
    """Return which source an error comes from, "setup" or "statement", if it is one of these."""
    if isinstance(error, SyntaxError) and error.filename in ("<setup>", "<statement>"):
        return error.filename.strip("<>")
    traceback = error.__traceback__
    while traceback is not None:
        if (file := traceback.tb_frame.f_code.co_filename) in ("<setup>", "<statement>"):
            return file.strip("<>")
        traceback = traceback.tb_next
    return None


@contextmanager
def muted() -> Iterator[None]:
    """Keep from standard output what a statement prints, thousands of times; the file itself, so that print still writes."""
    sys.stdout.flush()
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


def end_at_once() -> NoReturn:
    """End after Ctrl-C, without waiting for threads that are in a call."""
    click.echo("interrupted", err=True)
    os._exit(130)
