"""What all verbs share: `--json FILE`, and where the text for people goes meanwhile."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

json_option = click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    metavar="FILE",
    help="Write the result as JSON to FILE; - is standard output.",
)


def speaker(json_file: str | None) -> Callable[[str], None]:
    """Return what prints for people: to standard error if standard output carries the JSON."""
    return lambda text: click.echo(text, err=json_file == "-")


def can_shade(json_file: str | None) -> bool:
    """Whether shades can be written where people read."""
    encoding = (sys.stderr if json_file == "-" else sys.stdout).encoding or "ascii"
    try:
        "░▒▓█".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write_json(json_file: str | None, data: Any) -> None:
    """Write JSON where it was asked for, if it was."""
    if json_file is None:
        return
    text = json.dumps(data, indent=1) + "\n"
    if json_file == "-":
        sys.stdout.write(text)
    else:
        Path(json_file).write_text(text)


def by_part(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return comparisons as data: of several experiments or packages each under its name, and all that changed."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    return {"changed": [case for each in parts.values() for case in each["changed"]], "parts": parts}


@contextmanager
def bar() -> Iterator[Callable[[float], None]]:
    """Show a progress bar where standard error is a terminal; lines printed meanwhile stand above it."""
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    # By itself rich draws in a thread of its own, ten times a second: that thread would want the GIL while it is measured.
    with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("measuring", total=1.0)
        yield lambda share: progress.update(task, completed=share, refresh=True)
