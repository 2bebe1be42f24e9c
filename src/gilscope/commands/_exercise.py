"""`gilscope exercise`: a small project of one's own, whose only line to change is the one that releases the GIL."""

from __future__ import annotations

import shlex
from importlib import resources
from pathlib import Path

import click

from gilscope.commands._output import json_option, speaker, write_json

FILES = {
    "README.md": "what to do, step by step",
    "my_extension.pyx": "the loop, in Cython: it keeps the GIL",
    "test_my_extension.py": "a test that it does not: red at first",
    "pyproject.toml": "what pip builds, and with what",
    "CMakeLists.txt": "how Cython and the C compiler build it",
}
SETUP = ("import numpy as np", "from my_extension import logistic", "x = np.linspace(0, 1, 1000)")
STATEMENT = "logistic(x, 10_000)"


@click.command("exercise")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@json_option
def command(folder: Path, json_file: str | None) -> None:
    """Copy a small Cython project to DIR, a new or an empty folder, and say what to do with it."""
    copy_to(folder)
    say = speaker(json_file)
    say(f"In {folder}, a Python extension of your own:\n")
    say("\n".join(f"  {name:22}{what}" for name, what in FILES.items()))
    say("\nNext, before and after releasing the GIL in my_extension.pyx:\n")
    steps = next_steps(folder)
    say("\n".join(f"  {step}" for step in steps))
    write_json(json_file, {"folder": str(folder), "files": list(FILES), "next": steps})


def copy_to(folder: Path) -> None:
    """Copy the files, all or none."""
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty: name a folder that is, or a new one")
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_bytes(resources.files("gilscope").joinpath("exercise", name).read_bytes())


def next_steps(folder: Path) -> list[str]:
    """Return the commands to type in the current folder."""
    here = folder if folder.is_absolute() else f"./{folder}"  # without ./ pip would look for it on the internet
    setup = " ".join(f"-s {shlex.quote(line)}" for line in SETUP)
    place = shlex.quote(str(here))
    return [f"pip install {place}", f"gilscope check {setup} {shlex.quote(STATEMENT)}", f"pytest {place}"]
