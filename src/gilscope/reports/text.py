"""The table of an experiment as lines of text, so that rows can be printed as they come."""

from __future__ import annotations

import textwrap
from typing import Any

from gilscope.experiments import Experiment, Row
from gilscope.experiments._experiment import Published
from gilscope.results import Result
from gilscope.stats import Interval
from gilscope.wording import duration

LABEL, SECONDS, RATIO = 30, 9, 21
COLUMN = SECONDS + 1 + RATIO
WIDTH = LABEL + SECONDS + 2 * COLUMN


def title(experiment: Experiment, machine: dict[str, Any]) -> str:
    """Return the first line: the question, and what answers it."""
    return f"{experiment.question}\n{facts(machine)}"


def facts(machine: dict[str, Any]) -> str:
    """Return in one line what a reader must know of a machine; an old session does not say all of it."""
    cores, native = machine.get("cores_usable", "?"), machine.get("native", {})
    known = (
        f"Python {machine.get('python', '?')}",
        f"GIL {'on' if machine.get('gil', True) else 'off'}",
        f"{cores} usable core{'s' if cores != 1 else ''}",
        f"NumPy {machine.get('numpy', '?')}",
        f"loops: {native.get('isa', 'unknown')}",
    )
    return ", ".join(known)


def opening(experiment: Experiment, cores: int) -> list[str]:
    """Return what stands above the first row, on a machine with so many usable cores."""
    lines = ["", header(experiment), "published in 2008, dual core"]
    lines += [published_line(each) for each in experiment.published]
    alone = "One usable core: threads cannot overlap here, so the table says who could run instead of speed-ups."
    return [*([alone] if cores == 1 else []), *lines, "here, one call"]


def header(experiment: Experiment) -> str:
    """Return the headings of the table, each above its speed-ups."""
    columns = "".join(f"{'':{SECONDS}} {name:<{RATIO}}" for name in experiment.columns)
    return f"{'':{LABEL}}{'1 thread':>{SECONDS}}{columns}".rstrip()


def published_line(published: Published) -> str:
    """Return a line of the published table."""
    pairs = ((f"{seconds:g} s", f"{published.serial / seconds:.2f}x") for seconds in published.others)
    others = "".join(f"{time:>{SECONDS}} {speedup:<{RATIO}}" for time, speedup in pairs)
    return f"{'  ' + published.label:{LABEL}}{f'{published.serial:g} s':>{SECONDS}}{others}".rstrip()


def row_lines(row: Row, columns: tuple[str, ...]) -> list[str]:
    """Return a row and the sentence below it."""
    cells = "".join(cell(result) for result in row.others)
    first = f"{'  ' + row.label:{LABEL}}{duration(row.serial.seconds.value):>{SECONDS}}{cells}".rstrip()
    return [first, wrapped(row.remark, 4), *(wrapped(note, 4) for note in notes(row, columns))]


def wrapped(sentence: str, indent: int = 0) -> str:
    """Break a sentence into lines as wide as the table."""
    return textwrap.fill(sentence, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


def cell(result: Result | None) -> str:
    """Return the time of one call and the speed-up with its interval."""
    if result is None:
        return f"{'':{COLUMN}}"
    return f"{duration(result.seconds.value):>{SECONDS}} {ratio(result.speedup) if result.speedup else '':<{RATIO}}"


def ratio(interval: Interval) -> str:
    """Write a ratio with its interval, with more digits where it is small."""
    digits = 2 if interval.value >= 0.095 else 3
    return f"{interval.value:.{digits}f}x [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def notes(row: Row, columns: tuple[str, ...]) -> list[str]:
    """Return what a reader must know of a row: what was changed, and which samples were noisy (the session says why)."""
    results = {name: each for name, each in zip(("1 thread", *columns), (row.serial, *row.others), strict=True) if each}
    told = dict.fromkeys(note for each in results.values() if not each.noisy for note in each.notes if note not in row.remark)
    noisy = [name for name, each in results.items() if each.noisy]
    return [*(f"note: {note}" for note in told), *([f"noisy samples: {', '.join(noisy)}"] if noisy else [])]
