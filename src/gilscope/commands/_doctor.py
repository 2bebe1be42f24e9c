"""`gilscope doctor`: what this machine and this build are, and whether to believe their numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from gilscope.advice import advice
from gilscope.commands._output import json_option, speaker, write_json
from gilscope.machine import machine, spoilers
from gilscope.running import native_facts


@click.command("doctor")
@click.option("--self-test", is_flag=True, help="Measure what must come out if all is well; about 20 s.")
@json_option
def command(self_test: bool, json_file: str | None) -> None:
    """Say what this machine and this build are, what here would spoil a measurement, and what to set for BLAS.

    With --self-test the exit status is 1 if a check fails.
    """
    say = speaker(json_file)
    facts = machine(native_facts())
    for name, text in lines(facts).items():
        say(f"{name:18} {text}")
    found = spoilers(facts)
    say("\n" + ("\n".join(f"would spoil: {each}" for each in found) or "nothing here would spoil a measurement"))
    for sentence in advice(facts):
        say(f"advice: {sentence}")
    outcomes = run_self_test(say) if self_test else None
    write_json(json_file, {"machine": facts, "spoilers": found, "advice": advice(facts), "self_test": outcomes})
    if outcomes and not all(each["passed"] for each in outcomes):
        sys.exit(1)


def run_self_test(say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run the checks and print each as it ends."""
    from gilscope.selftest import left_out, self_test

    say("")
    outcomes = []
    for outcome in self_test():
        say(f"{'pass' if outcome.passed else 'FAIL'}  {outcome.name}: {outcome.numbers}")
        outcomes.append(vars(outcome))
    for sentence in left_out():
        say(sentence)
    return outcomes


def lines(facts: dict[str, Any]) -> dict[str, str]:
    """Return the facts as people read them."""
    native = facts["native"]
    quota = facts.get("cores_quota")
    return {
        "Python": f"{facts['python']}, {facts.get('compiler', '')}",
        "GIL": gil(facts),
        "cores": f"{facts['cores_present']} present, {facts['cores_usable']} usable, "
        f"{'pinned while measuring' if facts['can_pin'] else 'cannot be pinned'}, "
        f"{f'quota {quota:g}' if quota else 'no quota'}",
        "processor": str(facts.get("cpu")),
        "loops": f"{native['isa']}, compiled by {native['compiler']} with {native['flags']}",
        "OpenMP": "built in" if native["openmp"] else "not built in: `parallel` is unavailable",
        "NumPy": str(facts["numpy"]),
        "libraries": "; ".join(library(each) for each in facts["libraries"]) or "no BLAS or OpenMP library is loaded",
        "memory": f"{facts['available_memory_bytes'] / 1e9:.1f} GB available",
    }


def gil(facts: dict[str, Any]) -> str:
    """Say whether there is a GIL, and how often it changes hands."""
    if not facts["gil"]:
        return "off"
    build = " (by choice: this build can do without)" if facts.get("free_threaded_build") else ""
    return f"on{build}, may change hands every {facts['switch_interval_seconds'] * 1e3:g} ms"


def library(each: dict[str, Any]) -> str:
    """Write one BLAS or OpenMP library in a few words."""
    name = f"{each.get('internal_api')} {each.get('version') or ''}".strip()
    return f"{name} ({each['user_api']}, {each['num_threads']} threads)"
