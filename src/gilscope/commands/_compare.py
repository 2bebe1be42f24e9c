"""`gilscope compare`: two sessions, and what changed between them in spite of noise."""

from __future__ import annotations

import sys
from typing import Any

import click

from gilscope.commands._output import json_option, speaker, write_json
from gilscope.comparing import AT_LEAST, Comparison, Difference, compare
from gilscope.reports import comparison
from gilscope.results import load


@click.command("compare")
@click.argument("before")
@click.argument("after")
@click.option(
    "--at-least",
    type=click.FloatRange(0, 10),
    default=AT_LEAST,
    metavar="SHARE",
    help="The least change worth the word; 0.05, which is 5 %, unless given.",
)
@click.option("--fail-on", type=click.Choice(["change"]), help="End with status 1 if a case changed.")
@json_option
def command(before: str, after: str, at_least: float, fail_on: str | None, json_file: str | None) -> None:
    """Compare the sessions BEFORE and AFTER: of a change, of two machines, of two Pythons.

    A case has changed if noise, the machine's drift from run to run and the number of cases together do not explain it.
    """
    found = compare(load(before), load(after), at_least)
    speaker(json_file)(comparison.text(found))
    write_json(json_file, as_json(found))
    if fail_on and found.changed:
        sys.exit(1)


def as_json(found: Difference) -> dict[str, Any]:
    """Return what was found as data."""
    return {
        "changed": [case_json(each) for each in found.changed],
        "unsure": [case_json(each) for each in found.unsure],
        "unchanged": [case_json(each) for each in found.cases if not each.change],
        "common_factor": found.common,
        "drift": found.drift,
        "drift_is_measured": found.drift_is_measured,
        "facts": {name: list(values) for name, values in found.facts.items()},
        "only_before": list(found.only_before),
        "only_after": list(found.only_after),
    }


def case_json(each: Comparison) -> dict[str, Any]:
    """Return a case as data."""
    seconds = {"before": each.before.seconds.value, "after": each.after.seconds.value}
    return {"id": each.id, "change": each.change or None, "ratio": each.ratio.to_dict(), "seconds": seconds, "noisy": each.noisy}
