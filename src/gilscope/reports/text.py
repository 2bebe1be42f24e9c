"""The table of an experiment as lines of text, so that rows can be printed as they come."""

from __future__ import annotations

import textwrap
from typing import Any

from gilscope.experiments import Experiment, Row
from gilscope.experiments._experiment import Published
from gilscope.results import Result

LABEL, SECONDS, COLUMN = 27, 10, 29
WIDTH = LABEL + SECONDS + 2 * COLUMN
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def title(experiment: Experiment, machine: dict[str, Any]) -> str:
    """Return the first line: the question, and what answers it."""
    native = machine.get("native", {})
    facts = (
        f"Python {machine['python']}",
        f"GIL {'on' if machine['gil'] else 'off'}",
        f"{machine['cores_usable']} usable core{'s' if machine['cores_usable'] != 1 else ''}",
        f"NumPy {machine['numpy']}",
        f"loops: {native.get('isa', 'unknown')}",
    )
    return f"{experiment.question}\n{', '.join(facts)}"


def header(experiment: Experiment) -> str:
    """Return the headings of the table."""
    columns = "".join(f"{name:>{COLUMN}}" for name in experiment.columns)
    return f"{'':{LABEL}}{'1 thread':>{SECONDS}}{columns}"


def published_line(published: Published) -> str:
    """Return a line of the published table."""
    others = "".join(f"{seconds:>8g} s {f'{published.serial / seconds:.2f}x':>7} {'':11}" for seconds in published.others)
    return f"{'  ' + published.label:{LABEL}}{f'{published.serial:g} s':>{SECONDS}}{others}".rstrip()


def row_lines(row: Row) -> list[str]:
    """Return a row and the sentence below it."""
    cells = "".join(cell(result) for result in row.others)
    first = f"{'  ' + row.label:{LABEL}}{duration(row.serial.seconds.value):>{SECONDS}}{cells}".rstrip()
    return [first, wrapped(row.remark, 4), *(wrapped(note, 4) for note in notes(row))]


def wrapped(sentence: str, indent: int = 0) -> str:
    """Break a sentence into lines as wide as the table."""
    return textwrap.fill(sentence, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


def cell(result: Result | None) -> str:
    """Return the time of one call and the speed-up with its interval."""
    if result is None:
        return f"{'':{COLUMN}}"
    speedup = result.speedup
    ratio = f"{speedup.value:.2f}x [{speedup.low:.2f}, {speedup.high:.2f}]" if speedup else ""
    return f"{duration(result.seconds.value):>{SECONDS}} {ratio:>{COLUMN - SECONDS - 1}}"


def notes(row: Row) -> list[str]:
    """Return what a reader must know of a row's samples, each once."""
    results = [each for each in (row.serial, *row.others) if each]
    return [f"note: {note}" for note in dict.fromkeys(note for each in results for note in each.notes) if note not in row.remark]


def duration(seconds: float) -> str:
    """Write a time with three digits and a unit."""
    scale, unit = next(((scale, unit) for scale, unit in UNITS if seconds >= scale), UNITS[-1])
    return f"{seconds / scale:.3g} {unit}"
