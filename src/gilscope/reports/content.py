"""What there is to show of a session, whatever it is shown as: the question, the verdict, the rows or maps, machine and noise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from gilscope.experiments import EXPERIMENTS, Experiment, Row
from gilscope.machine import spoilers
from gilscope.noises import NOISES
from gilscope.results import Result, Session
from gilscope.scaling_map import Map, maps_of
from gilscope.wording import percent

#: What of a machine is told first; the rest follows in the order of the session.
FIRST = ("python", "gil", "cpu", "cores_usable", "numpy", "native", "platform", "load_average")


def experiment_of(session: Session) -> Experiment | None:
    """Return the experiment that a session is of; None if it is one of a newer version."""
    return EXPERIMENTS.get(session.experiment)


def question(session: Session) -> str:
    """Return what the session answers."""
    known = experiment_of(session)
    return known.question if known else f"What {session.experiment} measured"


def verdict(session: Session) -> list[str]:
    """Return what was found, in sentences."""
    known = experiment_of(session)
    return known.verdict(session) if known else ["This version does not know the experiment, so it has no verdict on it."]


def sections(session: Session) -> list[tuple[str, list[Row]]]:
    """Return the rows of an experiment that shows a table, under their titles, as far as they were measured."""
    known = experiment_of(session)
    found = []
    for group in known.groups(session) if known else ():
        wanted = {case.id for case in group.all_cases()}
        results = [result for result in session if asked(result) in wanted]
        if known and (rows := known.rows(group, results, session)):
            found.append((group.title, rows))
    return found


def lines(session: Session) -> list[str]:
    """Return what an experiment shows in lines of its own."""
    known = experiment_of(session)
    return known.lines(session) if known and known.layout == "lines" else []


def maps(session: Session) -> list[Map]:
    """Return the maps of an experiment that shows maps."""
    return maps_of(session) if has_maps(session) else []


def has_maps(session: Session) -> bool:
    """Whether the experiment shows maps."""
    known = experiment_of(session)
    return known is not None and known.layout == "map"


def asked(result: Result) -> str:
    """Return the id of the case that was asked for: another than the result's if its size was scaled down."""
    return str(result.case.get("asked", result.id))


# --- machine and noise ---------------------------------------------------------------------------------------------------------


def machine_facts(machine: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of the machine, as words."""
    names = [*(name for name in FIRST if name in machine), *(name for name in machine if name not in FIRST)]
    pairs = [(name, machine[name]) for name in names]
    native = [pair for name, value in pairs if name == "native" and isinstance(value, dict) for pair in value.items()]
    plain = [(name, value) for name, value in pairs if name != "native" or not isinstance(value, dict)]
    return [(name.replace("_", " "), written(value)) for name, value in [*plain, *native] if value not in (None, [], {}, "")]


def written(value: Any) -> str:
    """Write a fact."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in value)
    if isinstance(value, list):
        return "; ".join(written(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {written(each)}" for key, each in value.items() if each is not None)
    return f"{value:g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


def noise(session: Session) -> list[str]:
    """Say how much was noisy, in which ways, and what of the machine makes it so."""
    noisy = [result for result in session if result.noisy]
    if not noisy:
        return ["No case was noisy.", *map(sentence, spoilers(session.machine))]
    share = percent(len(noisy) / len(session))
    kinds = Counter(kind for result in noisy for kind in dict.fromkeys(map(kind_of, result.notes)) if kind)
    lines = [f"{len(noisy)} of {len(session)} cases ({share}) were noisy: the samples of each are marked in the table."]
    lines += [f"{words}: {count} case{'s' if count != 1 else ''}." for words, count in kinds.most_common()]
    return lines + [sentence(each) for each in spoilers(session.machine)]


def kind_of(note: str) -> str | None:
    """Return which kind of noise a note tells of."""
    return next((words for beginning, words in NOISES.items() if note.startswith(beginning)), None)


def sentence(words: str) -> str:
    """Write words as a sentence."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."
