"""`gilscope list`: what there is to import, to measure and to run."""

from __future__ import annotations

from typing import Any

import click

from gilscope.commands._output import json_option, speaker, write_json
from gilscope.executors import EXECUTORS
from gilscope.experiments import ALL, EXPERIMENTS
from gilscope.kernels import KERNELS, Missing


@click.command("list")
@json_option
def command(json_file: str | None) -> None:
    """List kernels with their implementations, strategies, executors and experiments."""
    found = everything()
    say = speaker(json_file)
    for heading, lines in found.items():
        say(heading)
        for name, text in lines.items():
            say(f"  {name:16} {text if isinstance(text, str) else described(text)}")
    write_json(json_file, found)


def everything() -> dict[str, dict[str, Any]]:
    """Return all names, with a line on each."""
    from gilscope._native.strategies import STRATEGIES

    return {
        "kernels": {name: kernel.summary for name, kernel in KERNELS.items()},
        "implementations": {name: implementations(name) for name in KERNELS},
        "strategies": {each.name: each.summary + (f" ({each.missing})" if each.missing else "") for each in STRATEGIES},
        "executors": {name: (executor.__doc__ or "").splitlines()[0] for name, executor in EXECUTORS.items()},
        "experiments": {name: f"{each.question} ({each.duration})" for name, each in EXPERIMENTS.items()} | {ALL: all_of_them()},
    }


def all_of_them() -> str:
    """Say what running all experiments is, and how long it takes."""
    quick, usual = (sum(each.seconds[pace] for each in EXPERIMENTS.values()) / 60 for pace in ("quick", "default"))
    return f"all of these in one session (about {usual:.0f} minutes on 2 cores; --quick: {quick:.1f})"


def implementations(kernel: str) -> dict[str, list[str] | str]:
    """Return each implementation's strategies, or why there is none."""
    found: dict[str, list[str] | str] = {}
    for name, each in KERNELS[kernel].implementations.items():
        found[name] = each.reason if isinstance(each, Missing) else [call.strategy for call in each.available()]
    return found


def described(implementations: dict[str, list[str] | str]) -> str:
    """Write a kernel's implementations in one line."""
    there = [name for name, strategies in implementations.items() if isinstance(strategies, list)]
    reasons: dict[str, list[str]] = {}
    for name, reason in implementations.items():
        if isinstance(reason, str):
            reasons.setdefault(reason, []).append(name)
    return "; ".join([", ".join(there), *(f"no {', '.join(names)}: {reason}" for reason, names in reasons.items())])
