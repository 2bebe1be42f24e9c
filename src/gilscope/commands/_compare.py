"""`gilscope compare`: two sessions, and what changed between them in spite of noise."""

from __future__ import annotations

import sys
from typing import Any

import click

from gilscope.commands._output import by_part, json_option, speaker, write_json
from gilscope.comparing import AT_LEAST, Comparison, Difference, compare
from gilscope.reports import comparison
from gilscope.results import Session, load


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
    Sessions of all experiments are compared experiment by experiment.
    """
    sessions = load(before), load(after)
    found = compared(*sessions, at_least)
    texts = [f"{title(name, found)}{comparison.text(each)}" for name, each in found.items()]
    left_out = [name for name in sessions[0].parts if name not in found]
    told = [f"Not compared, because no case is in both: {', '.join(left_out)}."] if left_out else []
    speaker(json_file)("\n\n".join([*texts, *told]))
    write_json(json_file, by_part({name: as_json(each) for name, each in found.items()}))
    if fail_on and any(each.changed for each in found.values()):
        sys.exit(1)


def compared(before: Session, after: Session, at_least: float) -> dict[str, Difference]:
    """Return the difference of each experiment that both have cases of; of two experiments, their difference all the same."""
    if not (before.parts or after.parts):
        return {before.experiment: compare(before, after, at_least)}
    others = after.singles()
    pairs = {name: (each, others[name]) for name, each in before.singles().items() if name in others}
    found = {name: compare(*pair, at_least) for name, pair in pairs.items() if any(each.id in pair[1] for each in pair[0])}
    if not found:
        raise ValueError("the sessions have no case in common")
    return found


def title(name: str, found: dict[str, Difference]) -> str:
    """Return what stands above one experiment of several."""
    return f"=== {name}\n" if len(found) > 1 else ""


def as_json(found: Difference) -> dict[str, Any]:
    """Return what was found as data."""
    return {
        "changed": [case_json(each) for each in found.changed],
        "unsure": [case_json(each) for each in found.unsure],
        "ceilings": [case_json(each) for each in found.ceilings],
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
