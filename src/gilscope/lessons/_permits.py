"""Permits is not releases: what `nogil` in a declaration means, and what it does not."""

from __future__ import annotations

import numpy as np

from gilscope.kernels import exp
from gilscope.lessons._lesson import Check, Choice, Lesson, Rows, Verdicts


def measure(check: Check) -> Verdicts:
    """Call this function, and its twin that calls the loop in a block `with nogil:`."""
    x = np.linspace(-10, 10, 30_000)
    declared, block = check(exp.cython.declared_nogil, x), check(exp.cython.released, x)
    return {"declared nogil": declared, "with nogil:": block}


def answer(rows: Rows) -> int | None:
    """Return which of the choices below fits."""
    releases = {(True, True): 1, (False, True): 2, (False, False): 3, (True, False): 4}
    return releases[rows["declared nogil"].releases, rows["with nogil:"].releases]


def explain(rows: Rows) -> str:
    """Say what the word means in each place."""
    declared, block = rows["declared nogil"], rows["with nogil:"]
    return (
        "In a declaration `nogil` is a promise to Cython: this function uses no Python objects, so it may be called without "
        "the GIL. It permits; it does not release. The block `with nogil:` releases: the GIL is given away at its start and "
        f"taken back at its end. Here the two were without it for {declared.released_fraction:.0%} and for "
        f"{block.released_fraction:.0%} of a call."
    )


PERMITS = Lesson(
    name="permits",
    title="Permits is not releases",
    question="The Cython loop is declared `nogil`. Which of the two calls lets other threads run?",
    choices=(
        Choice(
            "both: `nogil` means that the GIL is not held",
            "at the end of a declaration it says that the GIL is not needed; nobody lets go of it for that.",
        ),
        Choice(
            "only the block `with nogil:`",
            "so it is in Cython; what was measured here is something else.",
        ),
        Choice(
            "neither: Python threads never run at the same time",
            "in a block `with nogil:` a thread has given the GIL away, and another one can take it.",
        ),
        Choice(
            "only the declaration: Cython then releases around each call",
            "Cython generates a release where the code has a block `with nogil:`, and nowhere else.",
        ),
    ),
    code=(exp.cython.declared_nogil, measure),
    measure=measure,
    answer=answer,
    explain=explain,
    compares_speed=False,
)
