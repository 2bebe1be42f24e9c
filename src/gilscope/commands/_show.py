"""`gilscope show`: one kernel in Python, NumPy and Cython, with the line that releases the GIL marked."""

from __future__ import annotations

import shutil
import textwrap
from itertools import zip_longest
from typing import Any

import click

from gilscope.commands._output import json_option, speaker, write_json
from gilscope.kernels import KERNELS, Missing

PAIRS = (("python", "numpy"), ("cython.held", "cython.released"))
MARK, PLAIN = "> ", "  "


@click.command("show")
@click.argument("kernel", type=click.Choice(list(KERNELS)), metavar="KERNEL")
@json_option
def command(kernel: str, json_file: str | None) -> None:
    """Print a KERNEL in Python, NumPy, and Cython held and released, with the differing line marked."""
    say = speaker(json_file)
    sources = sources_of(kernel)
    say(f"{kernel}: {KERNELS[kernel].summary}\n")
    say("\n\n".join(side_by_side(block(kernel, left, sources), block(kernel, right, sources)) for left, right in PAIRS))
    reason = KERNELS[kernel].slower.get("cython")
    if reason:
        say(f"\n{kernel}.cython is slower than {kernel}.c: it {reason}.")
    if KERNELS[kernel].behind:
        say(f"\n{kernel}.c is slower than the best library: it {KERNELS[kernel].behind}.")
    write_json(json_file, {"kernel": kernel, "sources": sources})


def sources_of(kernel: str) -> dict[str, str]:
    """Return the texts, or for what is missing the reason."""
    return {name: text_of(KERNELS[kernel], name) for pair in PAIRS for name in pair}


def text_of(kernel: Any, name: str) -> str:
    """Return the text of one way to compute a kernel."""
    for part in name.split("."):
        kernel = getattr(kernel, part)
    return f"({kernel})" if isinstance(kernel, Missing) else str(kernel.source)


def block(kernel: str, name: str, sources: dict[str, str]) -> list[str]:
    """Return a text under its name, with the lines marked that its twin does not have."""
    lines = sources[name].rstrip().splitlines()
    if len(lines) == 1:
        lines = textwrap.wrap(lines[0], 60)
    marks = [MARK if name == "cython.released" and releases(line) else PLAIN for line in lines]
    return [f"{PLAIN}{kernel}.{name}", *(mark + line for mark, line in zip(marks, lines, strict=True))]


def releases(line: str) -> bool:
    """Tell whether this is the line in which the twins differ."""
    return line.strip() == "with nogil:"


def side_by_side(left: list[str], right: list[str]) -> str:
    """Put two blocks side by side where the terminal is wide enough, else one above the other."""
    width = max(map(len, left)) + 2
    if width + max(map(len, right)) > shutil.get_terminal_size((120, 24)).columns:
        return "\n".join([*left, "", *right])
    return "\n".join(f"{one:{width}}{other}".rstrip() for one, other in zip_longest(left, right, fillvalue=""))
